"""Files of a project that hold people's data or secrets, and that every user of this machine can read."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from agi_app.backup.contents import secret_files, secrets_written_out
from agi_app.config.settings import SETTINGS_FILE, Settings

TABLES = (".csv", ".tsv", ".xlsx", ".xls")  # lists of contacts and consents


def readable_by_all(settings: Settings) -> list[Path]:
    """Those that others can read and reach, sorted. Blocks."""
    return sorted({file for file in _private(settings) if _is_open(file)})


def _private(settings: Settings) -> Iterator[Path]:
    yield from (file for file in settings.project.iterdir() if file.suffix.lower() in TABLES)
    yield from secret_files(settings)
    if secrets_written_out(settings):
        yield settings.project / SETTINGS_FILE


def _is_open(file: Path) -> bool:
    """Whether its mode and those of all folders above let everybody in."""
    try:
        mode = file.stat().st_mode
        return bool(mode & stat.S_IROTH) and all(folder.stat().st_mode & stat.S_IXOTH for folder in file.parents)
    except OSError:
        return False
