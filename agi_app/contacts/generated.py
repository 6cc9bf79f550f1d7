"""Whether a list of numbers was made by counting rather than by people who gave their number.

Such lists are refused as a whole: nobody on them can have consented as the holder of that number.
"""

from __future__ import annotations

from collections.abc import Iterable

from agi_app.model import phone

MOST_CONSECUTIVE = 20
BLOCK = 100
MOST_IN_A_BLOCK = 60  # 60 % of a block


def looks_generated(numbers: Iterable[str | int]) -> str | None:
    """Why these E.164 numbers (as text, or as integers of their digits) look generated; None when they do not.

    More than 20 consecutive numbers, or more than 60 within any stretch of 100. Repeats count once.
    """
    ordered = sorted({int(number) for number in numbers})
    run_start = block_start = 0
    for index, number in enumerate(ordered):
        if index and number != ordered[index - 1] + 1:
            run_start = index
        while ordered[block_start] <= number - BLOCK:
            block_start += 1
        if index - run_start >= MOST_CONSECUTIVE:
            return _reason(f"more than {MOST_CONSECUTIVE} consecutive numbers", ordered[run_start], number)
        if index - block_start >= MOST_IN_A_BLOCK:
            words = f"more than {MOST_IN_A_BLOCK} of {BLOCK} neighbouring numbers"
            return _reason(words, ordered[block_start], number)
    return None


def _reason(what: str, first: int, last: int) -> str:
    return f"the list looks generated: it has {what} ({phone.mask(f'+{first}')} to {phone.mask(f'+{last}')})"
