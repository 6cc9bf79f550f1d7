"""Whether a list of numbers was made by counting rather than by people who gave their number.

Such lists are refused as a whole, unless each number on them has its own consent evidence: nobody
else on them can have consented as the holder of that number.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agi_app.messages import t
from agi_app.model import phone

MOST_CONSECUTIVE = 20
BLOCK = 100
MOST_IN_A_BLOCK = 60  # 60 % of a block


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


def looks_generated(numbers: Iterable[str | int]) -> Block | None:
    """The first block of these E.164 numbers (as text, or as integers of their digits) that looks generated.

    More than 20 consecutive numbers, or more than 60 within any stretch of 100. Repeats count once.
    """
    ordered = distinct(numbers)
    run_start = block_start = 0
    for index, number in enumerate(ordered):
        if index and number != ordered[index - 1] + 1:
            run_start = index
        while ordered[block_start] <= number - BLOCK:
            block_start += 1
        if index - run_start >= MOST_CONSECUTIVE:
            return _block(
                t("more than {most_consecutive} consecutive numbers", most_consecutive=MOST_CONSECUTIVE),
                ordered,
                run_start,
                index,
                1,
            )
        if index - block_start >= MOST_IN_A_BLOCK:
            what = t(
                "more than {most_in_a_block} of {block} neighbouring numbers",
                most_in_a_block=MOST_IN_A_BLOCK,
                block=BLOCK,
            )
            return _block(what, ordered, block_start, index, MOST_IN_A_BLOCK, BLOCK)
    return None


def beside(known: Iterable[int], listed: Sequence[int]) -> list[int]:
    """Those of the known numbers that may make a block with one of the listed, which are in their order."""
    places = ((number, bisect_left(listed, number)) for number in known)
    return [
        number
        for number, place in places
        if any(abs(number - other) < BLOCK for other in listed[max(0, place - 1) : place + 1])
    ]


def distinct(numbers: Iterable[str | int]) -> list[int]:
    """Each number once, in their order."""
    ordered = sorted(map(int, numbers))
    if all(a != b for a, b in itertools.pairwise(ordered)):
        return ordered
    return list(dict.fromkeys(ordered))


def _block(what: str, ordered: Sequence[int], start: int, end: int, before: int, within: int = 2) -> Block:
    """Goes on as long as each number and that ``before`` it are less than ``within`` apart."""
    while end + 1 < len(ordered) and ordered[end + 1] - ordered[end + 1 - before] < within:
        end += 1
    return Block(what, ordered[start], ordered[end], end - start + 1)
