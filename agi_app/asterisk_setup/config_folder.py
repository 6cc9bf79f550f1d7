"""Asterisk's configuration folder on disk: read, and written file by file with a backup. Blocks."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from agi_app.asterisk_setup.conf_files import FOLDER
from agi_app.asterisk_setup.manifest import ChangedFile, Manifest, digest, packed, reloads_of, unpacked
from agi_app.atomic_files import sync_folder, write_new
from agi_app.errors import ConfigError
from agi_app.file_kinds import why
from agi_app.messages import t

BACKUP = "backup"
MANIFEST = "manifest.json"


class ConfigFolder:
    """The files of one Asterisk, by names as its own includes have them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ours = folder / FOLDER
        self.backup = self.ours / BACKUP

    def text(self, name: str) -> str | None:
        """As ``ConfSource`` has it; bytes that are no UTF-8 are kept as they are."""
        content = read_bytes(self.folder / name)
        return None if content is None else content.decode("utf-8", "surrogateescape")

    def matching(self, pattern: str) -> list[str]:
        """As ``ConfSource`` has it."""
        base = Path("/") if pattern.startswith("/") else self.folder
        found = base.glob(pattern.lstrip("/"))
        return sorted(str(path if pattern.startswith("/") else path.relative_to(self.folder)) for path in found)

    def manifest(self) -> Manifest | None:
        """What was changed so far; None: nothing. Raises ConfigError."""
        file = self.backup / MANIFEST
        content = read_bytes(file)
        return None if content is None else unpacked(content, str(file))

    def unread(self) -> list[str]:
        """The commands for all that Asterisk may not have read yet, because a run was stopped. Raises ConfigError."""
        known = self.manifest()
        return reloads_of(known) if known is not None and known.unfinished else []

    def begun(self) -> bool:
        """Whether a run that was killed made our folder, and came no further: nothing of others is in it."""
        if self.manifest() is not None or not self.ours.is_dir():
            return False
        return all(part == self.backup for part in self.ours.iterdir())

    def store(self, manifest: Manifest) -> None:
        """Write the manifest, safe on disk. Raises OSError."""
        put(self.backup / MANIFEST, packed(manifest), mode=0o600)

    def keep(self, file: Path, manifest: Manifest, after: bytes) -> None:
        """Note a file that is about to be written, with a copy of what is there. Raises OSError."""
        path, now = str(file), read_bytes(file)
        known = manifest.file(path)
        ours = file.is_relative_to(self.ours)  # what was written over by hand there is not what was there before setup
        if known is not None and now is not None and (ours or digest(now) == known.after):
            entry = ChangedFile(path, known.before, digest(after), known.kept, known.uid, known.gid, known.mode)
        elif now is None:
            entry = ChangedFile(path, "", digest(after))
        else:
            name = f"{len(list(self.backup.iterdir())):04}-{file.name}"
            put(self.backup / name, now, mode=0o600)
            found = file.stat()
            entry = ChangedFile(
                path, digest(now), digest(after), name, found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)
            )
        manifest.files = [one for one in manifest.files if one.path != path] + [entry]


def read_bytes(file: Path) -> bytes | None:
    """What a file holds; None: it is not there. Raises ConfigError."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        told = "{file}: cannot be read: {why}; run this as root or as Asterisk's user"
        raise ConfigError(t(told, file=file, why=why(error))) from error


def put(file: Path, content: bytes, *, mode: int, uid: int = -1, gid: int = -1) -> None:
    """Write a file whole or not at all, with this mode and owner. Raises OSError.

    What a run that was killed left of it has a name that is known: the next one, or the undoing, takes it away.
    """
    file = file.resolve()  # a link stays a link
    part = part_of(file)
    part.unlink(missing_ok=True)
    try:
        write_new(part, content, 0o600)
        own(part, uid, gid)
        part.chmod(mode)
        part.replace(file)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    sync_folder(file.parent)


def part_of(file: Path) -> Path:
    """Where a file is written until it is whole."""
    return file.with_name(f".{file.name}.agi-app.part")


def own(path: Path, uid: int, gid: int) -> None:
    """Give it an owner and a group, when it has others; -1 leaves it. Raises OSError."""
    found = path.stat()
    if (uid if uid >= 0 else found.st_uid, gid if gid >= 0 else found.st_gid) != (found.st_uid, found.st_gid):
        os.chown(path, uid, gid)


def make_folder(folder: Path, mode: int, uid: int = -1, gid: int = -1) -> bool:
    """Make a folder; False: it was there. Raises OSError."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return False
    own(folder, uid, gid)
    folder.chmod(mode)
    sync_folder(folder.parent)
    return True


def remove(file: Path) -> None:
    """Remove a file, safe on disk. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        file.unlink()
        sync_folder(file.parent)
