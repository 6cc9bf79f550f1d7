"""Whether a list of numbers was made by counting rather than by people who gave their number.

Such lists are refused as a whole, unless each number on them has its own consent evidence: nobody
else on them can have consented as the holder of that number. docs/decisions/0112-generated-lists.md
has the reasons for the figures.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agi_app.messages import t
from agi_app.model import phone

MOST_CONSECUTIVE = 20
# Of so many neighbouring numbers at most so many: 60 %, 30 % and 18 %.
WINDOWS = ((100, 60), (1_000, 300), (10_000, 1_800))
WIDEST = WINDOWS[-1][0]
NEAR = 20  # numbers that are on average further apart are not judged by how evenly they lie
EVENLY = 100  # distances that are judged together
EVENNESS = 0.35  # the least variance of distances between numbers of people, as a share of what chance gives


@dataclass(frozen=True, slots=True)
class Block:
    """The first stretch of numbers that look counted; ``first`` and ``last`` are the digits of E.164."""

    what: str
    first: int
    last: int
    numbers: int  # of the list within it

    @property
    def span(self) -> range:
        """The numbers from the first to the last."""
        return range(self.first, self.last + 1)

    @property
    def reason(self) -> str:
        """What is wrong with the list; whole numbers are not shown."""
        first, last = phone.mask(f"+{self.first}"), phone.mask(f"+{self.last}")
        return t(
            "the list looks generated: it has {what} ({numbers} numbers from {first} to {last})",
            what=self.what,
            numbers=self.numbers,
            first=first,
            last=last,
        )


def looks_generated(numbers: Iterable[str | int], known: Sequence[int] = ()) -> Block | None:
    """The first block of these E.164 numbers (as text, or as integers of their digits) that looks generated.

    More than 20 numbers at the same distance of at most 20; too many of 100, 1,000 or 10,000 neighbours; or a hundred
    that lie more evenly than those of people. ``known``: others, in their order, which count where they are beside one
    of the numbers. Repeats count once.
    """
    listed = distinct(numbers)
    for width, most in WINDOWS:
        ordered = _together(listed, known, width)
        found = (_in_steps(ordered) if width == WINDOWS[0][0] else None) or _crowded(ordered, width, most)
        if found is not None:
            return found
    return _even(_together(listed, known, EVENLY * NEAR))


def beside(known: Iterable[int], listed: Sequence[int], width: int = WIDEST) -> list[int]:
    """Those of the known numbers that may make a block with one of the listed, which are in their order."""
    places = ((number, bisect_left(listed, number)) for number in known)
    return [
        number
        for number, place in places
        if any(abs(number - other) < width for other in listed[max(0, place - 1) : place + 1])
    ]


def distinct(numbers: Iterable[str | int]) -> list[int]:
    """Each number once, in their order."""
    ordered = sorted(map(int, numbers))
    if all(a != b for a, b in itertools.pairwise(ordered)):
        return ordered
    return list(dict.fromkeys(ordered))


def _together(listed: list[int], known: Sequence[int], width: int) -> list[int]:
    return distinct([*listed, *beside(known, listed, width)]) if known else listed


def _in_steps(ordered: Sequence[int]) -> Block | None:
    """More than 20 numbers of which each is as far from the one before as that from its own."""
    start = step = 0
    for index in range(1, len(ordered)):
        if (gap := ordered[index] - ordered[index - 1]) != step:
            start, step = index - 1, gap
        if index - start >= MOST_CONSECUTIVE and step <= NEAR:
            while index + 1 < len(ordered) and ordered[index + 1] - ordered[index] == step:
                index += 1  # noqa: PLW2901 - it ends here
            told = "more than {most_consecutive} consecutive numbers"
            if step > 1:
                told = "more than {most_consecutive} numbers in steps of {step}"
            what = t(told, most_consecutive=MOST_CONSECUTIVE, step=step)
            return Block(what, ordered[start], ordered[index], index - start + 1)
    return None


def _crowded(ordered: Sequence[int], width: int, most: int) -> Block | None:
    """More than ``most`` numbers of ``width`` neighbours."""
    start = 0
    for end, number in enumerate(ordered):
        while ordered[start] <= number - width:
            start += 1
        if end - start >= most:
            while end + 1 < len(ordered) and ordered[end + 1] - ordered[end + 1 - most] < width:
                end += 1  # noqa: PLW2901 - it ends here
            told = "more than {most_in_a_block} of {block} neighbouring numbers"
            what = t(told, most_in_a_block=most, block=width)
            return Block(what, ordered[start], ordered[end], end - start + 1)
    return None


def _even(ordered: Sequence[int]) -> Block | None:
    """A hundred neighbouring distances that vary far less than those of numbers at random, as one of every five does.

    If each number is on the list with the chance 1/m, its distances have the mean m and the variance m (m - 1).
    """
    whole = squares = 0
    for end in range(1, len(ordered)):
        gap = ordered[end] - ordered[end - 1]
        whole, squares = whole + gap, squares + gap * gap
        if end > EVENLY:
            gone = ordered[end - EVENLY] - ordered[end - EVENLY - 1]
            whole, squares = whole - gone, squares - gone * gone
        if end < EVENLY or not EVENLY < whole <= EVENLY * NEAR:
            continue
        mean = whole / EVENLY
        if squares / EVENLY - mean * mean < EVENNESS * mean * (mean - 1):
            what = t("{count} numbers that lie too evenly", count=EVENLY + 1)
            return Block(what, ordered[end - EVENLY], ordered[end], EVENLY + 1)
    return None
