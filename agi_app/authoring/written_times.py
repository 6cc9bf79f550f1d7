"""Dates, alone or with a time of day, as people write them in their lists, read to an instant or refused. Pure.

Read are, also in full-width signs and with the weekday before or behind (a wrong one is refused):

================================================  ===================================================================
year first                                        2026-03-05, 2026/3/5, 2026.3.5, 20260305, 2026年3月5日
the month as a word                               5 March 2026, 5 Mar 2026, March 5th, 2026, 05-MAR-2026
day, month and year with dots                     05.03.2026; where the year comes first, only a day over 12
numbers alone, in the order of the region         3/4/2026, 03-04-2026 (``day_orders``)
the time of day behind it                         14:30, 14:30:00, 2:30 PM, 9am, 下午2:30, 下午2点半, 14时30分, 中午12点
an offset behind that                             Z, UTC, +08:00, +0800, UTC+8, 北京时间
what a spreadsheet makes of them                  46086.604166666664
================================================  ===================================================================

Nothing is guessed. Refused are: an order that a region does not tell, years of two digits or none, local times without
a zone, local times that do not exist or exist twice because clocks change, 24:00, names of zones such as EST, and a
text that may be a span, such as 9:00-10:00.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from agi_app.authoring.day_orders import DayOrder, order_of
from agi_app.authoring.suggestions import quote
from agi_app.authoring.written_clock import LONGEST, NotATime, find_clock, plain
from agi_app.messages import spoken, t, template

FIRST_YEAR, LAST_YEAR = 2000, 2099
ANY_TIME = template("write it as 2026-03-05, or with the time of day as 2026-03-05 14:30")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = (
    r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>[0-9]{4})"
_DATES = (
    re.compile(rf"{_YEAR} ?(?P<sign>[-/.]) ?(?P<month>[0-9]{{1,2}}) ?(?P=sign) ?(?P<day>[0-9]{{1,2}})(?![0-9])"),
    re.compile(rf"{_YEAR} ?年 ?(?P<month>[0-9]{{1,2}}) ?月 ?(?P<day>[0-9]{{1,2}}) ?[日号]"),
    re.compile(r"(?P<year>20[0-9]{2})(?P<month>[0-9]{2})(?P<day>[0-9]{2})(?=$|[t ]|[0-9]{4}(?:[0-9]{2})?(?![0-9]))"),
    re.compile(rf"{_DAY}[ ./-]*(?:of )?{_NAME}[ ,./-]*{_YEAR}(?![0-9])"),
    re.compile(rf"{_NAME}[ ./-]*{_DAY}(?![0-9])[ ,./-]*{_YEAR}(?![0-9])"),
    re.compile(rf"{_YEAR}[ ./-]*{_NAME}[ ./-]*(?P<day>[0-9]{{1,2}})(?![0-9])"),
)
_DOTTED = re.compile(rf"(?P<first>[0-9]{{1,2}})\. ?(?P<second>[0-9]{{1,2}})\. ?{_YEAR}(?![0-9])")
_ORDERED = re.compile(
    rf"(?P<first>[0-9]{{1,2}}) ?(?P<sign>[-/]) ?(?P<second>[0-9]{{1,2}}) ?(?P=sign) ?{_YEAR}(?![0-9])"
)
_SURE = (False, False)  # neither the region nor the size of a number told which is the month
_SHORT_YEAR = re.compile(
    r"[0-9]{1,2} ?([-/.]) ?[0-9]{1,2} ?\1 ?[0-9]{2}(?![0-9])|[0-9]{2} ?年"
    rf"|[0-9]{{1,2}}(?:st|nd|rd|th)?[ ./-]*{_NAME}[ ,./-]*[0-9]{{2}}(?![0-9:.点时apm])"
)
_NO_YEAR = re.compile(
    rf"[0-9]{{1,2}} ?月 ?[0-9]{{1,2}} ?[日号]|[0-9]{{1,2}}(?:st|nd|rd|th)?[ .-]*{_NAME.replace('name', 'name2')}"
    rf"|{_NAME}[ .-]*[0-9]{{1,2}}(?![0-9])|[0-9]{{1,2}}[/-][0-9]{{1,2}}(?![-/0-9])"
)
_SERIAL = re.compile(r"(?P<days>[45][0-9]{4})(?P<part>\.[0-9]+)?")  # days since 1899-12-30: 2009 to 2064
_SPREADSHEET_EPOCH = dt.datetime(1899, 12, 30, tzinfo=dt.UTC)
_COMPACT_CLOCK = re.compile(r"t?([0-9]{2})([0-9]{2})([0-9]{2})?(?![0-9])")
_BETWEEN = re.compile(r"\.? ?(?:t(?=[0-9])|,? ?(?:at|um) |,? ?@|,|- |:(?= ))? ?")
_OFFSET = re.compile(r"(?P<named>(?:utc|gmt) ?)?(?P<sign>[+-])(?P<hours>[0-9]{1,2})(?::?(?P<minutes>[0-9]{2}))?")
_OFFSETS = {"z": 0, "utc": 0, "北京时间": 8, "(北京时间)": 8}
_MOST_HOURS = 14
_WEEKDAYS = (
    *(template("Monday"), template("Tuesday"), template("Wednesday"), template("Thursday")),
    *(template("Friday"), template("Saturday"), template("Sunday")),
)
WEEKDAY_NAMES = {name.lower(): n for n, name in enumerate(_WEEKDAYS)} | {
    **{name[:3].lower(): n for n, name in enumerate(_WEEKDAYS)},
    **dict(zip(("tues", "weds", "thur", "thurs"), (1, 2, 3, 3), strict=True)),
    **{f"{week}{'一二三四五六日'[n]}": n for week in ("周", "星期", "礼拜") for n in range(7)},
    **dict.fromkeys(("周天", "星期天", "礼拜天"), 6),
}
_LONGEST_FIRST = sorted(WEEKDAY_NAMES, key=len, reverse=True)
_WEEKDAY = re.compile(rf"\(?(?<![a-z])({'|'.join(_LONGEST_FIRST)})(?![a-z])\)?\.?,?")
ONE_DAY = dt.timedelta(days=1)


class WrongOrder(NotATime):
    """The numbers of a date contradict the order in which its region writes them: others of the file may, too."""


@dataclass(frozen=True, slots=True)
class WrittenTime:
    """What a text means. All in UTC."""

    at: dt.datetime  # of a day alone: its first instant
    until: dt.datetime  # excluded; of a day alone: the first instant of the next; else ``at`` itself
    whole_day: bool  # no time of day is written
    by_order: bool = False  # only the order of the region told which number is the month
    by_size: bool = False  # written as 3/14/2026: 14 can only be the day


@dataclass(frozen=True, slots=True)
class WrittenLocal:
    """The day and the time of day as they are written, of no zone."""

    day: dt.date
    told_by: tuple[bool, bool]  # the order of the region, the size of the numbers
    time: dt.time | None  # None: no time of day is written
    offset: dt.tzinfo | None


@lru_cache(maxsize=10_000)
def read_time(text: str, zone: ZoneInfo | None, region: str | None) -> WrittenTime:
    """The instant that a text means.

    ``zone`` is that of times without an offset (None: those are refused); ``region`` (ISO 3166 alpha-2) tells the order
    of 3/4/2026 (None: that is refused). Raises NotATime with the reason, in the language of that moment.
    """
    found = read_local(text, region)
    if found.time is None:
        begin = _instant(found.day, dt.time.min, _needed(zone), whole=True)
        return WrittenTime(
            begin, _instant(found.day + ONE_DAY, dt.time.min, _needed(zone), whole=True), True, *found.told_by
        )
    at = _instant(found.day, found.time, found.offset or _needed(zone))
    return WrittenTime(at, at, False, *found.told_by)


def read_local(text: str, region: str | None) -> WrittenLocal:
    """The day, and the time of day if one is written; ``region`` as ``read_time`` has it. Raises NotATime as that."""
    even = plain(text.strip().lstrip("'"))
    if not even:
        raise NotATime(t("is empty; {how}", how=spoken(ANY_TIME)))
    if len(even) > LONGEST:
        raise NotATime(_unreadable())
    if serial := _SERIAL.fullmatch(even):
        return _from_spreadsheet(serial)
    weekdays = {WEEKDAY_NAMES[name] for name in _WEEKDAY.findall(even)}
    even = " ".join(_WEEKDAY.sub(" ", even).split())
    day, rest, told_by = _day(even, region)
    if weekdays - {day.weekday()}:
        raise NotATime(
            t(
                "names the wrong weekday: {day} is a {weekday}; correct the day or the weekday",
                day=day,
                weekday=spoken(_WEEKDAYS[day.weekday()]),
            )
        )
    if not rest:
        return WrittenLocal(day, told_by, None, None)
    time, offset = _time_of_day(day, rest)
    return WrittenLocal(day, told_by, time, offset)


def _unreadable() -> str:
    return t("is not a date that can be read; {how}", how=spoken(ANY_TIME))


def _from_spreadsheet(serial: re.Match[str]) -> WrittenLocal:
    """A date that a spreadsheet shows as a number; its fraction is rounded to whole seconds."""
    days = _SPREADSHEET_EPOCH + dt.timedelta(days=int(serial["days"]))
    if serial["part"] is None:
        return WrittenLocal(days.date(), (False, False), None, None)
    found = days + dt.timedelta(seconds=round(float(serial["part"]) * ONE_DAY.total_seconds()))
    return WrittenLocal(found.date(), (False, False), found.time(), None)


def _day(text: str, region: str | None) -> tuple[dt.date, str, tuple[bool, bool]]:
    """The day, the text behind it, and what told which number is the month."""
    for form in _DATES:
        if found := form.match(text):
            parts = found.groupdict()
            month = _MONTHS.index(parts["name"][:3]) + 1 if "name" in parts else int(parts["month"])
            return _real(int(parts["year"]), month, int(parts["day"])), text[found.end() :], _SURE
    if found := _DOTTED.match(text):
        return (
            _dotted(int(found["first"]), int(found["second"]), int(found["year"]), region),
            text[found.end() :],
            _SURE,
        )
    if found := _ORDERED.match(text):
        day, told_by = _ordered(int(found["first"]), int(found["second"]), int(found["year"]), region)
        return day, text[found.end() :], told_by
    if _SHORT_YEAR.match(text):
        raise NotATime(
            t("has a year of two digits, which can be a day as well; write all four, as in 2026-03-05 14:30")
        )
    if _NO_YEAR.match(text):
        raise NotATime(t("has no year; write it as in 2026-03-05 14:30"))
    raise NotATime(_unreadable())


def _dotted(first: int, second: int, year: int, region: str | None) -> dt.date:
    """The day first, but where neither of the two orders is in use, and both fit."""
    if order_of(region) is None and first <= 12 and second <= 12 and first != second:
        ways = (DayOrder.DAY_FIRST, DayOrder.MONTH_FIRST)
        one, other = (_of(way, first, second, year) for way in ways)
        raise NotATime(t("may be {one} or {other}: write it in that form, year, month, day", one=one, other=other))
    return _real(year, second, first)


def _ordered(first: int, second: int, year: int, region: str | None) -> tuple[dt.date, tuple[bool, bool]]:
    order = order_of(region)
    readings = [
        way
        for way, month, day in ((DayOrder.MONTH_FIRST, first, second), (DayOrder.DAY_FIRST, second, first))
        if 1 <= month <= 12 and 1 <= day <= 31
    ]
    if len(readings) < 2 or first == second:
        if order is not None and readings and order not in readings:
            raise WrongOrder(_wrong_order(order, region or "", _of(readings[0], first, second, year)))
        return _of(readings[0] if readings else order or DayOrder.DAY_FIRST, first, second, year), (
            False,
            first != second,
        )
    if order is None:
        one, other = (_of(way, first, second, year) for way in readings)
        raise NotATime(t("may be {one} or {other}: write it in that form, year, month, day", one=one, other=other))
    return _of(order, first, second, year), (True, False)


def _of(way: DayOrder, first: int, second: int, year: int) -> dt.date:
    month, day = (first, second) if way is DayOrder.MONTH_FIRST else (second, first)
    return _real(year, month, day)


def _wrong_order(order: DayOrder, region: str, day: dt.date) -> str:
    if order is DayOrder.DAY_FIRST:
        reason = template("has no such month: in {region} the day comes first; write {day} if that is meant")
    else:
        reason = template("has no such month: in {region} the month comes first; write {day} if that is meant")
    return t(reason, region=region, day=day)


def _real(year: int, month: int, day: int) -> dt.date:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise NotATime(
            t(
                "is of the year {year}: only those from {first} to {last} are read",
                year=year,
                first=FIRST_YEAR,
                last=LAST_YEAR,
            )
        )
    try:
        return dt.date(year, month, day)
    except ValueError:
        raise NotATime(
            t("is not a day that exists: there is no {year}-{month:02}-{day:02}", year=year, month=month, day=day)
        ) from None


def _time_of_day(day: dt.date, text: str) -> tuple[dt.time, dt.tzinfo | None]:
    iso = text.startswith("t")
    if compact := _COMPACT_CLOCK.match(text.lstrip()):
        text = ":".join(filter(None, compact.groups())) + text.lstrip()[compact.end() :]
    between = _BETWEEN.match(text)
    found = find_clock(text[between.end() if between else 0 :])
    if found is None:
        raise NotATime(_unreadable())
    clock, rest = found
    if (clock.hour, clock.minute) == (24, 0):
        raise NotATime(
            t("has the time 24:00, which is the beginning of the next day; write {next} 00:00", next=day + ONE_DAY)
        )
    return clock.time(), _offset(rest, sure=iso or clock.to_the_second)


def _offset(rest: str, *, sure: bool) -> dt.tzinfo | None:
    """``sure``: what is written before it is no begin of a span, so that a minus begins an offset."""
    text = rest.strip().removesuffix("uhr").strip()
    if not text:
        return None
    if text in _OFFSETS:
        return dt.timezone(dt.timedelta(hours=_OFFSETS[text]))
    found = _OFFSET.fullmatch(text)
    if found is None:
        raise NotATime(
            t(
                "has {rest} behind its time, which is not read; write only the time, or with an offset as in {example}",
                rest=quote(text),
                example="2026-03-05T14:30+08:00",
            )
        )
    hours, minutes = int(found["hours"]), int(found["minutes"] or 0)
    if found["sign"] == "-" and not sure and not found["named"]:
        raise NotATime(
            t(
                "may be a span of time: write only when it begins, or an offset from UTC as in {example}",
                example="2026-03-05T14:30:00-05:00",
            )
        )
    if hours > _MOST_HOURS or minutes > 59:
        raise NotATime(t("has an offset from UTC that no place has; write it as in 2026-03-05T14:30+08:00"))
    behind = dt.timedelta(hours=hours, minutes=minutes)
    return dt.timezone(-behind if found["sign"] == "-" else behind)


def _needed(zone: ZoneInfo | None) -> ZoneInfo:
    if zone is None:
        raise NotATime(
            t(
                "has no offset from UTC, and the campaign has no zone: add zone: to the campaign, such as zone:"
                " Europe/London, or write the offset, as in 2026-03-05T14:30+08:00"
            )
        )
    return zone


def _instant(day: dt.date, time: dt.time, zone: dt.tzinfo, *, whole: bool = False) -> dt.datetime:
    """In UTC. NotATime where clocks pass over the time, or show it twice; ``whole``: the first instant of the day."""
    local = dt.datetime.combine(day, time, zone)
    earlier, later = local, local.replace(fold=1)
    if whole or earlier.utcoffset() == later.utcoffset():
        return earlier.astimezone(dt.UTC)
    if earlier.astimezone(dt.UTC).astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise NotATime(
            t(
                "does not exist in {zone}: clocks go forward over this time of that day; write one that exists",
                zone=zone,
            )
        )
    raise NotATime(
        t(
            "exists twice in {zone}, because clocks go back: write {earlier} or {later}",
            zone=zone,
            earlier=earlier.isoformat(timespec="minutes"),
            later=later.isoformat(timespec="minutes"),
        )
    )
