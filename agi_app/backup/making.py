"""Makes a backup: everything of one moment in one file, which has its name only when it was restored for a trial."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import errno
import fcntl
import io
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import BinaryIO

from agi_app.atomic_files import cannot_be_written, sync_folder
from agi_app.audit.checkpoint import split
from agi_app.audit.findings import AuditReport
from agi_app.backup import contents
from agi_app.backup.age_header import FILE_KEY_BYTES, Locks, write_header
from agi_app.backup.age_stream import AgeWriter
from agi_app.backup.archive import ArchiveWriter, Description, SealedArchive
from agi_app.backup.checking import check
from agi_app.consent import project_identity
from agi_app.consent.evidence import KeptFiles
from agi_app.consent.number_hashes import KEY_FILE, SuppressionKey
from agi_app.errors import AgiAppError, ConfigError, InputError
from agi_app.file_kinds import why
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.proof.notary import Notary
from agi_app.proof.verify import Progress
from agi_app.store.database.whole_copy import DatabaseCopy, copy_of

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class BackupMade:
    """A backup that was restored for a trial: what it has, what it lacks, and what the audit said there."""

    file: Path
    size: int  # bytes
    files: int
    decisions: int
    entries: int  # of the audit tree
    encrypted: bool
    left_out: tuple[str, ...]
    audit: AuditReport
    unreadable: tuple[str, ...] = ()  # keys that do not open what they should, and so not there either
    absent: tuple[str, ...] = ()  # files of keys that are not here, and so not there either; nothing kept needs them
    unlisted: str = ""  # why it is not known later that this project has made it, so that none is removed

    @property
    def complete(self) -> bool:
        """Whether it is worth more than an older one: all that is in it can be read again."""
        return self.audit.ok and not self.unreadable


class NameTaken(InputError):
    """A file of that name is there, or is being made."""


async def make(inst: Installation, out: Path, locks: Locks | None, told: Progress) -> BackupMade:
    """Write a backup to ``out``, which must not be there yet. ``locks`` None: in clear, and without keys.

    Raises InputError when it cannot be written, ConfigError, StoreError; then there is no file of that name.
    """
    key = project_identity.key_of(inst.settings)
    if locks is None and (written := await asyncio.to_thread(contents.secrets_written_out, inst.settings)):
        told_ = "agi-app.toml holds secrets itself ({names}): put each into a separate file, or make it with keys"
        raise InputError(t(told_, names=", ".join(written)))
    notary = await Notary.open(inst.settings, inst.store)
    unreadable = await asyncio.to_thread(KeptFiles.of(inst.settings.data).faults)
    before = await asyncio.to_thread(_before, inst.settings.data)
    at = inst.clock.real_now(), inst.clock.now()  # before the copy: what is later may be missing from it
    with _growing(out) as (part, file):
        async with copy_of(inst.store) as copy:
            before = _with_newest(before, copy, notary)
            described = _described(inst, copy, at, keys=locks is not None)
            opened = None if locks is None else os.urandom(FILE_KEY_BYTES)
            writing = _Writing(inst, file, locks, opened, before, key)
            try:
                number = await asyncio.to_thread(writing.run, described, copy.dump())
            except OSError as error:
                raise _unwritten(out, error) from error
        report = await check(inst.settings, key, SealedArchive(part, opened), told)
        size = part.stat().st_size
    missing = tuple(await asyncio.to_thread(contents.left_out, inst.settings))
    absent = tuple(await asyncio.to_thread(contents.absent_keys, inst.settings.data))
    encrypted = locks is not None
    return BackupMade(out, size, number, copy.decisions, copy.entries, encrypted, missing, report, unreadable, absent)


def name_for(now: dt.datetime, *, encrypted: bool, number: int = 1) -> str:
    """The name of a backup of this moment; ``number``: of several in one second."""
    further = "" if number == 1 else f"-{number}"
    return f"agi-app-{now:%Y%m%d-%H%M%S}{further}{contents.ENDINGS[0 if encrypted else 1]}"


def _described(
    inst: Installation, copy: DatabaseCopy, at: tuple[dt.datetime, dt.datetime], *, keys: bool
) -> Description:
    """``at`` is real time and rules time."""
    return Description(
        id=secrets.token_hex(16),
        version=metadata.version("agi-app"),
        schema=copy.schema,
        project=copy.project,
        suppression_key=copy.suppression_key,
        made_at=at[0].isoformat(),
        at=at[1].isoformat(),
        decisions=copy.decisions,
        entries=copy.entries,
        keys=keys,
        data_folder=inst.settings.data_folder.as_posix(),
        running=copy.running,
        nodes=copy.nodes,
    )


def _before(data: Path) -> dict[str, bytes]:
    """What must not be newer than the database: the note of this node, and the signed checkpoints."""
    found = {}
    for name in contents.BEFORE:
        try:
            found[name] = (data / name).read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ConfigError(t("{file}: cannot be read: {error}", file=data / name, error=why(error))) from error
    return found


def _with_newest(before: dict[str, bytes], copy: DatabaseCopy, notary: Notary) -> dict[str, bytes]:
    """With the checkpoint that the database got a copy of meanwhile: the file must not lack one that it has written."""
    name = contents.BEFORE[-1]
    notes = split(before.get(name, b"").decode("utf-8", "replace"))[0]
    if copy.checkpoint is None or copy.checkpoint in notes:
        return before
    try:
        copied, last = notary.read(copy.checkpoint), notary.read(notes[-1]) if notes else None
    except ValueError:  # `audit verify` says what is wrong with it
        return before
    if last is not None and copied.at <= last.at:
        return before
    return before | {name: before.get(name, b"") + copy.checkpoint.encode() + b"\n"}


class _Writing:
    """Writes the file; everything here blocks."""

    def __init__(
        self,
        inst: Installation,
        file: BinaryIO,
        locks: Locks | None,
        key: bytes | None,
        before: dict[str, bytes],
        suppression: SuppressionKey,
    ) -> None:
        self._inst, self._file, self._locks, self._key = inst, file, locks, key
        self._before, self._suppression = before, suppression

    def run(self, described: Description, dump: Iterator[bytes]) -> int:
        """All of it; how many files are in it."""
        stream = self._stream()
        archive = ArchiveWriter(stream, described)
        try:
            self._fill(archive, dump)
            archive.finish()
        except BaseException:
            archive.give_up()
            if isinstance(stream, AgeWriter):
                stream.give_up()
            raise
        stream.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        return archive.members

    def _fill(self, archive: ArchiveWriter, dump: Iterator[bytes]) -> None:
        settings, keys = self._inst.settings, self._key is not None
        for name, content in self._before.items():
            archive.put(contents.DATA + name, content)
        archive.put_parts(dump)
        if keys and not (settings.data / KEY_FILE).exists():  # it is of the environment, or a credential
            archive.put(contents.DATA + KEY_FILE, self._suppression.as_file)
        for found in (*contents.data_files(settings, keys=keys), *contents.project_files(settings, keys=keys)):
            _put(archive, found)

    def _stream(self) -> io.RawIOBase:
        if self._locks is None or self._key is None:
            return _Kept(self._file)
        write_header(self._file, self._key, self._locks)
        return AgeWriter(self._file, self._key)


class _Kept(io.RawIOBase):
    """A file that is open when its writer has ended."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, content: object) -> int:
        return self._file.write(content)  # type: ignore[call-overload, no-any-return]


def _put(archive: ArchiveWriter, found: contents.FileToKeep) -> None:
    try:
        source = found.path.open("rb")
    except FileNotFoundError:  # erased or replaced meanwhile
        return
    except OSError as error:
        raise ConfigError(t("{file}: cannot be read: {error}", file=found.path, error=why(error))) from error
    with source:
        state = os.fstat(source.fileno())
        archive.put_file(found.name, source, state.st_size, state.st_mode & 0o777, state.st_mtime)


@contextmanager
def _growing(out: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """A file that gets the name ``out`` when the block ends well; else it is gone. Raises InputError."""
    if out.exists():
        raise NameTaken(t("{file}: is there already; name another file", file=out))
    part = out.with_name(f".{out.name}.part")
    try:
        for left in out.parent.glob(".*.part"):
            if left == part or left.name.removesuffix(".part").endswith(contents.ENDINGS):
                _remove_if_left(left)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise NameTaken(t("{file}: is there already; name another file", file=out)) from None
    except OSError as error:
        raise _unwritten(out, error) from error
    file = os.fdopen(descriptor, "wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield part, file
        try:
            part.replace(out)
            sync_folder(out.parent)
        except OSError as error:
            raise _unwritten(out, error) from error
    finally:
        with contextlib.suppress(OSError):  # what a full disk does not take is not wanted any longer
            file.close()
        part.unlink(missing_ok=True)


def _unwritten(out: Path, error: OSError) -> AgiAppError:
    """A full disk is a fault of the machine, as it is for the trial; all else is one of what was asked for."""
    told = cannot_be_written(out, error)
    return ConfigError(str(told)) if error.errno in _FULL else told


def _remove_if_left(part: Path) -> None:
    """What a backup that was killed left; its lock ended with it."""
    with part.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        part.unlink(missing_ok=True)
