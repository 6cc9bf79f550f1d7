"""Numbers as English speakers say them and recognisers write them: thirty five, a hundred and three, 35."""

from __future__ import annotations

import re

_ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = (
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_DIGITS = {word: value for value, word in enumerate(_ONES)} | {"oh": 0, "nought": 0, "nil": 0}
SMALL = {
    **{word: value for value, word in enumerate((*_ONES, *_TEENS))},
    **{word: value * 10 for value, word in enumerate(_TENS, start=2)},
}
_LARGE = {"thousand": 10**3, "million": 10**6}
_TIMES = {"double": 2, "triple": 3}
_WORD = "|".join((*SMALL, "oh", "nought", "nil", "hundred", *_LARGE, *_TIMES, "[0-9]+"))
NUMBER = re.compile(
    rf"\b(?:a (?=hundred|thousand|million))?(?:{_WORD})\b(?: (?:and (?=[a-z0-9])|point )?(?:{_WORD})\b)*"
)
# What recognisers write for a number that is all that was said.
ALONE = {"won": "1", "to": "2", "too": "2", "for": "4", "fore": "4", "ate": "8"}


def value_of(said: str) -> str | None:
    """The number in digits; None: it is no whole number, or several."""
    words = said.split()
    if "point" in words:
        return None
    if len(words) > 1 and not (set(words) & {"hundred", *_LARGE, *_TEENS, *_TENS, "and"}):
        return _digit_by_digit(words)
    value = _cardinal([word for word in words if word not in ("a", "and")])
    return None if value is None else value if isinstance(value, str) else str(value)


def _digit_by_digit(words: list[str]) -> str | None:
    digits, times = "", 1
    for word in words:
        if word in _TIMES:
            times *= _TIMES[word]
            continue
        digit = word if word.isdigit() else str(_DIGITS.get(word, ""))
        if not digit or (times > 1 and len(digit) > 1):
            return None
        digits, times = digits + digit * times, 1
    return digits if times == 1 else None


def _cardinal(words: list[str]) -> int | str | None:
    if len(words) == 1 and words[0].isdigit():
        return words[0]
    total, rest = 0, words
    for name, worth in reversed(_LARGE.items()):
        if name in rest:
            where = rest.index(name)
            many = _below_thousand(rest[:where]) if where else 1
            if many is None or not many:
                return None
            total, rest = total + many * worth, rest[where + 1 :]
    last = _below_thousand(rest) if rest else 0
    return None if last is None else total + last


def _below_thousand(words: list[str]) -> int | None:
    hundreds = 0
    if "hundred" in words:
        where = words.index("hundred")
        many = _below_hundred(words[:where]) if where else 1
        if not many:
            return None
        hundreds, words = many * 100, words[where + 1 :]
        if not words:
            return hundreds
    rest = _below_hundred(words)
    return None if rest is None else hundreds + rest


def _below_hundred(words: list[str]) -> int | None:
    if len(words) == 1:
        return int(words[0]) if words[0].isdigit() else SMALL.get(words[0])
    if len(words) == 2 and words[0] in _TENS and 0 < SMALL.get(words[1], 0) < 10:
        return SMALL[words[0]] + SMALL[words[1]]
    return None
