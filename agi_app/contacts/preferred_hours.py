"""The hours in which a person likes to be called, as lists have them, read to windows or refused. Pure.

``09:00-12:00, 14:00-17:30``, ``mon-fri 9am-12pm; sat 10:00-12:00``, ``周一至周五 9:00-12:00``, ``周末上午10点到12点``.
A span without days has those of the span before it; without any days it is of every day.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re

from agi_app.authoring.suggestions import quote
from agi_app.authoring.written_clock import NotATime, WrittenClock, find_clock, plain
from agi_app.authoring.written_times import WEEKDAY_NAMES
from agi_app.messages import spoken, t, template
from agi_app.model.campaign import Window

LONGEST = 200  # characters
WAYS = template("write it as 09:00-12:00, 14:00-17:30, or with days as mon-fri 09:00-12:00")
ANY_HOUR = frozenset(("any", "any time", "anytime", "always", "all day", "随时", "任意", "不限", "全天", "都可以"))
EVERY_DAY = frozenset(range(7))
_SOME_DAYS = {
    **dict.fromkeys(("weekdays", "weekday", "workdays", "工作日"), range(5)),
    **dict.fromkeys(("weekends", "weekend", "周末"), range(5, 7)),
    **dict.fromkeys(("every day", "everyday", "daily", "每天", "每日"), range(7)),
}
_SIGNS = "一二三四五六日"
_NAMES = "|".join(sorted((*WEEKDAY_NAMES, *_SOME_DAYS), key=len, reverse=True))
_TO = r" ?(?:-|~|至|到|to|until|through) ?"
_DAYS = re.compile(rf"(?P<first>{_NAMES})(?![a-z])(?:{_TO}(?P<last>{_NAMES}|[{_SIGNS}天])(?![a-z]))?")
_SIGN = re.compile(f"[{_SIGNS}天]")  # behind a day: 周一、三、五
_BETWEEN_CLOCKS = re.compile(_TO)
_BETWEEN = re.compile(r"(?:[ ,;/|&:.]|and |or |和|及|或|的)+")


class NotHours(ValueError):
    """The text tells no hours; the message, which goes behind the text, says why, and what to write."""


def read_hours(text: str) -> tuple[Window, ...]:
    """The windows that a text means; none for a text such as ``any time``. Raises NotHours."""
    even = plain(text, LONGEST)
    if even in ANY_HOUR:
        return ()
    if len(even) > LONGEST:
        raise NotHours(t("has more than {most} characters; {how}", most=LONGEST, how=spoken(WAYS)))
    found: list[Window] = []
    days: frozenset[int] = frozenset()
    open_days = False  # days were named, and their hours not yet
    while even := even[between.end() :] if (between := _BETWEEN.match(even)) else even:
        if named := _named_days(even, after_day=open_days):
            days, even = (days | named[0] if open_days else named[0]), named[1]
            open_days = True
        else:
            start, end, even = _span(even)
            found.append(Window(days or EVERY_DAY, start, end))
            open_days = False
    if open_days or not found:
        raise NotHours(t("has no hours; {how}", how=spoken(WAYS)))
    return tuple(found)


def _named_days(text: str, *, after_day: bool) -> tuple[frozenset[int], str] | None:
    """The days with which a text begins, and the rest; None: it begins with none."""
    if found := _DAYS.match(text):
        first, last = found["first"], found["last"]
        if last is None:
            return frozenset(_SOME_DAYS[first] if first in _SOME_DAYS else (WEEKDAY_NAMES[first],)), text[found.end() :]
        begin, end = WEEKDAY_NAMES.get(first), WEEKDAY_NAMES.get(f"周{last}" if last in f"{_SIGNS}天" else last)
        if begin is None or end is None:
            raise NotHours(t("names days that cannot be read; {how}", how=spoken(WAYS)))
        return frozenset((begin + n) % 7 for n in range((end - begin) % 7 + 1)), text[found.end() :]
    if after_day and (sign := _SIGN.match(text)):
        return frozenset((WEEKDAY_NAMES[f"周{sign[0]}"],)), text[sign.end() :]
    return None


def _span(text: str) -> tuple[dt.time, dt.time, str]:
    first = find_clock(text)
    to = _BETWEEN_CLOCKS.match(first[1]) if first else None
    last = find_clock(first[1][to.end() :]) if first and to else None
    if first is None or last is None:
        raise NotHours(t("cannot be read from {rest} on; {how}", rest=quote(text), how=spoken(WAYS)))
    return *_hours(first[0], last[0]), last[1]


def _hours(first: WrittenClock, last: WrittenClock) -> tuple[dt.time, dt.time]:
    if not (first.sure or last.sure):
        raise NotHours(t("has hours that may be of the morning or the evening; {how}", how=spoken(WAYS)))
    if 24 in (first.hour, last.hour):
        raise NotHours(t("has the time 24:00; write 23:59"))
    try:
        start, end = (dataclasses.replace(clock, sure=True).time() for clock in (first, last))
    except NotATime as error:
        raise NotHours(str(error)) from None
    if first.word and not last.word and start.hour >= 12 and last.hour < 12:
        end = end.replace(hour=end.hour + 12)  # 下午2点-5点
    if last.word and not first.word and start.hour < 12 <= end.hour and start.replace(hour=start.hour + 12) < end:
        start = start.replace(hour=start.hour + 12)  # 2-4pm
    if start >= end:
        raise NotHours(
            t("ends before it begins: write hours of 24; those over midnight are two, 20:00-23:59, 00:00-08:00")
        )
    return start, end
