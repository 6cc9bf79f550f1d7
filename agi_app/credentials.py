"""Secrets that the manager of services hands to this process as files: systemd's credentials.

``CREDENTIALS_DIRECTORY`` names their folder, which only this service can enter. A credential ``agi-app.ami.password``
sets ``[ami] password``, and a setting that names a file may name any of them: ``$CREDENTIALS_DIRECTORY/tls-key``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from agi_app.authoring.suggestions import suggest
from agi_app.errors import ConfigError
from agi_app.messages import t

DIRECTORY = "CREDENTIALS_DIRECTORY"
PREFIX = "agi-app."
SUPPRESSION_KEY = "suppression_key"  # no setting: the key of the suppression list
SECRETS = (
    "asterisk.password",
    "ami.password",
    "agi.token",
    "database_url",
    "console.database_url",
    "console.oidc.client_secret",
    "exchange.database_url",
    "feeds.NAME.database_url",
    "results.NAME.database_url",
    SUPPRESSION_KEY,
)

SettingPath = tuple[str, ...]


def given() -> dict[SettingPath, str]:
    """The secrets of this process by their settings' paths. Blocks. Raises ConfigError: unknown, or cannot be read."""
    folder = os.environ.get(DIRECTORY)
    if not folder:
        return {}
    try:
        files = sorted(file for file in Path(folder).iterdir() if file.name.startswith(PREFIX))
    except FileNotFoundError:  # systemd names it also where it found nothing to put into it
        return {}
    except OSError as error:
        raise ConfigError(
            t("{directory}={folder}: {error}", directory=DIRECTORY, folder=folder, error=error)
        ) from error
    return {_path(file.name): _text(file) for file in files}


def secret(name: str) -> str | None:
    """One of them that is no setting; None: it is not given. Blocks. Raises ConfigError."""
    return given().get((name,))


def overrule(table: dict[str, Any]) -> None:
    """Put those that are settings into the tables of a settings file. Blocks. Raises ConfigError.

    One of a feed or a results target that the file does not have is left out: it may have been removed.
    """
    for (*tables, name), text in given().items():
        below: Any = table
        for depth, part in enumerate(tables):
            below = below.setdefault(part, {}) if depth == 0 else below.get(part)
            if not isinstance(below, dict):
                break  # there is none, or what is there is told as a fault
        else:
            if name != SUPPRESSION_KEY:
                below[name] = text


def name_of(path: SettingPath) -> str:
    """The credential that sets a setting."""
    return PREFIX + ".".join(path)


def located(project: Path, file: Path) -> Path:
    """Where a file of the settings is: in the project's folder, or a credential. Raises ConfigError."""
    if file.parts[:1] != (f"${DIRECTORY}",):
        return project / file
    if folder := os.environ.get(DIRECTORY):
        return Path(folder, *file.parts[1:])
    told = "{file}: only the service has this credential: see docs/how-to/run-as-a-service.md for commands beside it"
    raise ConfigError(t(told, file=file))


def _path(name: str) -> SettingPath:
    path = tuple(name.removeprefix(PREFIX).split("."))
    for known in SECRETS:
        parts = known.split(".")
        if len(parts) == len(path) and all(one in (two, "NAME") for one, two in zip(parts, path, strict=True)):
            return path
    told = "the credential {name}: it is no secret of agi-app{hint}"
    raise ConfigError(t(told, name=name, hint=suggest(name, [PREFIX + known for known in SECRETS])))


def _text(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(t("the credential {name}: cannot be read: {error}", name=file.name, error=error)) from error
    if not text:
        raise ConfigError(t("the credential {name}: is empty", name=file.name))
    return text
