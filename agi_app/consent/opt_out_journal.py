"""The refusal journal: a local file that has a stop on disk before anything else happens.

One JSON object a line, keyed hashes only, appended and fsynced. It works while the database is
down; what the database does not have yet is replayed before the next claim (``unflushed``).
Two processes of one node share it under a lock.
"""

from __future__ import annotations

import datetime as dt
import errno
import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agi_app import log
from agi_app.atomic_files import sync_folder
from agi_app.clock import Clock
from agi_app.errors import SafetyError
from agi_app.messages import t

FILE_NAME = "refusals.jsonl"
HASH_BYTES = 32

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
        lines = [json.dumps({"hash": h.hex(), "at": at, "real_at": real_at, "via": via}) + "\n" for h in hashes]
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fd = os.open(self._file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX)
                self._write(fd, "".join(lines).encode())
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

    def _write(self, fd: int, line: bytes) -> None:
        size = os.fstat(fd).st_size
        if size and os.pread(fd, 1, size - 1) != b"\n":  # a torn line of a crash: end it
            line = b"\n" + line
        if os.write(fd, line) != len(line):
            os.ftruncate(fd, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(fd)
        if not size:  # a new file is safe only with its name in the folder
            sync_folder(self._file.parent)

    def unflushed(self, position: int) -> Iterator[JournalEntry]:
        """The entries behind ``position``; a torn or foreign line is passed over, with a warning."""
        try:
            with self._file.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                start = position if position <= size else 0  # another journal than the database knew: replay all
                file.seek(start)
                data = file.read()
        except FileNotFoundError:
            return
        except OSError as error:
            raise SafetyError(
                t(
                    "{file}: the refusal journal cannot be read: {strerror}",
                    file=self._file,
                    strerror=error.strerror or error,
                )
            ) from error
        for raw in data.splitlines(keepends=True):
            start += len(raw)
            entry = _parse(raw, start)
            if entry is not None:
                yield entry
            elif raw.strip() and raw.endswith(b"\n"):  # without its end it may be in the making
                _log.warning("a damaged line in the refusal journal", file=str(self._file), before_byte=start)


def _parse(raw: bytes, end: int) -> JournalEntry | None:
    try:
        item = json.loads(raw)
        number_hash, at, real_at, via = bytes.fromhex(item["hash"]), item["at"], item["real_at"], item["via"]
        dt.datetime.fromisoformat(at)
    except (ValueError, KeyError, TypeError):
        return None
    return JournalEntry(number_hash, at, real_at, via, end) if len(number_hash) == HASH_BYTES else None
