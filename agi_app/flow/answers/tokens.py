"""Text as a recogniser writes it, cut into units that can be compared: a Chinese character, a word, a run of digits."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from agi_app.flow.answers import pinyin

MAX_UNITS = 200  # of an utterance; nobody answers a question longer
LONG_WORD = 7  # letters from which on a word may be misspelt by one: "start" is never "stop"
SAME, SAME_SOUND, OTHER_TONE, NEAR_SOUND, NEAR_SPELLING = 1.0, 0.97, 0.9, 0.8, 0.85

_HAN = "\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134a"
_UNIT = re.compile(rf"[{_HAN}]|[0-9]+|(?:(?![{_HAN}])[^\W\d_])+|[,.!?;:、。…\n]")
_APOSTROPHES = re.compile(r"[’'‘`´]")
_THOUSANDS = re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))")
_DECIMAL = re.compile(r"(?<=[0-9])\.(?=[0-9])")
_ENDS = frozenset(",.!?;:、。…\n")


@dataclass(frozen=True, slots=True)
class Units:
    """All units of a text, and where each part between punctuation marks begins and ends."""

    all: tuple[str, ...]
    parts: tuple[tuple[int, int], ...]

    def line(self, blank: str) -> tuple[str, tuple[int, ...]]:
        """The units as one text, ``blank`` between them and a comma between parts; and the unit of each character."""
        text, owners = "", []
        ends = {end for _, end in self.parts}
        for index, unit in enumerate(self.all):
            piece = unit + (blank if index + 1 not in ends else "," + blank)
            text += piece
            owners += [index] * len(piece)
        return text, tuple(owners)


def normal(text: str) -> str:
    """Full-width as half-width, lower case, apostrophes and the commas of thousands away, 3.5 as 3 point 5."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return _DECIMAL.sub(" point ", _THOUSANDS.sub("", _APOSTROPHES.sub("", folded)))


@lru_cache(maxsize=4096)
def cut(text: str) -> Units:
    """The units of a text."""
    found: list[str] = []
    parts: list[tuple[int, int]] = []
    begun = 0
    for unit in _UNIT.findall(normal(text)):
        if unit not in _ENDS:
            found.append(unit)
        elif len(found) > begun:
            parts.append((begun, len(found)))
            begun = len(found)
        if len(found) == MAX_UNITS:
            break
    if len(found) > begun:
        parts.append((begun, len(found)))
    return Units(tuple(found), tuple(parts))


@lru_cache(maxsize=65536)
def likeness(wanted: str, heard: str, *, alone: bool = False) -> float:
    """How much one unit is another, 1 for the same, 0 for no likeness.

    ``alone``: it is the whole phrase; then only its usual sound and tone will do, since 是, 十 and 四 are far apart.
    """
    if wanted == heard:
        return SAME
    if is_han(wanted) and is_han(heard):
        return _sound(wanted, heard, alone)
    if min(len(wanted), len(heard)) >= LONG_WORD and wanted[0] == heard[0] and wanted.isalpha() and heard.isalpha():
        return NEAR_SPELLING if _one_edit(wanted, heard) else 0.0
    return 0.0


@lru_cache(maxsize=16384)
def keys(unit: str) -> frozenset[str]:
    """Two units that are alike have one of these in common: to look only where a phrase may begin."""
    if is_han(unit):
        return pinyin.near(unit) | {unit}
    return frozenset({unit, f"~{unit[0]}"} if len(unit) >= LONG_WORD else {unit})


def is_han(unit: str) -> bool:
    """Whether the unit is a Chinese character."""
    return len(unit) == 1 and not unit.isascii() and re.match(rf"[{_HAN}]", unit) is not None


def _sound(wanted: str, heard: str, alone: bool) -> float:
    first, second = pinyin.toned(wanted), pinyin.toned(heard)
    if not first or not second:
        return 0.0
    if first[0] == second[0] or (not alone and (first[0] in second or second[0] in first)):
        return SAME_SOUND
    if alone:
        return 0.0
    if pinyin.plain(wanted) & pinyin.plain(heard):
        return OTHER_TONE
    return NEAR_SOUND if pinyin.near(wanted) & pinyin.near(heard) else 0.0


def _one_edit(first: str, second: str) -> bool:
    """Whether one letter more, less or other, or two that change places, make them equal."""
    if abs(len(first) - len(second)) > 1:
        return False
    begin = next(
        (i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second))
    )
    rest, other = first[begin:], second[begin:]
    swapped = rest[:2] == other[1::-1] and rest[2:] == other[2:]
    return swapped or rest[1:] == other[1:] or rest[1:] == other or rest == other[1:]
