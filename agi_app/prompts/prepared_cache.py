"""The cache ``prompts/.prepared``: finished sound files by the hash of what they were made from.

It lies inside the prompts folder because that is the one folder that Asterisk sees; the data folder
holds keys and must not be shared. ``index.json`` says which file belongs to which prompt, for the worker.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from agi_app.atomic_files import write_whole
from agi_app.errors import ConfigError
from agi_app.messages import t

FOLDER = ".prepared"
PEOPLE = "people"  # what was spoken for one person, a folder each: may hold a name, so it is kept for a week only
NOBODY = "nobody"  # the folder of texts that are of no person
INDEX = "index.json"
VERSION = "1"  # of the way of preparing; another one makes everything again
KEPT_S = 7 * 86400.0
_SUFFIXES = (".wav", ".wav16", ".json")
_READABLE = 0o644  # Asterisk runs as another user
_OF_PEOPLE = 0o640  # it is in the group of the prompts folder
_FOLDER_OF_PEOPLE = 0o750


def key_of(*parts: str | bytes) -> str:
    """The name of a file in the cache: a hash of all that decides what is in it."""
    digest = hashlib.sha256()
    for part in (VERSION, *parts):
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:32]


class Prepared:
    """The cache of one prompts folder."""

    def __init__(self, prompts: Path, wideband: bool) -> None:
        self.folder = prompts / FOLDER
        self._wideband = wideband

    def sound(self, name: str) -> Path:
        """The 8 kHz file of a key, or of ``people/WHOSE/KEY``."""
        return self.folder / f"{name}.wav"

    def has(self, name: str) -> bool:
        """Whether all files of a key are there."""
        wide = self.folder / f"{name}.wav16"
        return self.sound(name).is_file() and (not self._wideband or wide.is_file())

    def facts(self, name: str) -> dict[str, Any]:
        """What was noted when it was made; empty when that is gone."""
        try:
            found = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def save(self, name: str, narrow: bytes, wide: bytes | None, facts: Mapping[str, Any]) -> None:
        """Put the files of a key there, the 8 kHz one last: its name says that all is there."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            of_people = name.startswith(f"{PEOPLE}/")
            if of_people:
                self._make_people((self.folder / name).parent)
            noted = json.dumps(dict(facts), ensure_ascii=False).encode()
            for suffix, content in ((".json", noted), (".wav16", wide), (".wav", narrow)):
                if content is not None:
                    file = self.folder / f"{name}{suffix}"
                    write_whole(file, content, _OF_PEOPLE if of_people else _READABLE)
                    if of_people:
                        self._share(file, _OF_PEOPLE)
        except OSError as error:
            raise self._not_writable(error) from error

    def index(self) -> dict[str, str]:
        """Prompt (``zh-CN/greeting``) -> key, as the last preparation wrote it."""
        return read_index(self.folder / INDEX)

    def write_index(self, prompts: Mapping[str, str]) -> None:
        """Say which prompt is played from which file; whole or not at all."""
        if dict(prompts) == self.index():
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            content = json.dumps({"prompts": dict(sorted(prompts.items()))}, ensure_ascii=False, indent=1)
            write_whole(self.folder / INDEX, content.encode(), _READABLE)
        except OSError as error:
            raise self._not_writable(error) from error

    def touch(self, name: str, now: float) -> None:
        """Note that the files of a key are in use (``now``: seconds since 1970)."""
        for suffix in _SUFFIXES:
            with contextlib.suppress(FileNotFoundError):
                os.utime(self.folder / f"{name}{suffix}", (now, now))

    def prune(self, needed: Iterable[str], now: float) -> int:
        """Remove what nothing needs and was not used for a week (``now``: seconds since 1970); how many files."""
        stems = {*needed, "index"}
        old = [file for file in self._files() if file.stem not in stems and _age(file, now) > KEPT_S]
        for file in old:
            file.unlink(missing_ok=True)
        for folder in {file.parent for file in old} - {self.folder, self.folder / PEOPLE}:
            with contextlib.suppress(OSError):  # not empty
                folder.rmdir()
        return len(old)

    def forget(self, whose: str) -> int:
        """Remove what was spoken for this person; how many sounds. Raises ConfigError."""
        folder = self.folder / PEOPLE / whose
        try:
            spoken = len(list(folder.glob("*.wav")))
            if folder.is_dir():
                shutil.rmtree(folder)
        except OSError as error:
            raise ConfigError(
                t("{folder}: cannot be removed: {strerror}; remove it by hand", folder=folder, strerror=error.strerror)
            ) from error
        return spoken

    def _make_people(self, folder: Path) -> None:
        """Folders for what was spoken for people: others see not even that there is something."""
        for part in (self.folder / PEOPLE, folder):
            part.mkdir(exist_ok=True, mode=_FOLDER_OF_PEOPLE)
            self._share(part, _FOLDER_OF_PEOPLE)

    def _share(self, path: Path, mode: int) -> None:
        """For the group of the prompts folder, which Asterisk is in, and for nobody else, whatever the umask says."""
        found = path.stat()
        group = self.folder.parent.stat().st_gid
        if found.st_gid != group:
            with contextlib.suppress(PermissionError):  # we are not in that group
                os.chown(path, -1, group)
        if stat.S_IMODE(found.st_mode) & 0o777 != mode:
            path.chmod(mode)

    def _files(self) -> list[Path]:
        people = self.folder / PEOPLE
        folders = [self.folder, people, *(people.iterdir() if people.is_dir() else ())]
        return [
            file
            for folder in folders
            if folder.is_dir()
            for file in folder.iterdir()
            if file.suffix in _SUFFIXES and not file.name.startswith(".")
        ]

    def _not_writable(self, error: OSError) -> ConfigError:
        return ConfigError(
            t(
                "{folder}: cannot be written: {strerror}; give this user the prompts folder",
                folder=self.folder,
                strerror=error.strerror,
            )
        )


def folder_of(number_hash: bytes) -> str:
    """The name of a person's folder in ``people``, by the keyed hash of their number: it tells nobody who they are."""
    return number_hash.hex()[:32]


def read_index(file: Path) -> dict[str, str]:
    """The index in this file; empty when there is none."""
    try:
        found = json.loads(file.read_bytes())["prompts"]
        return {str(prompt): str(key) for prompt, key in found.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _age(file: Path, now: float) -> float:
    try:
        return now - file.stat().st_mtime
    except FileNotFoundError:  # another process was quicker
        return 0.0
