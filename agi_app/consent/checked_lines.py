"""Lines with check values, in files that are only ever appended to: what of them is damaged or gone, place by place.

Each line ends with two CRC-32: of the line before it (0 before the first) and of itself. So a changed line is told from
one that a crash left half written: that one is in the check value of the line after it, or comes after all that was
acknowledged. Lines of an older agi-app have no check values; none of them follows one that has.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agi_app.messages import t

_WINDOW = 1 << 16  # bytes; the last line is looked for in so many


@dataclass(frozen=True, slots=True)
class Damage:
    """A place, for people, as ``file:line: what``; ``lost``: something may be lost that was acknowledged."""

    text: str
    lost: bool = True


@dataclass(frozen=True, slots=True)
class Read:
    """A line that is as it was written; ``after``: the check value of the line before it, None: it has none."""

    after: int | None


def check_of(line: bytes) -> int:
    """The check value of a line without its end; 0 of none."""
    return zlib.crc32(line)


def last_check(fd: int, size: int) -> int:
    """The check value of the last line of an open file. Raises OSError."""
    tail = os.pread(fd, min(size, _WINDOW), max(0, size - _WINDOW))
    return check_of(tail.removesuffix(b"\n").rpartition(b"\n")[2])


def damages(file: Path, data: bytes, end: int | None, read: Callable[[bytes], Read | None]) -> list[Damage]:
    """What is wrong with ``data`` of ``file``; ``end``: how many bytes of it were acknowledged, None: not known.

    ``read``: None for a line that is not as it was written.
    """
    *lines, rest = data.split(b"\n")
    found: list[Damage] = []
    bad = checked = False  # of the line before; of any line before
    before = b""
    for number, line in enumerate(lines, 1):
        known = read(line)
        if known is not None and known.after is None and checked:
            known = None
        if known is not None and known.after is not None:
            as_it_was = known.after == check_of(before)
            if bad and as_it_was:
                found[-1] = _half_written(file, number - 1)
            elif not bad and not as_it_was and (checked or number == 1):
                found.append(Damage(t("{file}:{line}: lines before this one are gone", file=file, line=number)))
            elif not bad and not as_it_was:  # one of an older agi-app
                found.append(_damaged(file, number - 1))
            checked = True
        if known is None:
            found.append(_damaged(file, number))
        bad, before = known is None, line
    known = read(rest)
    if rest and (known is None or (known.after is None and checked)):
        unfinished = end is not None and end <= len(data) - len(rest)
        cut = Damage(t("{file}:{line}: is cut off", file=file, line=len(lines) + 1))
        found.append(_half_written(file, len(lines) + 1) if unfinished else cut)
    if end is not None and end > len(data):
        told = "{file}:{line}: ends here, and {bytes} bytes that were written are gone"
        found.append(Damage(t(told, file=file, line=len(lines) + 1, bytes=end - len(data))))
    return found


def _damaged(file: Path, line: int) -> Damage:
    return Damage(t("{file}:{line}: is damaged", file=file, line=line))


def _half_written(file: Path, line: int) -> Damage:
    told = "{file}:{line}: was being written when a crash came, and nobody was told that it is kept"
    return Damage(t(told, file=file, line=line), lost=False)
