"""Dates as English speakers say them: tomorrow, next Friday, March fifth, the 5th of March 2026, in three days.

A week begins on Monday, and "next Friday" is the one of the next week. "Friday" alone is the next one; said on a
Friday it is no answer. 3/5 is March 5 in en-US and 5 May in en-GB; in plain en it is no answer.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator

from agi_app.flow.answers import partial_dates as days
from agi_app.flow.answers.spoken_numbers_en import SMALL, value_of

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_MONTH_OF = {name: number for number, name in enumerate(MONTHS, start=1)} | {
    name[:3]: number for number, name in enumerate(MONTHS, start=1)
} | {"sept": 9}  # fmt: skip
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
)  # fmt: skip
_ORDINAL_OF = {name: number for number, name in enumerate(_ORDINALS, start=1)} | {"twentieth": 20, "thirtieth": 30}
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_ONE_TO_NINE, _FROM_TEN = "|".join(list(SMALL)[1:10]), "|".join(list(SMALL)[10:])
_FIRST_TO_NINTH, _ANY_ORDINAL, _ANY_NUMBER = "|".join(_ORDINALS[:9]), "|".join(_ORDINAL_OF), "|".join(SMALL)
_NTH = rf"(?:(?:twenty|thirty) (?:{_FIRST_TO_NINTH})\b|(?:{_ANY_ORDINAL})\b|[0-9]{{1,2}} ?(?:st|nd|rd|th)\b)"
_DAY = rf"(?:{_NTH}|(?:twenty|thirty) (?:{_ONE_TO_NINE})\b|[0-9]{{1,2}}\b|(?:{_ANY_NUMBER})\b)"
_TWO = rf"(?:(?:{_TENS}) (?:{_ONE_TO_NINE})|{_FROM_TEN})"
_YEAR = (
    rf"(?:[12][0-9]{{3}}\b|two thousand(?: and)?(?: (?:{_TWO}|{_ONE_TO_NINE}))?"
    rf"|(?:nineteen|twenty) (?:oh (?:{_ONE_TO_NINE})|{_TWO}))"
)
_MONTH = rf"(?:{'|'.join(sorted(_MONTH_OF, key=len, reverse=True))})\b"
_WEEKDAY = rf"(?:{'|'.join(_WEEKDAYS)})"
_COUNT = rf"(?:[0-9]{{1,3}}|a|{'|'.join(sorted(SMALL, key=len, reverse=True))})"
_SIGNS = [
    rf"\b(?P<month>{_MONTH}) (?:the )?(?P<day>{_DAY})(?:,? (?:of )?(?P<year>{_YEAR}))?",
    rf"\b(?:the )?(?P<day2>{_DAY}) (?:of )?(?P<month2>{_MONTH})(?:,? (?:of )?(?P<year2>{_YEAR}))?",
    r"\b(?P<digits>(?:19|20)[0-9]{6})\b",
    r"\b(?P<near>the day after tomorrow|day after tomorrow|tomorrow|today|the day before yesterday|yesterday)\b",
    rf"\b(?P<week>next|this|last|coming)(?: week)?(?: on)? (?P<weekday>{_WEEKDAY})\b",
    rf"\b(?P<bare>{_WEEKDAY}) (?P<of_week>next|this|last) week\b",
    rf"\b(?P<alone>{_WEEKDAY})\b(?! week)",
    rf"\bin (?P<on>{_COUNT}) (?P<unit>days?|weeks?)\b",
    rf"\b(?P<from_now>{_COUNT}) (?P<unit2>days?|weeks?) from (?P<from>now|today|tomorrow)\b",
    rf"\bthe (?P<nth>{_NTH})",
]
_DATE = re.compile("|".join(_SIGNS))
_NEAR_DAYS = {
    "today": 0,
    "tomorrow": 1,
    "day after tomorrow": 2,
    "yesterday": -1,
    "day before yesterday": -2,
    "now": 0,
}
_WEEKS = {"last": -1, "this": 0, "next": 1}


def dates_in(text: str, today: dt.date | None) -> Iterator[days.Found]:
    """Begin, end and day of every date in the text; None: a date that does not exist or needs to know today."""
    return days.dates_by(_DATE, text, today, _day)


def _day(parts: days.Parts, today: dt.date | None) -> dt.date | None:
    year = parts.get("year") or parts.get("year2")
    if year is not None:
        month, day = parts.get("month") or parts["month2"], parts.get("day") or parts["day2"]
        return days.day_of(_year(year), _MONTH_OF[month], _number(day))
    return None if today is None else _from_today(parts, today)


def _from_today(parts: days.Parts, today: dt.date) -> dt.date | None:
    ways: dict[str, Callable[[], dt.date | None]] = {
        "month": lambda: days.next_month_day(today, _MONTH_OF[parts["month"]], _number(parts["day"])),
        "month2": lambda: days.next_month_day(today, _MONTH_OF[parts["month2"]], _number(parts["day2"])),
        "near": lambda: days.after(today, _NEAR_DAYS[parts["near"].removeprefix("the ")]),
        "week": lambda: _weekday(today, parts["weekday"], parts["week"]),
        "of_week": lambda: _weekday(today, parts["bare"], parts["of_week"]),
        "alone": lambda: days.coming_weekday(today, _WEEKDAYS.index(parts["alone"])),
        "on": lambda: days.after(today, _span(parts["on"], parts["unit"])),
        "from_now": lambda: days.after(today, _span(parts["from_now"], parts["unit2"]) + _NEAR_DAYS[parts["from"]]),
        "nth": lambda: days.next_day(today, _number(parts["nth"])),
    }
    return next(way() for name, way in ways.items() if name in parts)


def _weekday(today: dt.date, name: str, which: str) -> dt.date | None:
    weekday = _WEEKDAYS.index(name)
    if which == "coming":
        return days.coming_weekday(today, weekday)
    return days.weekday_of_week(today, weekday, _WEEKS[which])


def _span(count: str, unit: str) -> int:
    return (1 if count == "a" else _number(count)) * (7 if unit.startswith("week") else 1)


def _number(said: str) -> int:
    """The number of a day; 0, which no calendar has, for what is not one."""
    digits = re.match(r"[0-9]+", said)
    if digits:
        return int(digits[0])
    *before, last = said.split()
    tens = SMALL.get(before[0], 0) if before else 0
    return tens + (_ORDINAL_OF.get(last) or SMALL.get(last, 0))


def _year(said: str) -> int:
    """For example 2026, two thousand twenty six, twenty twenty six, nineteen oh five."""
    if said.isdigit():
        return int(said)
    if said.startswith("two thousand"):
        return int(value_of(said) or 0)
    century, rest = said.split(" ", 1)
    return SMALL[century] * 100 + int(value_of(rest.removeprefix("oh ")) or 0)
