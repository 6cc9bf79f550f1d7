"""Where a text has telephone numbers, whatever is between their digits: every run of digits that no letter breaks.

A digit is what any script writes as one, in a ring or full-width, too, and a word for one (``eight``, ``八``). What
is between two of them does not matter as long as it is no word: signs, blanks, marks, characters that nobody sees.
Pure, and linear in the text.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

LEAST = 6  # digits of a number that is hidden

_WORDS = {
    word: str(number)
    for number, words in enumerate(
        (
            "zero oh o null nil nought naught",
            "one",
            "two double",
            "three triple treble",
            "four",
            "five fife",
            "six",
            "seven",
            "eight",
            "nine niner",
        )
    )
    for word in words.split()
}
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_WORDS |= {word: str(number) for number, word in enumerate(_TEENS.split(), 10)}
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS |= {word: str(number * 10) for number, word in enumerate(_TENS.split(), 2)}
_BETWEEN = frozenset(
    ("and", "plus", "dash", "minus", "hyphen", "dot", "point", "slash", "space", "hundred", "thousand")
)
_OF_CHINESE = "〇零洞 一壹幺么 二贰貳两兩 三叁參 四肆 五伍 六陆陸 七柒拐 八捌 九玖勾"
_CHINESE = {sign: str(number) for number, signs in enumerate(_OF_CHINESE.split()) for sign in signs}
_SIGN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]")  # of Chinese: a word has no end that is seen
_PIECE = re.compile(r"a+|d|[^ad]+")
_NO_LETTERS = ("Lm",)  # as ー, which is a dash in a Japanese number
_UNSEEN = frozenset("\u115f\u1160\u3164\uffa0")  # letters that look like a blank


@dataclass(frozen=True, slots=True)
class Run:
    """A number: where it is in the text, and its digits."""

    start: int
    end: int
    digits: str


def number_runs(text: str) -> Iterator[Run]:
    """All runs of at least ``LEAST`` digits, in order."""
    start = end = 0
    digits: list[str] = []
    for first, last, said in _pieces(text):
        if said is not None:
            if said:
                start, end = (start if digits else first), last
                digits.append(said)
            continue
        if sum(map(len, digits)) >= LEAST:
            yield Run(start, end, "".join(digits))
        digits = []
    if sum(map(len, digits)) >= LEAST:
        yield Run(start, end, "".join(digits))


def _pieces(text: str) -> Iterator[tuple[int, int, str | None]]:
    """Where each piece begins and ends, and its digits: empty for what may be between two, None for a word."""
    kinds = "".join(map(_kind, text))
    for piece in _PIECE.finditer(kinds):
        first, last = piece.span()
        if kinds[first] == "d":
            yield first, last, _digits(text[first])
        elif kinds[first] != "a":
            yield first, last, ""
        else:
            yield first, last, _of_word(text[first:last], kinds[first - 1 : first] + kinds[last : last + 1])


def _of_word(word: str, beside: str) -> str | None:
    if len(word) == 1 and beside == "dd" and _SIGN.match(word):
        return ""
    folded = unicodedata.normalize("NFKC", word).casefold()
    return "" if folded in _BETWEEN else _WORDS.get(folded)


@functools.lru_cache(1 << 14)
def _kind(character: str) -> str:
    if _digits(character):
        return "d"
    letter = unicodedata.category(character)[0] == "L" and character not in _UNSEEN
    return "a" if letter and unicodedata.category(character) not in _NO_LETTERS else "."


@functools.lru_cache(1 << 14)
def _digits(character: str) -> str:
    """Those of a character: none of a letter, two of ⑩."""
    if character in _CHINESE:
        return _CHINESE[character]
    plain = unicodedata.normalize("NFKC", character)
    found = "".join(str(unicodedata.digit(one)) for one in plain if unicodedata.digit(one, None) is not None)
    if found or unicodedata.category(character) not in ("No", "Nl"):
        return found
    value = unicodedata.numeric(character)
    return str(int(value)) if value == int(value) else ""
