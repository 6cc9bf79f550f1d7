"""What a spoken sentence is made of: recorded pieces, and texts for a text-to-speech engine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Piece:
    """A recording, ``prompts/<language>/NAME.wav``; ``text`` is what it says."""

    name: str  # num/20
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """Words for which there is no recording."""

    text: str


Part = Piece | Text
# Country calling codes of one and two digits (ITU-T E.164 list); all others have three.
# fmt: off
_SHORT_CODES = frozenset((
    "1", "7", "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47",
    "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66",
    "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
))
# fmt: on
PAUSE = Piece("num/pause", ",")  # a fifth of a second of silence; `prompts prepare` makes it by itself


def in_groups(groups: Iterable[Iterable[Part]]) -> list[Part]:
    """The parts of each group, a pause between the groups."""
    said: list[Part] = []
    for group in groups:
        said += [*([PAUSE] if said else []), *group]
    return said


def in_threes(digits: str) -> list[str]:
    """A telephone number of unknown shape in groups that a listener can write down: 123 456 7890."""
    groups: list[str] = []
    while len(digits) > 4:
        groups.append(digits[:3])
        digits = digits[3:]
    return [*groups, digits] if digits else groups


def after_plus(number: str) -> list[str]:
    """An international number without its plus: the country's code, then groups of three."""
    digits = number.removeprefix("+")
    code = next((digits[:size] for size in (1, 2) if digits[:size] in _SHORT_CODES), digits[:3])
    return [code, *in_threes(digits[len(code) :])]
