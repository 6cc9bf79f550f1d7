"""The refusal journal: a local file that has a stop on disk before anything else happens.

One JSON object a line, keyed hashes only, appended and fsynced. It works while the database is
down; what the database does not have yet is replayed before the next claim (``unflushed``).
Two processes of one node share it under a lock. Each line has check values, and a file beside it says how far it was
acknowledged (``journal_end``), so that ``damages`` tells a changed or missing stop from one that a crash left half
written, and ``doubt`` a journal whose end is gone from one that is as it was left. What the database knows of it
(``KnownJournal``) tells one that is gone with its end from one that never was.
"""

from __future__ import annotations

import datetime as dt
import errno
import fcntl
import hashlib
import json
import os
import platform
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agi_app import log
from agi_app.atomic_files import sync_folder, write_whole
from agi_app.clock import Clock
from agi_app.consent import journal_end
from agi_app.consent.checked_lines import Damage, Read, check_of, damages, last_check
from agi_app.consent.journal_end import END_NAME, JournalEnd
from agi_app.errors import SafetyError
from agi_app.messages import t
from agi_app.store.calling.nodes import KnownJournal

FILE_NAME = "refusals.jsonl"
BEGUN_NAME = "refusals.begun"  # by it a journal without a stop is told from one that was begun anew
HASH_BYTES = 32
_LONGEST = 1 << 62  # bytes

_OLD = {"hash", "at", "real_at", "via"}  # what a line of an older agi-app has
_CRC = re.compile(rb', "crc": "([0-9a-f]{8})"}\Z')
_TAIL = 1 << 16  # bytes at the end, in which a line with check values is looked for

_log = log.get("journal")


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One stop: whose (keyed hash), when (ISO 8601), and how it was said."""

    number_hash: bytes
    at: str  # rules time
    real_at: str
    via: str
    end: int  # byte offset behind this line: the journal position once it is in the database


class Journal:
    """The journal of one node; every method blocks, so call it in a thread."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._file = folder / FILE_NAME
        self._clock = clock

    @classmethod
    def at(cls, file: Path, clock: Clock) -> Journal:
        """That of another node, of which ``file`` is a copy under any name; only to be read."""
        found = cls(file.parent, clock)
        found._file = file
        return found

    @property
    def folder(self) -> Path:
        """Where it lies: the data folder of its node, or a copy."""
        return self._file.parent

    @property
    def file(self) -> Path:
        """The file of stops, there or not."""
        return self._file

    @property
    def place(self) -> str:
        """The same, with the name of this host; as the database knows it."""
        return f"{platform.node()}:{self.folder.resolve()}"

    def append(self, number_hash: bytes, via: str) -> None:
        """Write one stop and return once it is on disk; SafetyError if it is not."""
        self.append_all([number_hash], via)

    def append_all(self, hashes: Sequence[bytes], via: str) -> None:
        """Write many stops, all or none, with one sync; returns once they are on disk; SafetyError if they are not."""
        at, real_at = self._clock.now().isoformat(), self._clock.real_now().isoformat()
        items = [{"hash": h.hex(), "at": at, "real_at": real_at, "via": via} for h in hashes]
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fd = os.open(self._file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX)
                self._write(fd, items)
            finally:
                os.close(fd)
        except OSError as error:
            raise SafetyError(
                t(
                    "{file}: the stop could not be written: {strerror}, so it is not kept; free space on the disk or"
                    " fix the permissions of the file, then enter it again",
                    file=self._file,
                    strerror=error.strerror or error,
                )
            ) from error

    def _write(self, fd: int, items: Sequence[dict[str, str]]) -> None:
        size, folder = os.fstat(fd).st_size, self._file.parent
        end = journal_end.read(folder)
        gone = end is None and not size and (folder / BEGUN_NAME).exists()  # one was begun here, always with an end
        if gone or _doubted(end, size, _tail(fd, size)):
            journal_end.note_gap(folder, size)  # or the next line would hide it
        if not size:
            journal_end.begin(folder)
        after = last_check(fd, size)
        lines: list[bytes] = []
        for item in items:
            lines.append(_line(item, after))
            after = check_of(lines[-1])
        torn = size and os.pread(fd, 1, size - 1) != b"\n"  # a line of a crash: end it
        added = b"\n" * bool(torn) + b"\n".join(lines) + b"\n"
        if os.write(fd, added) != len(added):
            os.ftruncate(fd, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(fd)
        if not size:  # a new file is safe only with its name in the folder
            sync_folder(folder)
        journal_end.note(folder, size + len(added))

    def doubt(self, known: KnownJournal | None = None) -> str | None:
        """Why stops at its end may be gone; None: it is as it was left. Quick, however long it is. Blocks.

        ``known``: what the database knows of it; None: nothing. Raises SafetyError.
        """
        end = self._end()  # before the journal: it is never ahead of it
        try:
            size, tail = self._state()
            if end is None and _doubted(None, size, tail):  # unless another process began both in between
                end = self._end()
                size, tail = self._state()
            if _doubted(end, size, tail):
                return self._told(end, size)
            if known is None or (end is not None and self._ends_as(known)):
                return None
        except OSError as error:
            raise self._unreadable(error) from error
        return self._told_known(known, size)

    def begin(self) -> None:
        """Have all of its files, before there is a stop. Blocks. Raises SafetyError."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            fd = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX)
                journal_end.begin(self.folder, os.fstat(fd).st_size)
                if not (begun := self.folder / BEGUN_NAME).exists():
                    write_whole(begun, f"{secrets.token_hex(16)}\n".encode(), 0o600)
            finally:
                os.close(fd)
        except OSError as error:
            told = "{file}: how far the refusal journal is written cannot be noted: {strerror}"
            raise SafetyError(t(told, file=self._file.with_name(END_NAME), strerror=error.strerror or error)) from error

    def known_up_to(self, position: int) -> tuple[int, bytes] | None:
        """How much before ``position`` (bytes) is certainly on disk, and the SHA-256 of the line that ends there.

        Before the first line it is that of what was written when the journal was begun; empty when that is not there.
        None while how far it was written is not known. Blocks. Raises SafetyError.
        """
        if (end := self._end()) is None:
            return None
        length = min(position, end.written)  # what is noted as written was synced: no power cut takes it back
        try:
            return length, self._last_line(length)
        except OSError as error:
            raise self._unreadable(error) from error

    def keep_in_mind(self, seen: tuple[int, bytes] | None) -> tuple[int, bytes] | None:
        """How far it goes now (``known_up_to``), for one who saw it go so far as ``seen`` before.

        When that is no longer there, the loss is noted beside the journal, and outlives the process: each later
        ``doubt`` says it. Blocks. Raises SafetyError.
        """
        try:
            if seen is not None and seen[1] and self._last_line(seen[0]) != seen[1]:
                fd = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX)
                    journal_end.note_gap(self.folder, os.fstat(fd).st_size)
                finally:
                    os.close(fd)
        except FileNotFoundError:  # the whole folder is gone, which is told without this
            return seen
        except OSError as error:
            raise self._unreadable(error) from error
        return self.known_up_to(_LONGEST)

    def _ends_as(self, known: KnownJournal) -> bool:
        return not known.last_line or self._last_line(known.length) == known.last_line

    def _last_line(self, length: int) -> bytes:
        """The SHA-256 of the line that ends at this byte; empty when there is none. Raises OSError."""
        file = self._file if length else self.folder / BEGUN_NAME
        try:
            with file.open("rb") as source:
                tail = _tail(source.fileno(), length or _TAIL)
        except FileNotFoundError:
            return b""
        if len(tail) < min(length, _TAIL):
            return b""
        return hashlib.sha256(tail.removesuffix(b"\n").rpartition(b"\n")[2]).digest()

    def _told_known(self, known: KnownJournal, size: int) -> str:
        if self._end() is None and size:
            return self._told(None, size)
        if size:
            told = (
                "{file}: is not the journal that worker {entityid} had, {bytes} bytes long, at {place}: stops that were"
                " only in that one may be gone; if the worker was moved, bring its data folder here from there"
            )
        else:
            told = (
                "{file}: is missing, and the database knows that worker {entityid} has kept one since"
                " {since:%Y-%m-%d %H:%M} UTC, {bytes} bytes long, at {place}: stops that were only in it may be gone;"
                " if the worker was moved, bring its data folder here from there"
            )
        since = known.since.astimezone(dt.UTC)
        values = {"entityid": known.entityid, "bytes": known.length, "place": known.place}
        return t(told, file=self._file, since=since, **values)

    def _state(self) -> tuple[int, bytes]:
        """How long it is, and its end; nothing of one that is not there. Raises OSError."""
        try:
            with self._file.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                return size, _tail(file.fileno(), size)
        except FileNotFoundError:
            return 0, b""

    def _told(self, end: JournalEnd | None, size: int) -> str:
        if end is None:
            told = (
                "{file}: how far it was written is not known, for {end} beside it is missing or damaged: stops at its"
                " end may be gone"
            )
            return t(told, file=self._file, end=END_NAME)
        if end.gap is not None:
            told = "{file}: stops before byte {gap} may be gone: its end was lost there, or {end} beside it"
            return t(told, file=self._file, gap=end.gap, end=END_NAME)
        if end.written == size:
            return t("{file}: its last line is damaged: the stop in it may be lost", file=self._file)
        told = "{file}: has {size} bytes, but {written} were written: the stops at its end are gone"
        return t(told, file=self._file, size=size, written=end.written)

    def accept_end(self) -> None:
        """Take it as it is: an admin knows what may be gone at its end. Blocks. Raises SafetyError."""
        try:
            fd = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX)
                journal_end.accept(self._file.parent, os.fstat(fd).st_size)
            finally:
                os.close(fd)
        except OSError as error:
            told = "{file}: how far the refusal journal is written cannot be noted: {strerror}"
            raise SafetyError(t(told, file=self._file.with_name(END_NAME), strerror=error.strerror or error)) from error

    def damages(self) -> list[Damage]:
        """Places where stops may be lost, or were being written in a crash. Blocks. Raises SafetyError."""
        end = self._end()
        if (found := self._content(0)) is None:
            begun = end is not None and (end.written or end.gap is not None)
            return [Damage(t("{file}: is missing", file=self._file))] if begun else []
        if not (data := found[1]) and end is None:
            return [Damage(t("{file}: is empty", file=self._file))]
        places = damages(self._file, data, None if end is None else end.written, _checked)
        unseen = end is None or end.gap is not None  # else a lost end is among the places
        if unseen and _doubted(end, len(data), data[-_TAIL:]):
            places.append(Damage(self._told(end, len(data))))
        return places

    def _end(self) -> JournalEnd | None:
        """None when it is not known: of an older agi-app, lost, or of a copy under another name."""
        return journal_end.read(self._file.parent) if self._file.name == FILE_NAME else None

    def _content(self, position: int) -> tuple[int, bytes] | None:
        """What is behind ``position``, and where that begins; None when there is no file. Raises SafetyError."""
        try:
            with self._file.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                start = position if position <= size else 0  # another journal than the database knew: replay all
                file.seek(start)
                return start, file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: OSError) -> SafetyError:
        told = "{file}: the refusal journal cannot be read: {strerror}"
        return SafetyError(t(told, file=self._file, strerror=error.strerror or error))

    def hold_for_damage(self, position: int) -> None:
        """Have ``doubt`` tell of a line behind ``position`` that was acknowledged and is not as it was written.

        Blocks. Raises SafetyError.
        """
        if (found := self._content(position)) is None or (end := self._end()) is None:
            return
        at, bad = found[0], False
        for line in found[1].splitlines(keepends=True):
            at += len(line)
            if line.strip() and end.accepted < at <= end.written:
                bad = bad or _checked(line.removesuffix(b"\n")) is None
        if bad and any(one.lost for one in self.damages()):
            journal_end.note_gap(self._file.parent, at)

    def unflushed(self, position: int) -> Iterator[JournalEntry]:
        """The entries behind ``position``; a torn or foreign line is passed over, with a warning."""
        if (found := self._content(position)) is None:
            return
        start, data = found
        for raw in data.splitlines(keepends=True):
            start += len(raw)
            entry = _parse(raw, start)
            if entry is not None:
                yield entry
            elif raw.strip() and raw.endswith(b"\n"):  # without its end it may be in the making
                _log.warning("a damaged line in the refusal journal", file=str(self._file), before_byte=start)


def _line(item: dict[str, str], after: int) -> bytes:
    """Without its end; the check value of the line itself is the last thing in it."""
    text = json.dumps(item | {"after": f"{after:08x}"}).encode()
    return text[:-1] + b', "crc": "%08x"}' % check_of(text)


def _tail(fd: int, size: int) -> bytes:
    return os.pread(fd, min(size, _TAIL), max(0, size - _TAIL))


def _doubted(end: JournalEnd | None, size: int, tail: bytes) -> bool:
    """Whether acknowledged stops may be gone behind the last line; ``tail``: the end of the journal.

    A journal of an older agi-app alone, without check values, never had an end noted.
    """
    if end is not None:
        changed = end.written == size > end.accepted and not _as_written(tail)
        return changed or end.gap is not None or end.written > size
    found = (_checked(line) for line in reversed(tail.splitlines()))
    return any(one is not None and one.after is not None for one in found)


def _as_written(tail: bytes) -> bool:
    """Whether the last line is; one that was acknowledged has its end."""
    return tail.endswith(b"\n") and _checked(tail.removesuffix(b"\n").rpartition(b"\n")[2]) is not None


def _checked(raw: bytes) -> Read | None:
    if _parse(raw, 0) is None:
        return None
    item = json.loads(raw)
    if set(item) == _OLD:
        return Read(None)
    if (
        not isinstance(item.get("after"), str)
        or (mark := _CRC.search(raw)) is None
        or check_of(raw[: mark.start()] + b"}") != int(mark[1], 16)
    ):
        return None
    return Read(int(item["after"], 16))


def _parse(raw: bytes, end: int) -> JournalEntry | None:
    try:
        item = json.loads(raw)
        number_hash, at, real_at, via = bytes.fromhex(item["hash"]), item["at"], item["real_at"], item["via"]
        timed = dt.datetime.fromisoformat(at).tzinfo is not None
    except (ValueError, KeyError, TypeError):
        return None
    return JournalEntry(number_hash, at, real_at, via, end) if timed and len(number_hash) == HASH_BYTES else None
