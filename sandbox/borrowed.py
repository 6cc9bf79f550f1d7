"""A project's agi-app.toml while a sandbox is up: with the sandbox's Asterisk and trunks, and your own back in the end.

Nothing of yours is lost: the file as it was lies beside it meanwhile, also after a crash, and what was changed in the
sandbox's file meanwhile is kept under another name.
"""

from __future__ import annotations

import os
import re
import shutil
import tomllib
from collections.abc import Callable, Collection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agi_app.messages import t
from sandbox.errors import SandboxError

SETTINGS, YOURS, CHANGED = "agi-app.toml", "agi-app.toml.yours", "agi-app.toml.sandbox"
REPLACED = ("asterisk", "agi", "ami", "trunks", "destinations", "lines", "sandbox")
CLOCK = "2026-03-03T10:00:00+08:00"  # a Tuesday morning inside every window of the project that `agi-app init` makes
_TABLE = re.compile(r"\s*\[\[?\s*[\"']?([A-Za-z0-9_-]+)")


class Borrowed:
    """The settings of ``project``, with ``ours`` for the tables ``replaced``, until it ends."""

    def __init__(
        self, project: Path, ours: str, say: Callable[[str], None], replaced: Collection[str] = REPLACED
    ) -> None:
        self._file, self._yours, self._changed = (project / name for name in (SETTINGS, YOURS, CHANGED))
        self._replaced = replaced
        self._ours, self._say, self._written = ours, say, ""

    def __enter__(self) -> Self:
        try:
            if not self._yours.exists() and self._file.exists():
                _copy(self._file, self._yours)
            elif self._yours.exists():
                self._say(
                    t(
                        "{yours}: an earlier sandbox was cut off; these are taken for your own settings",
                        yours=self._yours,
                    )
                )
            base = next((file for file in (self._yours, self._changed) if file.exists()), None)
            text = "" if base is None else base.read_text("utf-8")
            top, tables = kept_tables(text, self._replaced)
            self._written = "\n\n".join(part.strip() for part in (top, self._ours, tables) if part.strip()) + "\n"
            self._file.write_text(self._written, "utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SandboxError(
                t("{file}: the sandbox's settings cannot be written: {error}", file=self._file, error=error)
            ) from error
        self._say(
            t(
                "{file}: has the sandbox's Asterisk and trunks now; yours come back when it ends ({yours})",
                file=self._file,
                yours=YOURS,
            )
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file.exists() and self._file.read_text("utf-8", errors="replace") != self._written:
            os.replace(self._file, self._changed)
            self._say(t("{changed}: what you changed in the settings while the sandbox was up", changed=self._changed))
        if self._yours.exists():
            os.replace(self._yours, self._file)
            self._say(t("{file}: your own settings are back", file=self._file))
        else:
            self._file.unlink(missing_ok=True)


def own_settings(project: Path) -> dict[str, Any]:
    """The settings of the project as they are without a sandbox; none where they cannot be read."""
    file = project / (YOURS if (project / YOURS).exists() else SETTINGS)
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}


def clock_of(project: Path | None) -> str:
    """The project's own one, so that it is the same after each start; else a time when people may be called."""
    own = own_settings(project).get("sandbox", {}) if project is not None else {}
    return str(own.get("clock", CLOCK)) if isinstance(own, dict) else CLOCK


def kept_tables(text: str, replaced: Collection[str] = REPLACED) -> tuple[str, str]:
    """What stays of the settings: those before the first table, and the tables that are none of ``replaced``."""
    top: list[str] = []
    tables: list[str] = []
    goes_to: list[str] | None = top
    for line in text.splitlines(keepends=True):
        if found := _TABLE.match(line):
            goes_to = None if found[1] in replaced else tables
        if goes_to is not None:
            goes_to.append(line)
    return "".join(top), "".join(tables)


def _copy(file: Path, to: Path) -> None:
    """With its owner, whose it is also when root has started the sandbox."""
    shutil.copy2(file, to)
    found = file.stat()
    if os.geteuid() == 0:
        os.chown(to, found.st_uid, found.st_gid)
