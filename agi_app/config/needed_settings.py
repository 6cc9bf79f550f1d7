"""The settings that a stop or a pause needs, read also while other parts of ``agi-app.toml`` have a fault.

Which database and which data folder are this project's, and its identity: if one of these cannot be read for certain,
nothing is guessed. Everything else is as if it were not set.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, BaseModel, Field, ValidationError
from pydantic_settings import SettingsConfigDict, SettingsError

from agi_app import credentials
from agi_app.config.database_url import fault_in
from agi_app.config.identity import IdentitySettings
from agi_app.config.settings import (
    DATABASE_URL,
    PREFIX,
    SETTINGS_FILE,
    AuditSettings,
    EnvironmentFirst,
    SandboxSettings,
    Settings,
    load_settings,
)
from agi_app.errors import ConfigError

_TABLE = re.compile(r"^[ \t]*\[", re.MULTILINE)
_TABLES = ("identity", "sandbox", "audit")
_ONE = re.compile(r"[ \t]*[\"']?(database_url|data_folder)[\"']?[ \t]*=")
# Tables that have a database of their own: one that is named there is not ours.
_OTHERS = re.compile(r"[ \t]*\[+[ \t]*[\"']?(feeds|results|console|exchange)\b")
_NEEDED = re.compile(rf"[ \t]*\[+[ \t]*[\"']?({'|'.join(_TABLES)})\b")


class _Sandbox(BaseModel, extra="ignore", frozen=True):
    clock: AwareDatetime | None = None


class _Audit(BaseModel, extra="ignore", frozen=True):
    witness: Path | None = None


class _Needed(EnvironmentFirst):
    """Those of `Settings` that are needed, from the same sources."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_prefix=PREFIX, env_nested_delimiter="__")

    data_folder: Path = Path("var")
    database_url: str = Field("", repr=False)
    identity: IdentitySettings | None = None
    sandbox: _Sandbox = _Sandbox()
    audit: _Audit = _Audit()


def load_needed(project: Path) -> tuple[Settings, ConfigError | None]:
    """All settings; or, with the fault of the others, those that a stop needs.

    Raises ConfigError when these cannot be read for certain.
    """
    try:
        return load_settings(project), None
    except ConfigError as error:
        if (found := _needed(project)) is None:
            raise
        given: dict[str, Any] = {
            "project": project.resolve(),
            "data_folder": found.data_folder,
            "database_url": found.database_url,
            "identity": found.identity,
            "sandbox": SandboxSettings(clock=found.sandbox.clock),
            "audit": AuditSettings(witness=found.audit.witness),
        }
        return Settings.model_construct(_fields_set=set(given), **given), error


def _needed(project: Path) -> _Needed | None:
    try:
        text = (project / SETTINGS_FILE).read_bytes().decode("utf-8-sig", "replace").replace("\r\n", "\n")
    except OSError:
        return None
    if (table := _read(text)) is None:
        return None
    try:
        given = credentials.given()
    except ConfigError:
        return None
    if (address := os.environ.get(DATABASE_URL) or given.get(("database_url",))) is not None:
        table["database_url"] = address
    try:
        found = _Needed(**table)
    except (ValidationError, SettingsError):
        return None
    return found if found.identity is not None and fault_in(found.database_url) is None else None


def _read(text: str) -> dict[str, Any] | None:
    """What the file says of what is needed, table by table; None: something of that cannot be told."""
    starts = [0, *(match.start() for match in _TABLE.finditer(text))]
    top, *tables = (text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True))
    found: dict[str, Any] = {}
    for parts in (_top(top), *map(_table, tables)):
        if parts is None or parts.keys() & found.keys():
            return None
        found |= parts
    return found


def _top(part: str) -> dict[str, Any] | None:
    """The settings above the first table; if it has a fault, the lines that count."""
    read = _toml(part)
    if read is None:
        lines = [_toml(line) for line in part.split("\n") if _ONE.match(line)]
        if None in lines:
            return None
        read = {name: value for line in lines if line for name, value in line.items()}
        if sum(len(line or ()) for line in lines) != len(read):
            return None  # said twice
        if any(name in line and not _ONE.match(line) for line in part.split("\n") for name in _Needed.model_fields):
            return None
    return {name: read[name] for name in _Needed.model_fields if name in read}


def _table(part: str) -> dict[str, Any] | None:
    """A table that is needed; of another one nothing."""
    if not _NEEDED.match(part):
        strayed = {found[1] for line in part.split("\n") if (found := _ONE.match(line))}
        if _OTHERS.match(part) or os.environ.get(DATABASE_URL):
            strayed.discard("database_url")
        return None if strayed else {}
    return _toml(part)


def _toml(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
