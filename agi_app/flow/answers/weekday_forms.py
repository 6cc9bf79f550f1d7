"""The other ways to say a weekday: an answer "Monday" is also "on Monday", and 周一 is 星期一."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_ENGLISH = re.compile(r"(?:on )?((?:mon|tues|wednes|thurs|fri|satur|sun)day)", re.IGNORECASE)
_CHINESE = re.compile(r"(?:周|週|星期|礼拜|禮拜)([一二三四五六日天])")
_WEEK = ("周", "星期", "礼拜")


def with_weekday_forms(phrases: Iterable[str]) -> tuple[str, ...]:
    """The phrases, each weekday among them followed by its other forms; nothing twice."""
    return tuple(dict.fromkeys(form for phrase in phrases for form in (phrase, *_forms(phrase.strip()))))


def _forms(phrase: str) -> Iterator[str]:
    if found := _ENGLISH.fullmatch(phrase):
        yield from (found[1], f"on {found[1]}")
    elif found := _CHINESE.fullmatch(phrase):
        days = "日天" if found[1] in "日天" else found[1]
        names = [week + day for week in _WEEK for day in days]
        yield from (*names, *(f"在{name}" for name in names))
