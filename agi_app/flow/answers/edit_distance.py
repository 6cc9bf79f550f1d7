"""A long phrase with one slip in it: a unit more than it has, or one word misspelt ("take me of your list")."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from agi_app.flow.answers.grammar import Words
from agi_app.flow.answers.phrase_cover import Phrase, places, word_of
from agi_app.flow.answers.tokens import NEAR_SPELLING, likeness

LONG_PHRASE = 4  # units from which on one may be out of place
_AS_GOOD = 0.95


def nearly(phrase: Phrase, units: tuple[str, ...], words: Words) -> bool:
    """Whether the phrase is in the units with one slip, which is no word that turns its meaning round."""
    size = len(phrase.units)
    if size < LONG_PHRASE or phrase.alone:
        return False
    found = places(units)
    loaded = _loaded(words.negations, words.doubts)
    for begin in {begin for key in phrase.begins for begin in found.get(key, ())}:
        for end in (begin + size, begin + size + 1):
            if end <= len(units) and _one_slip(phrase.units, units[begin:end], loaded):
                return True
    return False


@lru_cache(maxsize=16)
def _loaded(*lists: tuple[str, ...]) -> frozenset[str]:
    return frozenset(unit for texts in lists for text in texts for unit in word_of(text).units)


def _one_slip(wanted: Sequence[str], heard: Sequence[str], loaded: frozenset[str]) -> bool:
    same = 0
    while same < len(wanted) and likeness(wanted[same], heard[same]) >= _AS_GOOD:
        same += 1
    if same in (0, len(heard)) or heard[same] in loaded:
        return False
    extra = len(heard) > len(wanted)
    rest = wanted[same:] if extra else wanted[same + 1 :]
    if any(likeness(a, b) < NEAR_SPELLING for a, b in zip(rest, heard[same + 1 :], strict=True)):
        return False
    return (extra and same < len(wanted)) or (
        not extra and wanted[same] not in loaded and _letter_more(wanted[same], heard[same])
    )


def _letter_more(wanted: str, heard: str) -> bool:
    """One letter more or less: of and off. Chinese characters are no letters."""
    short, long = sorted((wanted, heard), key=len)
    cut = [long[:index] + long[index + 1 :] for index in range(len(long))]
    return len(short) > 1 and len(long) - len(short) == 1 and short in cut
