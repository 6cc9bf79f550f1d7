"""Lines of text files, one by one, however long somebody made them; and rows that can be read again.

No line and no row has more than a million characters: what has is no table, or has lost its line ends.
"""

from __future__ import annotations

import io
import itertools
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import IO

from agi_app.errors import AuthorError, Problem
from agi_app.messages import t

LONGEST_LINE = LONGEST_ROW = 1 << 20  # characters


@contextmanager
def text_lines(source: IO[bytes], encoding: str, file: str) -> Iterator[Iterator[str]]:
    """The lines of a binary source, line ends kept; leaves the source open for the next reader.

    AuthorError when one has more than ``LONGEST_LINE`` characters; ``file`` is the name in messages.
    """
    source.seek(0)
    wrapper = io.TextIOWrapper(source, encoding, newline="")
    try:
        yield _without_bom(_bounded(wrapper, file))
    finally:
        with suppress(ValueError):  # the source was closed before us
            wrapper.detach()


def _bounded(wrapper: io.TextIOWrapper, file: str) -> Iterator[str]:
    for number, line in enumerate(iter(partial(wrapper.readline, LONGEST_LINE + 1), ""), start=1):
        if len(line) > LONGEST_LINE:
            reason = t(
                "this line has more than {longest_line:,} characters; is this file a table at all?",
                longest_line=LONGEST_LINE,
            )
            raise AuthorError(Problem(file, number, LONGEST_LINE + 1, "table/too-long", reason))
        yield line


def _without_bom(lines: Iterator[str]) -> Iterator[str]:
    first = next(lines, "")
    return itertools.chain([first.removeprefix("\ufeff")] if first else [], lines)  # GB18030 can have one too


class RowTooLong(Exception):
    """A row has more than ``LONGEST_ROW`` characters: a quote was never closed."""


class TextLines:
    """Feeds the CSV reader, remembers what the current record took, and can give lines back."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self.taken: list[str] = []
        self._length = 0  # characters in ``taken``
        self.read_twice = 0  # characters, so far

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        if not self.taken:
            self._length = 0
        self.taken.append(line)
        self._length += len(line)
        if self._length > LONGEST_ROW:
            raise RowTooLong
        return line

    def keep_first(self) -> None:
        """The record is broken: only its first line is spent, the rest is read again."""
        self.read_twice += self._length - len(self.taken[0])
        self._again.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]
