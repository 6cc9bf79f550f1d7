"""The refusal journal: a local file that has a stop on disk before anything else happens.

One JSON object a line, keyed hashes only, appended and fsynced. It works while the database is
down; what the database does not have yet is replayed before the next claim (``unflushed``).
Two processes of one node share it under a lock. Each line has check values, and a file beside it says how far it was
acknowledged, so that ``damages`` tells a changed or missing stop from one that a crash left half written.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import fcntl
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agi_app import log
from agi_app.atomic_files import sync_folder
from agi_app.clock import Clock
from agi_app.consent.checked_lines import Damage, Read, check_of, damages, last_check
from agi_app.errors import SafetyError
from agi_app.messages import t

FILE_NAME = "refusals.jsonl"
END_NAME = "refusals.end"  # how many bytes of it were acknowledged
HASH_BYTES = 32

_OLD = {"hash", "at", "real_at", "via"}  # what a line of an older agi-app has
_CRC = re.compile(rb', "crc": "([0-9a-f]{8})"}\Z')
_DIGITS = 20

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
        size = os.fstat(fd).st_size
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
            sync_folder(self._file.parent)
        self._note_end(size + len(added))

    def _note_end(self, size: int) -> None:
        """Not synced, and never an error: too small a figure hides no stop that is there."""
        with contextlib.suppress(OSError):
            fd = os.open(self._file.with_name(END_NAME), os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.pwrite(fd, f"{size:0{_DIGITS}d}\n".encode(), 0)
            finally:
                os.close(fd)

    def damages(self) -> list[Damage]:
        """Places where stops may be lost, or were being written in a crash. Blocks. Raises SafetyError."""
        end = self._end()
        if (found := self._content(0)) is None:
            return [] if end is None else [Damage(t("{file}: is missing", file=self._file))]
        if not (data := found[1]) and end is None:
            return [Damage(t("{file}: is empty", file=self._file))]
        return damages(self._file, data, end, _checked)

    def _end(self) -> int | None:
        """None when it is not known: of an older agi-app, or of a copy under another name."""
        with contextlib.suppress(OSError, ValueError):
            if self._file.name == FILE_NAME:
                return int(self._file.with_name(END_NAME).read_text(encoding="ascii"))
        return None

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
            raise SafetyError(
                t(
                    "{file}: the refusal journal cannot be read: {strerror}",
                    file=self._file,
                    strerror=error.strerror or error,
                )
            ) from error

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
