"""Which ids of a file were met before, where and in which row, in 25 bytes an id instead of some 200.

An id is known by its 64-bit hash, which Python keys differently for each process: that two of a million
ids are taken for one happens in one import of thirty million, and then a row is rejected, not lost. Of the
row 32 bits of its hash are kept, beside its line.
"""

from __future__ import annotations

from array import array

_SMALLEST = 1 << 12
_HALF = 0xFFFF_FFFF


class SeenIds:
    """A table of ids -> line, open addressing; at most half full."""

    def __init__(self) -> None:
        self._hashes = array("Q", bytes(8 * _SMALLEST))  # 0: free
        self._rows = array("Q", bytes(8 * _SMALLEST))  # its line, and its hash below
        self._used = 0

    def line(self, text: str) -> int | None:
        """The line on which this id was met first; None when it is new."""
        place = self._place(_hash(text))
        return self._rows[place] >> 32 if self._hashes[place] else None

    def same(self, text: str, cells: tuple[str, ...]) -> bool:
        """Whether the row in which this id was met has these cells."""
        return self._rows[self._place(_hash(text))] & _HALF == hash(cells) & _HALF

    def add(self, text: str, line: int, cells: tuple[str, ...] = ()) -> None:
        """Remember a new id, and the row that it is in."""
        key = _hash(text)
        place = self._place(key)
        self._used += not self._hashes[place]
        self._hashes[place], self._rows[place] = key, line << 32 | hash(cells) & _HALF
        if 2 * self._used > len(self._hashes):
            self._grow()

    def _place(self, key: int) -> int:
        hashes, last = self._hashes, len(self._hashes) - 1
        place = key & last
        while hashes[place] and hashes[place] != key:
            place = (place + 1) & last
        return place

    def _grow(self) -> None:
        before = zip(self._hashes, self._rows, strict=True)
        size = 2 * len(self._hashes)
        self._hashes = array("Q", bytes(8 * size))
        self._rows = array("Q", bytes(8 * size))
        for key, row in before:
            if key:
                place = self._place(key)
                self._hashes[place], self._rows[place] = key, row


def _hash(text: str) -> int:
    return (hash(text) & 0xFFFF_FFFF_FFFF_FFFF) or 1
