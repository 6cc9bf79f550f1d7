"""Numbers as Mandarin speakers say them and recognisers write them: 三十五, 两百零三, 一百五, 幺三八, 35, 1万2."""

from __future__ import annotations

import re

from agi_app.flow.answers import pinyin

_PLAIN = str.maketrans("〇洞幺两兩壹贰叁肆伍陆柒捌玖拾佰仟萬億", "零零一二二一二三四五六七八九十百千万亿")
_VALUES = {character: value for value, character in enumerate("零一二三四五六七八九")}
_SECTION = re.compile(
    r"(?:(?P<thousands>[一二三四五六七八九1-9])千)?(?P<gap>零?)(?:(?P<hundreds>[一二三四五六七八九1-9])百)?(?P<gap2>零?)"
    r"(?:(?P<tens>[一二三四五六七八九1-9]?)十)?(?P<ones>[一二三四五六七八九1-9]?)"
)
_RUN = "[0-9零一二三四五六七八九十百千万亿〇洞幺两兩壹贰叁肆伍陆柒捌玖拾佰仟萬億]+"
NUMBER = re.compile(rf"{_RUN}(?:(?:点|點|point){_RUN})*")
_SOUNDS = {
    "ling2": "零", "yi1": "一", "yao1": "幺", "er4": "二", "liang3": "两", "san1": "三", "si4": "四", "wu3": "五",
    "liu4": "六", "qi1": "七", "ba1": "八", "jiu3": "九", "shi2": "十", "bai3": "百", "qian1": "千", "wan4": "万",
}  # fmt: skip


def value_of(said: str) -> str | None:
    """The number in digits; None: it is no whole number, or may be several (七八 is seven or eight)."""
    plain = said.translate(_PLAIN)
    if all(character in _VALUES or character.isdigit() for character in plain):
        return _digit_by_digit(plain)
    value = _cardinal(plain)
    return None if value is None else str(value)


def in_sound(text: str) -> str:
    """The text with every character that sounds as a number word as that word: 酒 is 九."""
    return "".join(next((_SOUNDS[tone] for tone in pinyin.toned(c)[:1] if tone in _SOUNDS), c) for c in text)


def _digit_by_digit(said: str) -> str | None:
    digits = "".join(str(_VALUES.get(character, character)) for character in said)
    about = len(said) == 2 and said[0] in _VALUES and int(digits[1]) - int(digits[0]) == 1
    return None if about else digits


def _cardinal(said: str) -> int | None:
    for unit, worth in (("亿", 10**8), ("万", 10**4)):
        head, found, tail = said.partition(unit)
        if not found:
            continue
        many, rest = _cardinal(head), _rest(tail, worth)
        return many * worth + rest if many and rest is not None else None
    return int(said) if said.isascii() and said.isdigit() else _section(said)


def _rest(tail: str, worth: int) -> int | None:
    """What follows a large unit: 二 of 一万二 is two thousand, 零二 of 一万零二 is two."""
    if len(tail) == 1 and (tail in _VALUES or tail.isdigit()):
        return _digit(tail) * worth // 10
    value = _cardinal(tail.removeprefix("零")) if tail.removeprefix("零") else 0
    return value if value is not None and value < worth else None


def _section(said: str) -> int | None:
    """Below ten thousand; the 五 of 一百五 is fifty."""
    found = _SECTION.fullmatch(said)
    if not said or found is None:
        return None
    thousands, hundreds, ones = (_digit(found[name]) for name in ("thousands", "hundreds", "ones"))
    tens = 0 if found["tens"] is None else _digit(found["tens"]) or 1
    if ones and not tens and not found["gap"] and not found["gap2"]:
        ones *= 10 if hundreds else 100 if thousands else 1
    return thousands * 1000 + hundreds * 100 + tens * 10 + ones


def _digit(character: str | None) -> int:
    return 0 if not character else _VALUES.get(character) or int(character)
