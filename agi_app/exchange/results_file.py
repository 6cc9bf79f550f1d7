"""One file of results, of one day: lines are added whole and are on disk before anybody is told that they are there.

A line that a crash cut off is taken away before the next one is written, and a key that the file already has is not
written again. The office may take the file away at any moment: the next line begins a new one.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from pathlib import Path

from agi_app.errors import ExchangeError
from agi_app.errors import ExchangeFault as Fault
from agi_app.exchange.results_lines import key_of
from agi_app.messages import t

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_AT_ONCE = 1 << 20  # bytes read


class ResultsFile:
    """The file of one day. It remembers which keys are in it, as long as nobody else changes it."""

    def __init__(self, path: Path, title: str) -> None:
        """``title``: its first line, if any."""
        self._path, self._title = path, title
        self._seen: tuple[int, int] = (-1, -1)  # inode and size when its keys were read
        self._keys = set[str]()

    def add(self, lines: Sequence[tuple[str, str]]) -> int:
        """Add each line (key, text) whose key is not there; how many. Blocks. Raises ExchangeError; then none is there.

        What was written is on disk when this returns.
        """
        with _in_words(self._path):
            made = not self._path.exists()
            file = os.open(self._path, _FLAGS, 0o640)
            try:
                self._must_be_plain(file)
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                size = self._whole(file)
                self._read_keys(file, size)
                fresh = {key: text for key, text in lines if key not in self._keys}
                texts = ([self._title] if self._title and not size else []) + list(fresh.values())
                size = _append(file, size, "".join(f"{text}\n" for text in texts).encode())
                if made:
                    _sync_folder(self._path.parent)
                self._seen, self._keys = (os.fstat(file).st_ino, size), self._keys | fresh.keys()
                return len(fresh)
            finally:
                os.close(file)

    def keys(self) -> Set[str]:
        """Those in it, after a line that a crash cut off is taken away; none when it is not there. Blocks.

        Raises ExchangeError.
        """
        with _in_words(self._path):
            try:
                file = os.open(self._path, _FLAGS & ~os.O_CREAT)
            except FileNotFoundError:
                return set()
            try:
                self._must_be_plain(file)
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                size = self._whole(file)
                self._read_keys(file, size)
                self._seen = (os.fstat(file).st_ino, size)
                return self._keys
            finally:
                os.close(file)

    def _must_be_plain(self, file: int) -> None:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            raise ExchangeError(t("{file}: is not a plain file; remove it", file=self._path), Fault.FOLDER)

    def _whole(self, file: int) -> int:
        """Its size, without a last line that has no end."""
        size = os.fstat(file).st_size
        end = size
        while end:
            begin = max(0, end - _AT_ONCE)
            if (at := os.pread(file, end - begin, begin).rfind(b"\n")) >= 0:
                end = begin + at + 1
                break
            end = begin
        if end != size:
            os.ftruncate(file, end)
        return end

    def _read_keys(self, file: int, size: int) -> None:
        if self._seen == (os.fstat(file).st_ino, size):
            return
        with os.fdopen(os.dup(file), "rb") as text:
            text.seek(0)
            self._keys = {key for line in text if (key := key_of(line))}


def _append(file: int, size: int, data: bytes) -> int:
    """The size then. A write that fails is taken back."""
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(file, view) :]
        os.fsync(file)
    except OSError:
        os.ftruncate(file, size)
        raise
    return size + len(data)


def _sync_folder(folder: Path) -> None:
    """Its name is on disk as well."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextmanager
def _in_words(file: Path) -> Iterator[None]:
    try:
        yield
    except BlockingIOError as error:
        told = t("{file}: another program has locked it", file=file)
        raise ExchangeError(told, Fault.FOLDER, placed=True) from error
    except OSError as error:
        told = "{file}: cannot be written: {why}; the folder must be there, and this user must be able to write in it"
        raise ExchangeError(t(told, file=file, why=error.strerror), Fault.FOLDER, placed=True) from error
