"""How far the refusal journal was acknowledged: a small file beside it, by which a lost end is noticed.

Its first line is a count of bytes. A journal that was found shorter, or without this file, and that was then continued,
has a second line here with the place of the gap: it stays until an admin says that he knows of it. Then that line says
up to which byte the journal was accepted as it is.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agi_app import log
from agi_app.atomic_files import sync_folder

END_NAME = "refusals.end"

_DIGITS = 20
_WRITTEN = re.compile(rb"(\d{20})\n(?:(gap|acc) (\d{20})\n)?\Z")

_log = log.get("journal")


@dataclass(frozen=True, slots=True)
class JournalEnd:
    """``gap``: before this byte stops may be gone that were acknowledged."""

    written: int  # bytes of the journal that were acknowledged; never more than there are
    gap: int | None = None
    accepted: int = 0  # what is damaged before this byte is known to an admin


def read(folder: Path) -> JournalEnd | None:
    """None when it is not there or not readable: then how far the journal was written is not known."""
    with contextlib.suppress(OSError):
        if (found := _WRITTEN.match((folder / END_NAME).read_bytes())) is not None:
            place = int(found[3] or 0)
            return JournalEnd(int(found[1]), place if found[2] == b"gap" else None, place if found[2] == b"acc" else 0)
    return None


def begin(folder: Path, written: int = 0) -> None:
    """Have the file on disk before the journal's first line, so that only its loss explains that it is not there.

    ``written``: bytes of a journal of an older agi-app, which had none.
    """
    if not (folder / END_NAME).exists():
        with _open(folder) as fd:
            os.pwrite(fd, _line(written), 0)
            os.fsync(fd)
        with contextlib.suppress(OSError):
            sync_folder(folder)


def note(folder: Path, written: int) -> None:
    """Not synced, and never an error: too small a figure hides no stop that is there."""
    with _open(folder) as fd:
        os.pwrite(fd, _line(written), 0)


def note_gap(folder: Path, written: int) -> None:
    """Say, for as long as nobody accepts it, that stops before this byte may be gone."""
    if (found := read(folder)) is not None and found.gap is not None:
        return
    with _open(folder) as fd:
        os.pwrite(fd, _line(written) + b"gap " + _line(written), 0)
        os.fsync(fd)


def accept(folder: Path, written: int) -> None:
    """The journal is as it is, and what it lacks is known. Raises OSError."""
    fd = os.open(folder / END_NAME, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        content = _line(written) + b"acc " + _line(written)
        os.pwrite(fd, content, 0)
        os.ftruncate(fd, len(content))
        os.fsync(fd)
    finally:
        os.close(fd)
    sync_folder(folder)


@contextmanager
def _open(folder: Path) -> Iterator[int]:
    """What the disk does not take is logged: the stop itself is kept."""
    try:
        fd = os.open(folder / END_NAME, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            yield fd
        finally:
            os.close(fd)
    except OSError as error:
        _log.warning("how far the refusal journal is written cannot be noted", error=str(error))


def _line(written: int) -> bytes:
    return f"{written:0{_DIGITS}d}\n".encode()
