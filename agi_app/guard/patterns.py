"""Numbers, prefixes and ranges as people write them, read into what the lists compare. Pure."""

from __future__ import annotations

from agi_app.guard.call import read_caller
from agi_app.guard.lists import Shape, pattern_fault, shape_of
from agi_app.model.phone import shown_number


class NotAPattern(ValueError):
    """The text is none; the message says why, and what to write."""


def read_pattern(text: str, region: str | None) -> str:
    """What was typed as the guard compares it; ``region`` reads numbers without a country code. Raises NotAPattern."""
    plain = "".join(c for c in text.strip() if c not in " ().")
    if fault := pattern_fault(plain):
        raise NotAPattern(fault)
    if shape_of(plain) is not Shape.EXACT:
        return plain
    number, _ = read_caller(plain, region)
    if number is None:
        raise NotAPattern(f"{shown_number(text)!r} is no number")
    return number
