"""Two small parsers that hear numbers, written apart from the code that says them."""

from __future__ import annotations

# fmt: off
_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)
# fmt: on
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ENGLISH = {word: n for n, word in enumerate(_SMALL)} | {word: 10 * n for n, word in enumerate(_TENS, 2)}
_BIG = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
_MANDARIN = dict(zip("零一二三四五六七八九", range(10), strict=True)) | {"两": 2}
_SMALL_UNITS = {"十": 10, "百": 100, "千": 1000}


def english_number(text: str) -> int:
    """Hear ``minus one thousand and five``."""
    said = text.split()
    sign = -1 if said[0] == "minus" else 1
    total = group = 0
    for word in said[1:] if sign < 0 else said:
        if word == "hundred":
            group *= 100
        elif word in _BIG:
            total += group * _BIG[word]
            group = 0
        elif word != "and":
            group += _ENGLISH[word]
    return sign * (total + group)


def mandarin_number(text: str) -> int:
    """Hear ``负一千零五``."""
    sign = -1 if text.startswith("负") else 1
    total = section = digit = 0
    for character in text.removeprefix("负"):
        if character in _MANDARIN:
            digit = _MANDARIN[character]
        elif character in _SMALL_UNITS:
            section += (digit or 1) * _SMALL_UNITS[character]
            digit = 0
        else:
            total += (section + digit) * {"万": 10**4, "亿": 10**8}[character]
            section = digit = 0
    return sign * (total + section + digit)
