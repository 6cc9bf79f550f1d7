"""Dates as Mandarin speakers say them: 明天, 下周三, 三月五号, 二零二六年三月五日, 下个月五号, 三天后.

A week begins on Monday. 周三 alone is the next one; said on a Wednesday it is no answer.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator

from agi_app.flow.answers import partial_dates as days
from agi_app.flow.answers import pinyin
from agi_app.flow.answers.spoken_numbers_zh import value_of

_SIMPLE = str.maketrans("後號週禮個這兩幾內來從點", "后号周礼个这两几内来从点")
_N = r"[0-9零〇一二三四五六七八九十两]{1,8}"  # longer ones are no day, and would take the square of their length
_MONTH_DAY = rf"(?P<month>{_N})月(?:份)?(?P<day>{_N})(?:号|日)?"
_NEAR_DAYS = {
    "今天": 0,
    "今日": 0,
    "明天": 1,
    "明日": 1,
    "明儿": 1,
    "后天": 2,
    "大后天": 3,
    "昨天": -1,
    "前天": -2,
    "大前天": -3,
}
_YEARS = {"今年": 0, "明年": 1, "后年": 2, "去年": -1, "前年": -2}
_WHICH = {"上": -1, "这": 0, "本": 0, "下": 1, "下下": 2}  # of weeks and months
_WEEKDAYS = (
    {name: index for index, name in enumerate("一二三四五六日")} | {"天": 6} | {str(n): n - 1 for n in range(1, 7)}
)
_WORDS = "今明后大前昨天日儿周星期礼拜一二三四五六七八九十零月号年下上这本个两"
_SIGNS = [
    rf"(?P<year>[0-9]{{4}}|[零〇一二三四五六七八九两]{{4}}|今年|明年|后年|去年|前年)年?的?{_MONTH_DAY}",
    r"(?P<digits>(?:19|20)[0-9]{6})(?![0-9])",
    rf"(?P<which>下下|下|上|这|本)个?月(?:的)?(?P<of_month>{_N})(?:号|日)",
    _MONTH_DAY.replace("<month>", "<month2>").replace("<day>", "<day2>"),
    r"(?P<near>大后天|大前天|今天|今日|明天|明日|明儿|后天|昨天|前天)",
    r"(?P<week>下下|下|上|这|本)?个?(?:星期|周|礼拜)(?P<weekday>[一二三四五六日天1-6])",
    rf"(?P<on>{_N})(?P<unit>天|个星期|星期|周|个礼拜|礼拜)(?:之后|以后|后)",
    rf"(?P<alone>{_N})(?:号|日)",
]
_DATE = re.compile("|".join(_SIGNS))


def dates_in(text: str, today: dt.date | None) -> Iterator[days.Found]:
    """Begin, end and day of every date in the text; None: a date that does not exist or needs to know today."""
    return days.dates_by(_DATE, text.translate(_SIMPLE), today, _day)


def in_sound(text: str) -> str:
    """The text with every character that sounds as a word of dates as that word: 名天 is 明天."""
    return "".join(c if c in _WORDS else _homophones().get((pinyin.toned(c) or ("",))[0], c) for c in text)


def _homophones() -> dict[str, str]:
    sounds = [(pinyin.toned(c)[0], c) for c in dict.fromkeys(_WORDS)]
    return {sound: c for sound, c in sounds if [s for s, _ in sounds].count(sound) == 1}


def _day(parts: days.Parts, today: dt.date | None) -> dt.date | None:
    if "year" in parts and parts["year"] not in _YEARS:
        year = value_of(parts["year"])
        return days.day_of(int(year), *_numbers(parts, "month", "day")) if year else None
    return None if today is None else _from_today(parts, today)


def _from_today(parts: days.Parts, today: dt.date) -> dt.date | None:
    ways: dict[str, Callable[[], dt.date | None]] = {
        "year": lambda: days.day_of(today.year + _YEARS[parts["year"]], *_numbers(parts, "month", "day")),
        "which": lambda: days.day_of_month(today, _WHICH[parts["which"]], *_numbers(parts, "of_month")),
        "month2": lambda: days.next_month_day(today, *_numbers(parts, "month2", "day2")),
        "near": lambda: days.after(today, _NEAR_DAYS[parts["near"]]),
        "week": lambda: days.weekday_of_week(today, _WEEKDAYS[parts["weekday"]], _WHICH[parts["week"]]),
        "weekday": lambda: days.coming_weekday(today, _WEEKDAYS[parts["weekday"]]),
        "on": lambda: days.after(today, _numbers(parts, "on")[0] * (1 if parts["unit"] == "天" else 7)),
        "alone": lambda: days.next_day(today, *_numbers(parts, "alone")),
    }
    return next(way() for name, way in ways.items() if name in parts)


def _numbers(parts: days.Parts, *names: str) -> list[int]:
    """The numbers; 0, which no calendar has, for what is not one."""
    return [int((value_of(parts[name]) or "0")[:9]) for name in names]
