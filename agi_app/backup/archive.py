"""What is inside a backup: a tar with a description first and the SHA-256 of everything last.

The database comes in pieces, so that no disk has it in clear. A file without its last member is cut short; one
whose content has another hash than the last member says is damaged.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from agi_app.backup.age_header import VERSION, Openers, read_header
from agi_app.backup.age_stream import AgeReader
from agi_app.errors import InputError
from agi_app.file_kinds import no_such_file
from agi_app.messages import t

FORMAT = 1
DESCRIPTION, SUMS, DATABASE = "backup.json", "SHA256SUMS", "database/"
PART = 8 << 20  # bytes of the database in one member
_BLOCK = 1 << 20
_LONGEST_TEXT = 64 << 20  # bytes of the description, or of the sums


@dataclass(frozen=True, slots=True)
class Description:
    """What a backup is of; all figures are those of the one snapshot of the database."""

    id: str
    version: str  # of agi-app
    schema: int  # the number of the last migration
    project: str
    suppression_key: str  # its fingerprint
    made_at: str  # ISO 8601, UTC, real time
    at: str  # the same by rules time
    decisions: int
    entries: int  # of the audit tree
    keys: bool
    data_folder: str
    running: tuple[str, ...]  # campaigns
    nodes: tuple[str, ...]  # workers that were known
    format: int = FORMAT

    @property
    def json(self) -> bytes:
        """As it is in the backup."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1).encode()


class ArchiveWriter:
    """Writes one backup into a stream; the description is given first, ``finish`` comes last. Raises OSError."""

    def __init__(self, out: io.RawIOBase, description: Description) -> None:
        self._out = _Breakable(out)
        self._tar = tarfile.open(fileobj=self._out, mode="w|", format=tarfile.PAX_FORMAT, bufsize=_BLOCK)  # noqa: SIM115
        self._sums: list[str] = []
        self.members = 0
        self._at = dt.datetime.fromisoformat(description.made_at).timestamp()
        self.put(DESCRIPTION, description.json)

    def put(self, name: str, content: bytes, mode: int = 0o600) -> None:
        """One member from memory."""
        self._add(name, io.BytesIO(content), len(content), mode, self._at)

    def put_file(self, name: str, source: BinaryIO, size: int, mode: int, changed_at: float) -> None:
        """One member from an open file, of which ``size`` bytes are taken. InputError when it has become shorter."""
        self._add(name, source, size, mode, changed_at)

    def put_parts(self, chunks: Iterable[bytes]) -> int:
        """The database, in pieces; how many bytes that were."""
        waiting, count, total = bytearray(), 0, 0
        for chunk in chunks:
            waiting += chunk
            total += len(chunk)
            while len(waiting) >= PART:
                self.put(f"{DATABASE}{count:06d}", bytes(waiting[:PART]))
                del waiting[:PART]
                count += 1
        self.put(f"{DATABASE}{count:06d}", bytes(waiting))
        return total

    def give_up(self) -> None:
        """Write nothing more, not even an end: what is there is not a backup."""
        self._out.broken = True
        self._tar.close()

    def finish(self) -> None:
        """The last member and the end."""
        self.put(SUMS, "".join(self._sums).encode())
        self._tar.close()

    def _add(self, name: str, source: BinaryIO, size: int, mode: int, changed_at: float) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.mtime = size, mode, int(changed_at)
        counted = _Hashed(source)
        try:
            self._tar.addfile(member, counted)
        except OSError as error:
            if str(error) != "unexpected end of data":
                raise
            told = "{name}: became shorter while it was read; run the backup again"
            raise InputError(t(told, name=name)) from error
        self._sums.append(f"{counted.hash.hexdigest()}  {name}\n")
        self.members += 1


class _Breakable(io.RawIOBase):
    """A stream that writes nothing once it is broken: a tar that is not finished still ends itself."""

    def __init__(self, out: io.RawIOBase) -> None:
        self._out, self.broken = out, False

    def writable(self) -> bool:
        return True

    def write(self, content: object) -> int:
        return len(memoryview(content)) if self.broken else self._out.write(content) or 0  # type: ignore[arg-type]


class _Hashed(io.RawIOBase):
    """A file whose bytes are hashed as they are read."""

    def __init__(self, source: BinaryIO) -> None:
        self._source, self.hash = source, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        content = self._source.read(size)
        self.hash.update(content)
        return content


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a backup; ``content`` can be read once, in order."""

    name: str
    size: int
    mode: int
    changed_at: float
    content: BinaryIO


@dataclass(frozen=True, slots=True)
class SealedArchive:
    """A backup on disk, and what opens it; the work of opening is done once. ``key`` None: it is not encrypted."""

    file: Path
    key: bytes | None

    @classmethod
    def open(cls, file: Path, openers: Callable[[], Openers]) -> SealedArchive:
        """``openers`` is asked only for an encrypted one. Blocks. InputError says why it cannot be opened."""
        with _readable(file) as source:
            if source.read(len(VERSION)) != VERSION:
                return cls(file, None)
            source.seek(0)
            given = openers()
            return cls(file, read_header(source, given, str(file)))

    @contextmanager
    def _opened(self) -> Iterator[tuple[bytes, Iterator[Member]]]:
        """The description and the members after it, which are not checked yet."""
        with self._tar() as tar:
            members = self._members(tar)
            first = next(members, None)
            if first is None or first.name != DESCRIPTION or first.size > _LONGEST_TEXT:
                raise InputError(t("{file}: is not a backup of agi-app", file=self.file))
            yield first.content.read(), members

    def read(self, take: Callable[[Member], None] = lambda _member: None) -> Description:
        """Go through all of it and check every hash; ``take`` gets each member, and need not read it. Blocks.

        Raises InputError when anything is not as it was written.
        """
        with self._opened() as (text, members):
            sums = {DESCRIPTION: hashlib.sha256(text).hexdigest()}
            for member in members:
                if member.name == SUMS and member.size <= _LONGEST_TEXT:
                    self._compare(member.content.read(), sums)
                    if next(members, None) is not None:
                        raise self._damaged()
                    return _described(text, self.file)
                counted = _Hashed(member.content)
                take(Member(member.name, member.size, member.mode, member.changed_at, counted))  # type: ignore[arg-type]
                while counted.read(_BLOCK):
                    pass
                sums[member.name] = counted.hash.hexdigest()
        raise InputError(t("{file}: is cut short: its end is missing; take another backup", file=self.file))

    def database(self) -> Iterator[bytes]:
        """The bytes of the database's dump. Blocks. Raises InputError."""
        with self._opened() as (_, members):
            for member in members:
                if member.name.startswith(DATABASE):
                    yield member.content.read()

    def _compare(self, listed: bytes, sums: dict[str, str]) -> None:
        want = "".join(f"{digest}  {name}\n" for name, digest in sums.items())
        if listed != want.encode():
            theirs = set(listed.decode("utf-8", "replace").splitlines())
            wrong = next((name for name, digest in sums.items() if f"{digest}  {name}" not in theirs), SUMS)
            raise InputError(t("{file}: {name} in it is damaged; take another backup", file=self.file, name=wrong))

    def _damaged(self) -> InputError:
        return InputError(t("{file}: is damaged; take another backup", file=self.file))

    @contextmanager
    def _tar(self) -> Iterator[tarfile.TarFile]:
        with _readable(self.file) as source:
            clear: BinaryIO = source
            if self.key is not None:
                _skip_header(source)
                clear = io.BufferedReader(AgeReader(source, self.key, str(self.file)), _BLOCK)
            try:
                with tarfile.open(fileobj=clear, mode="r|", bufsize=_BLOCK) as tar:
                    yield tar
            except (tarfile.TarError, EOFError):
                raise self._damaged() from None
            except OSError as error:
                raise InputError(t("{file}: cannot be read: {error}", file=self.file, error=error)) from error

    def _members(self, tar: tarfile.TarFile) -> Iterator[Member]:
        for found in tar:
            if (content := tar.extractfile(found) if found.isreg() else None) is None:
                raise self._damaged()
            yield Member(found.name, found.size, found.mode, found.mtime, content)  # type: ignore[arg-type]


def _described(content: bytes, file: Path) -> Description:
    try:
        told: dict[str, Any] = json.loads(content)
        if told["format"] != FORMAT:
            text = "{file}: was made by agi-app {version}, whose backups this version does not know: use a newer one"
            raise InputError(t(text, file=file, version=told.get("version", "?")))
        return Description(**{**told, "running": tuple(told["running"]), "nodes": tuple(told["nodes"])})
    except (ValueError, TypeError, KeyError):
        raise InputError(t("{file}: is not a backup of agi-app, or is damaged", file=file)) from None


def _skip_header(source: BinaryIO) -> None:
    while (line := source.readline()) and not line.startswith(b"--- "):
        pass


@contextmanager
def _readable(file: Path) -> Iterator[BinaryIO]:
    try:
        with file.open("rb", buffering=_BLOCK) as source:
            yield source
    except FileNotFoundError:
        raise InputError(no_such_file(file)) from None
    except OSError as error:
        raise InputError(t("{file}: cannot be read: {error}", file=file, error=error)) from error
