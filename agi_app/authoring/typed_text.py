"""A text that came back from an editor which knows one kind of line end: each line keeps the end that it had.

A browser sends every line end of a form as CRLF, whatever the file has. What was not touched is the same byte for byte.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher

_END = re.compile(r"(\r\n|\r|\n)")
LF = "\n"
_MOST_COMPARED = 1_000_000  # pairs of lines


def as_typed(sent: str, before: bytes) -> bytes:
    """What somebody typed over ``before``: its lines, also changed ones, keep their ends; new ones get the usual."""
    was, ends = _lines(before.decode("utf-8", "replace"))
    now, _ = _lines(sent)
    usual = _usual(ends)
    if set(ends) <= {usual}:
        return usual.join(now).encode()
    kept = {new: ends[old] for old, new in _same(was, now) if old < len(ends)}
    chosen = [kept.get(n, usual) for n in range(len(now) - 1)]
    for n, end in enumerate(chosen[1:], start=1):
        if chosen[n - 1] == "\r" and not now[n] and end == LF:
            chosen[n] = "\r\n"  # else both together were one end
    return "".join(map(str.__add__, now, [*chosen, ""])).encode()


def in_editor(content: bytes) -> str:
    """A file as a text area has it: each line end is one LF."""
    return LF.join(_lines(content.decode("utf-8", "replace"))[0])


def _same(was: list[str], now: list[str]) -> Iterator[tuple[int, int]]:
    """The places of lines that are there before and now; of a change too large to compare those around it alone."""
    least = min(len(was), len(now))
    first = next((n for n in range(least) if was[n] != now[n]), least)
    last = next((n for n in range(least - first) if was[-1 - n] != now[-1 - n]), least - first)
    yield from ((n, n) for n in range(first))
    old, new = was[first : len(was) - last], now[first : len(now) - last]
    if len(old) * len(new) <= _MOST_COMPARED:
        for tag, a, a_end, b, b_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if tag in ("equal", "replace"):  # the end of a line that was changed stays, too
                pairs = min(a_end - a, b_end - b)
                yield from ((first + a_end - n, first + b_end - n) for n in range(1, pairs + 1))
    yield from ((len(was) - n, len(now) - n) for n in range(last, 0, -1))


def _lines(text: str) -> tuple[list[str], list[str]]:
    """The lines without their ends, and the end of each but the last."""
    parts = _END.split(text)
    return parts[::2], parts[1::2]


def _usual(ends: list[str]) -> str:
    return Counter(ends).most_common(1)[0][0] if ends else LF
