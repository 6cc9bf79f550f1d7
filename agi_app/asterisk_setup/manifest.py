"""What setup changed, with the state before, so that it can be undone byte for byte. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from agi_app.asterisk_setup.conf_files import FOLDER
from agi_app.asterisk_setup.plan import RELOADS, base_of, without_include
from agi_app.errors import ConfigError
from agi_app.messages import t


class ChangedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that setup wrote. ``before`` and ``after`` are SHA-256; before "": it was not there."""

    path: str
    before: str
    after: str
    kept: str = ""  # the copy of what was there, in the folder of the backup
    uid: int = 0
    gid: int = 0
    mode: int = 0


class ChangedAccess(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Group and mode that setup changed, as they were and as it left them."""

    path: str
    gid: int
    mode: int
    new_gid: int
    new_mode: int


class Manifest(msgspec.Struct, forbid_unknown_fields=True):
    """All that setup changed for one Asterisk."""

    project: str
    files: list[ChangedFile] = []
    access: list[ChangedAccess] = []
    folders: list[str] = []  # that were made
    undo: list[list[str]] = []  # commands of the host
    unfinished: bool = False  # Asterisk has not yet confirmed that it read all of it
    version: int = 1

    def file(self, path: str) -> ChangedFile | None:
        """What is known of a file."""
        return next((one for one in self.files if one.path == path), None)


def reloads_of(manifest: Manifest) -> list[str]:
    """The commands by which Asterisk takes up all files of it."""
    names = {name for one in manifest.files for name in (file_name(one.path), base_of(file_name(one.path)))}
    return list(dict.fromkeys(command for name, command in RELOADS.items() if name in names))


def file_name(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def packed(manifest: Manifest) -> bytes:
    """As the file has it."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"


def unpacked(content: bytes, file: str) -> Manifest:
    """Read it. Raises ConfigError when it is not what setup wrote."""
    try:
        return msgspec.json.decode(content, type=Manifest)
    except msgspec.MsgspecError as error:
        told = "{file}: is not what agi-app wrote ({error}); the copies beside it have the files as they were"
        raise ConfigError(t(told, file=file, error=error)) from error


@dataclass(frozen=True, slots=True)
class Restored:
    """A file as it will be after the undoing; ``after`` None: it is removed. ``changed``: others wrote it since."""

    entry: ChangedFile
    now: bytes | None
    after: bytes | None
    changed: bool = False


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """What the undoing does, and which files it leaves because others have changed them since."""

    files: tuple[Restored, ...]
    left: tuple[str, ...]

    @property
    def changed(self) -> list[Restored]:
        """The files that others have changed since."""
        return [one for one in self.files if one.changed]


def undo_plan(manifest: Manifest, now: Mapping[str, bytes | None], kept: Mapping[str, bytes], config: str) -> UndoPlan:
    """What brings each file back. ``config``: Asterisk's folder.

    Of a file there that others changed since, only our lines are taken out; where that cannot be, the file is left.
    """
    files: list[Restored] = []
    left: list[str] = []
    for entry in reversed(manifest.files):
        there, before = now[entry.path], kept[entry.kept] if entry.kept else None
        if there == before:
            continue
        if there is not None and digest(there) == entry.after:
            files.append(Restored(entry, there, before))
        elif _included(entry.path, config) and (less := _less(there)) is not None:
            if less != there:  # else others took our lines out
                files.append(Restored(entry, there, less, changed=True))
        else:
            left.append(entry.path)
    return UndoPlan(tuple(files), tuple(left))


def _included(path: str, config: str) -> bool:
    """Whether a file may have a line of ours that includes a file of ours: one of others, in Asterisk's folder."""
    return path.startswith(f"{config}/") and not path.startswith(f"{config}/{FOLDER}/")


def _less(there: bytes | None) -> bytes | None:
    if there is None:
        return None
    text = without_include(there.decode("utf-8", "surrogateescape"))
    return None if text is None else text.encode("utf-8", "surrogateescape")
