"""Numbers and dates inside an utterance, as spans of its units."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from functools import lru_cache

from agi_app.flow.answers import spoken_dates_en, spoken_dates_zh, spoken_numbers_en, spoken_numbers_zh
from agi_app.flow.answers.grammar import Grammar
from agi_app.flow.answers.tokens import Units, cut, normal

Value = tuple[int, int, str | None]  # first unit, unit after the last, what is saved; None: it may be several values
_FULL = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?![0-9])")
_SHORT = re.compile(r"(?<![0-9/])([0-9]{1,2})/([0-9]{1,2})(?:/((?:19|20)[0-9]{2}))?(?![0-9/])")
_MONTHS = ("", *spoken_dates_en.MONTHS)


def numbers(units: Units, language: str, most: int | None = None, *, by_sound: bool = False) -> Iterator[Value]:
    """Every number, "eight out of ten" as 8 where ``most`` is 10.

    ``by_sound``: also what only sounds like a number, for an utterance that makes no sense otherwise.
    """
    chinese = language.startswith("zh")
    text, owners = units.line("" if chinese else " ")
    if chinese:
        text = spoken_numbers_zh.in_sound(text) if by_sound else text
        pattern, value_of = spoken_numbers_zh.NUMBER, spoken_numbers_zh.value_of
    else:
        pattern, value_of = spoken_numbers_en.NUMBER, spoken_numbers_en.value_of
        if by_sound and len(units.all) == 1 and units.all[0] in spoken_numbers_en.ALONE:
            yield 0, 1, spoken_numbers_en.ALONE[units.all[0]]
    found = [
        (owners[f.start()], owners[f.end() - 1] + 1, value_of(f[0])) for f in pattern.finditer(text) if f[0] != "oh"
    ]
    for index, (begin, end, value) in enumerate(found):
        before = found[index - 1] if index else (0, 0, None)
        if value == str(most) and units.all[before[1] : begin] == ("out", "of"):
            yield before[0], end, before[2]
        else:
            yield begin, end, value


def dates(text: str, language: str, today: dt.date | None, *, by_sound: bool = False) -> tuple[Units, list[Value]]:
    """The units of a text, in which dates of figures are made one, and every date."""
    chinese = language.startswith("zh")
    units = cut(_in_words(normal(text), language))
    line, owners = units.line("" if chinese else " ")
    if chinese:
        line = spoken_dates_zh.in_sound(line) if by_sound else line
        found = spoken_dates_zh.dates_in(line, today)
    else:
        found = spoken_dates_en.dates_in(line, today)
    spans = [(owners[begin], owners[end - 1] + 1, day.isoformat() if day else None) for begin, end, day in found]
    return units, spans


def values_in(
    wanted: Grammar, text: str, today: dt.date | None, *, by_sound: bool = False
) -> tuple[Units, list[Value]]:
    """Every number or date in a text, whichever is wanted, and the units that they are spans of."""
    if wanted.kind == "date":
        return dates(text, wanted.language, today, by_sound=by_sound)
    units = cut(text)
    found = numbers(units, wanted.language, wanted.most, by_sound=by_sound) if wanted.kind == "number" else ()
    return units, list(found)


@lru_cache(maxsize=256)
def _in_words(text: str, language: str) -> str:
    """For example 2026-03-05 becomes 20260305, and 3/5 what it means in the language, if it means one day only."""
    text = _FULL.sub(lambda f: f"{f[1]}{int(f[2]):02}{int(f[3]):02}", text)
    return _SHORT.sub(lambda f: _short(int(f[1]), int(f[2]), f[3], language) or f[0], text)


def _short(first: int, second: int, year: str | None, language: str) -> str | None:
    british = language == "en-GB"
    if language.startswith("zh") or language == "en-US" or (not british and second > 12) or first == second:
        month, day = first, second
    elif british or first > 12:
        month, day = second, first
    else:
        return None
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    if year:
        return f"{year}{month:02}{day:02}"
    return f"{month}月{day}日" if language.startswith("zh") else f"{_MONTHS[month]} {day}"
