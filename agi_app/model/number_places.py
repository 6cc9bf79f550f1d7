"""Where the digits of a number say that it is from: province or state and city, in English and Chinese. Pure.

By the table of phonenumbers: landlines of most countries, numbers of North America, and mobile numbers of China. A
number that was taken along, or a person who moved, is somewhere else; other mobile networks tell nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

TEST_NUMBERS = "+999"  # behind it a calling code and a number as that country has them
_BETWEEN = re.compile(r"[,/]\s*")


@dataclass(frozen=True, slots=True)
class NumberPlace:
    """``Chengdu, Sichuan`` and ``四川省成都市``; both empty when the digits do not tell. Chinese is for China alone."""

    en: str = ""
    zh: str = ""

    def is_in(self, wanted: str) -> bool:
        """Whether it is, or may be, in a province, state or city that is called ``wanted`` in either language."""
        name = wanted.strip().casefold()
        if not name.isascii():
            return name in self.zh
        return name in map(str.casefold, filter(None, _BETWEEN.split(self.en)))


NOWHERE = NumberPlace()


def place_of(e164: str) -> NumberPlace:
    """The place of a number in E.164, or of a test number that looks like one; NOWHERE for any other text."""
    # Nine digits decide: no prefix of the table is longer.
    return _by_prefix(e164.replace(TEST_NUMBERS, "+", 1)[1:10]) if e164.startswith("+") else NOWHERE


def is_place(wanted: str) -> bool:
    """Whether any number can be of a province, state or city of this name. Takes as long as reading the whole table."""
    return any(NumberPlace(found.get("en", ""), found.get("zh", "")).is_in(wanted) for found in _prefixes().values())


def places_like(wanted: str) -> list[str]:
    """The names in the table that begin with the same two letters, or the same Chinese sign."""
    begin = wanted.strip().casefold()[: 2 if wanted.isascii() else 1]
    names = {
        name
        for found in _prefixes().values()
        for name in (*_BETWEEN.split(found.get("en", "")), found.get("zh", ""))
        if begin and name.casefold().startswith(begin)
    }
    return sorted(names)


@cache
def _prefixes() -> Mapping[str, Mapping[str, str]]:
    from phonenumbers.geodata import GEOCODE_DATA  # noqa: PLC0415 - 0.3 s and 80 MB: only for who asks

    return GEOCODE_DATA


@lru_cache(maxsize=50_000)
def _by_prefix(digits: str) -> NumberPlace:
    prefixes = _prefixes()
    for length in range(len(digits), 1, -1):
        if (found := prefixes.get(digits[:length])) is not None:
            return NumberPlace(found.get("en", ""), found.get("zh", ""))
    return NOWHERE
