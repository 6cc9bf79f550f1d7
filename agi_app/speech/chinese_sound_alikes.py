"""How alike Chinese words sound, tones aside: what was heard may be a phrase that sounds nearly so. Pure.

A recogniser that is not sure writes words that it knows: 现在不方便 comes back as 现在不仿电, 不了谢谢 as 不了些些.
Sounds are compared by how they are made (Duanmu, The Phonology of Standard Chinese, 2007): an initial by where in the
mouth, how, and with how much breath; a final by its glide, its vowel and its end. What each difference counts is
judgement; how much is too much was found with the voices of ``scripts/bench speech`` that are not held out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from agi_app.flow.answers import pinyin

_HAN = re.compile(r"[\u3400-\u9fff]")
_NEAR = 0.25  # of a sound, a syllable, up to which one word may be another
_MOST = 3  # phrases that one text may be
_MORE = 0.7  # a syllable more, or one less
_INITIAL, _FINAL = 0.45, 0.55  # how much each counts

# initial -> where it is made, how, and with breath or without
_MADE = {
    "b": ("lips", "stop", 0), "p": ("lips", "stop", 1), "m": ("lips", "nasal", 0), "f": ("lips", "hiss", 0),
    "d": ("tip", "stop", 0), "t": ("tip", "stop", 1), "n": ("tip", "nasal", 0), "l": ("tip", "side", 0),
    "g": ("back", "stop", 0), "k": ("back", "stop", 1), "h": ("back", "hiss", 0),
    "j": ("blade", "burst", 0), "q": ("blade", "burst", 1), "x": ("blade", "hiss", 0),
    "zh": ("curled", "burst", 0), "ch": ("curled", "burst", 1), "sh": ("curled", "hiss", 0), "r": ("curled", "side", 0),
    "z": ("teeth", "burst", 0), "c": ("teeth", "burst", 1), "s": ("teeth", "hiss", 0),
    "y": ("blade", "glide", 0), "w": ("lips", "glide", 0), "": ("none", "glide", 0),
}  # fmt: skip
_PLACES = {("curled", "teeth"): 0.1, ("blade", "curled"): 0.3, ("blade", "teeth"): 0.3, ("back", "lips"): 0.35,
           ("blade", "none"): 0.1, ("lips", "none"): 0.1}  # fmt: skip
_WAYS = {("nasal", "side"): 0.2, ("burst", "hiss"): 0.3, ("burst", "stop"): 0.3, ("glide", "side"): 0.4}
_FAR_PLACE, _FAR_WAY, _BREATH = 0.5, 0.6, 0.35
_GLIDES = {("i", "v"): 0.2, ("", "i"): 0.5, ("", "u"): 0.4, ("", "v"): 0.5, ("i", "u"): 0.8, ("u", "v"): 0.6}
_VOWELS = {("a", "e"): 0.5, ("a", "o"): 0.5, ("e", "o"): 0.25, ("e", "i"): 0.5, ("I", "i"): 0.4, ("i", "v"): 0.3,
           ("u", "v"): 0.4, ("o", "u"): 0.35, ("I", "e"): 0.3, ("I", "v"): 0.5, ("e", "u"): 0.5}  # fmt: skip
_ENDS = {("n", "ng"): 0.2, ("", "i"): 0.4, ("", "o"): 0.4, ("", "u"): 0.4, ("i", "n"): 0.5, ("", "n"): 0.6,
         ("", "ng"): 0.7, ("o", "u"): 0.2, ("i", "o"): 0.8, ("ng", "o"): 0.5, ("ng", "u"): 0.5, ("i", "ng"): 0.7,
         ("n", "o"): 0.7, ("n", "u"): 0.7}  # fmt: skip
_INITIALS = sorted(filter(None, _MADE), key=len, reverse=True)
_SHORT = {"iu": "iou", "ui": "uei", "un": "uen", "ong": "ung", "iong": "vng"}
_PARTS = re.compile(r"([iuv]?)([aeoIiuv]?)(ng|n|i|o|u|r)?")


def sounding_like(text: str, phrases: Sequence[str]) -> list[tuple[str, float]]:
    """The phrases that sound nearly like the text, the likest first, each with how unlike it sounds.

    0 is the same sound, 1 another syllable. Only Chinese of two characters and more is compared.
    """
    said = "".join(_HAN.findall(text))
    found = []
    for phrase in phrases:
        size = max(len(said), len(phrase))
        if len(phrase) < 2 or len(said) < 2 or abs(len(said) - len(phrase)) > 1 or phrase == said:
            continue
        if (apart := unlike(said, phrase, _NEAR * size)) <= _NEAR * size:
            found.append((phrase, apart))
    return sorted(found, key=lambda pair: pair[1])[:_MOST]


def unlike(first: str, second: str, most: float = 1e9) -> float:
    """How unlike two words sound, in syllables; what is more than ``most`` is not worked out."""
    row = [_MORE * index for index in range(len(second) + 1)]
    for index, character in enumerate(first, 1):
        above, row = row, [_MORE * index]
        for column, other in enumerate(second, 1):
            same = above[column - 1] + _syllables(character, other)
            row.append(min(above[column] + _MORE, row[-1] + _MORE, same))
        if min(row) > most:
            return min(row)
    return row[-1]


@lru_cache(maxsize=65536)
def _syllables(first: str, second: str) -> float:
    """The likest of all their readings; 1 where a sign has none."""
    if first == second:
        return 0.0
    pairs = ((one, other) for one in pinyin.plain(first) for other in pinyin.plain(second))
    return min((_syllable(one, other) for one, other in pairs), default=1.0)


@lru_cache(maxsize=65536)
def _syllable(first: str, second: str) -> float:
    if first == second:
        return 0.0
    (one, rest), (other, other_rest) = _cut(first), _cut(second)
    glide, vowel, end = _parts(rest)
    other_glide, other_vowel, other_end = _parts(other_rest)
    final = 0.3 * _cost(_GLIDES, glide, other_glide) + 0.6 * _cost(_VOWELS, vowel, other_vowel)
    final += 0.3 * _cost(_ENDS, end, other_end)
    return _INITIAL * _made_apart(one, other) + _FINAL * min(1.0, final)


def _made_apart(first: str, second: str) -> float:
    (place, way, breath), (other_place, other_way, other_breath) = _MADE[first], _MADE[second]
    apart = _cost(_PLACES, place, other_place, _FAR_PLACE) + _cost(_WAYS, way, other_way, _FAR_WAY)
    return min(1.0, apart + _BREATH * (breath != other_breath and "hiss" not in (way, other_way)))


def _cost(table: dict[tuple[str, str], float], first: str, second: str, far: float = 1.0) -> float:
    if first == second:
        return 0.0
    return table.get((first, second) if first < second else (second, first), far)


def _cut(syllable: str) -> tuple[str, str]:
    """Initial and final of a syllable in pinyin, the final as it sounds: ü is v, and the i of zhi is I."""
    syllable = syllable.replace("ü", "v")
    initial = next((i for i in _INITIALS if syllable.startswith(i)), "")
    final = syllable[len(initial) :]
    if initial in ("j", "q", "x", "y") and final.startswith("u"):
        final = "v" + final[1:]
    final = _SHORT.get(final, final)
    if initial == "y" and not final.startswith(("i", "v")):
        final = "i" + final
    if initial == "w" and not final.startswith("u"):
        final = "u" + final
    return initial, "I" if final == "i" and _MADE[initial][0] in ("curled", "teeth") else final


def _parts(final: str) -> tuple[str, str, str]:
    """Glide, vowel and end of a final."""
    found = _PARTS.fullmatch(final)
    if found is None:
        return "", final, ""
    glide, vowel, end = (part or "" for part in found.groups())
    return (glide, vowel, end) if vowel else ("", glide, end)
