"""Which files are an installation: its project folder and its data folder, and which of them are keys."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agi_app import credentials
from agi_app.audit.checkpoint_files import CHECKPOINTS
from agi_app.audit.signing_key import FOLDER as AUDIT
from agi_app.audit.signing_key import KEY_FILE as AUDIT_KEY
from agi_app.config.settings import SETTINGS_FILE, Settings
from agi_app.consent.evidence import KEY_FILE as EVIDENCE_KEY
from agi_app.consent.number_hashes import KEY_FILE as SUPPRESSION_KEY
from agi_app.consent.restored_backup import FILE_NAME as NOTE
from agi_app.errors import ConfigError
from agi_app.file_kinds import why
from agi_app.messages import t
from agi_app.recordings.files import KEY_FILE as RECORDINGS_KEY

PROJECT, DATA = "project/", "data/"
KEYS = (SUPPRESSION_KEY, EVIDENCE_KEY, RECORDINGS_KEY, f"{AUDIT}/{AUDIT_KEY}")
OLD_KEYS = (f"{EVIDENCE_KEY}.old", f"{RECORDINGS_KEY}.old")  # while one is replaced
BEFORE = (NOTE, f"{AUDIT}/{CHECKPOINTS}")  # read before the database, so that it is never behind them
ENDINGS = (".backup.age", ".backup.tar")
SECRETS = ("password", "token", "passphrase")  # names of settings
ADDRESSES = ("database_url",)
_DATABASE = "postgres"  # of the data folder: the database comes by a dump
_UNFINISHED = re.compile(r"\..*\.part")
_NOT_KEPT = {".git", "__pycache__"}
_WITH_PASSWORD = re.compile(r"//[^/@\s]*:[^/@\s]+@|password\s*=\s*[^\s']")


@dataclass(frozen=True, slots=True)
class FileToKeep:
    """A file of the installation and its name in the backup."""

    name: str
    path: Path


def absent_keys(data: Path) -> list[str]:
    """The files of keys that are not there; the suppression key may be a variable or a credential. Blocks."""
    return [name for name in KEYS if name != SUPPRESSION_KEY and not (data / name).exists()]


def data_files(settings: Settings, *, keys: bool) -> Iterator[FileToKeep]:
    """Those of the data folder, but for what was read before the database. Blocks."""
    for path in _files(settings.data, {settings.data / _DATABASE}):
        name = path.relative_to(settings.data).as_posix()
        if name not in BEFORE and (keys or name not in (*KEYS, *OLD_KEYS)):
            yield FileToKeep(DATA + name, path)


def project_files(settings: Settings, *, keys: bool) -> Iterator[FileToKeep]:
    """Those of the project folder outside the data folder; without what `console setup` and others can make again."""
    apart = {settings.data, settings.console_folder, settings.exchange_folder}
    secret = set() if keys else secret_files(settings)
    for path in _files(settings.project, apart):
        if path not in secret and not path.name.endswith(ENDINGS):
            yield FileToKeep(PROJECT + path.relative_to(settings.project).as_posix(), path)


def left_out(settings: Settings) -> list[str]:
    """What belongs to the project and is not in its backup: links, and secrets that lie elsewhere. Blocks."""
    links = [str(path.relative_to(settings.project)) for path in _links(settings)]
    return [*links, *(str(path) for path in secret_files(settings) if not path.is_relative_to(settings.project))]


def secret_files(settings: Settings) -> set[Path]:
    """The files that hold the passwords and tokens of the settings; a credential of the service as it is written."""
    named = [settings.asterisk.password_file, settings.ami.password_file, settings.agi.token_file]
    named += [feed.database_url_file for feed in settings.feeds.values()]
    named += [target.database_url_file for target in settings.results.values()]
    given = (f"${credentials.DIRECTORY}",)
    return {
        file if file.parts[:1] == given else Path(os.path.abspath(settings.project / file))
        for file in named
        if file is not None
    }


def secrets_written_out(settings: Settings) -> list[str]:
    """The settings in agi-app.toml that hold a secret themselves, by their names. Blocks."""
    table = tomllib.loads((settings.project / SETTINGS_FILE).read_text(encoding="utf-8-sig"))
    return [".".join(path) for path, value in _leaves(table, ()) if is_secret(path[-1], value)]


def is_secret(name: str, value: object) -> bool:
    """Whether a setting of this name is a secret, or an address with a password in it."""
    if not isinstance(value, str) or not value:
        return False
    return name in SECRETS or (name in ADDRESSES and _WITH_PASSWORD.search(value) is not None)


def _leaves(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*path, name))
        else:
            yield (*path, name), value


def _files(folder: Path, apart: set[Path]) -> Iterator[Path]:
    """The regular files below a folder, in the order of their names; not those below ``apart``. Raises ConfigError."""
    for above, folders, names in os.walk(folder, onerror=_unreadable):
        here = Path(above)
        folders[:] = sorted(one for one in folders if one not in _NOT_KEPT and here / one not in apart)
        for name in sorted(names):
            path = here / name
            if not _UNFINISHED.fullmatch(name) and stat.S_ISREG(_mode(path)):
                yield path


def _links(settings: Settings) -> Iterator[Path]:
    apart = {settings.data, settings.console_folder, settings.exchange_folder}
    for above, folders, names in os.walk(settings.project, onerror=_unreadable):
        here = Path(above)
        folders[:] = sorted(one for one in folders if one not in _NOT_KEPT and here / one not in apart)
        yield from (here / name for name in sorted([*folders, *names]) if stat.S_ISLNK(_mode(here / name)))


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except OSError as error:
        _unreadable(error)
        return 0


def _unreadable(error: OSError) -> None:
    """A folder that nobody may look into is not passed over; one that is gone meanwhile is. Raises ConfigError."""
    if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
        raise ConfigError(t("{file}: cannot be read: {error}", file=error.filename, error=why(error))) from error
