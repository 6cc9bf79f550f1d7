"""The fortnight's calendar: which days and hours it has."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from typing import Any

ZONE = timezone(timedelta(hours=8))  # Asia/Shanghai, one zone and no clock changes
FIRST_DAY = date(2026, 3, 30)  # a Monday; Qingming (4 to 6 April) closes the middle of the fortnight
DAYS = 14
CLOSED = (date(2026, 4, 4), date(2026, 4, 5), date(2026, 4, 6))
START = datetime.combine(FIRST_DAY, time(8, 0), ZONE)
END = datetime.combine(FIRST_DAY + timedelta(days=DAYS), time(0, 0), ZONE)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
PURPOSE = "transactional"

Row = dict[str, Any]
Json = dict[str, Any]


def iso(t: datetime) -> str:
    """To the second, with the offset of Asia/Shanghai."""
    return t.astimezone(ZONE).isoformat(timespec="seconds")


def is_clinic_day(d: date) -> bool:
    """Whether the clinic has appointments on a day: no Sunday, no closed day."""
    return d.weekday() != 6 and d not in CLOSED


def at_clock(d: date, clock: str) -> datetime:
    """The time of a day at a clock such as `09:30`; ValueError for anything else."""
    hour, minute = clock.split(":")
    return datetime.combine(d, time(int(hour), int(minute)), ZONE)


def in_call_hours(t: datetime) -> bool:
    """Whether the region and the campaign's window let a person be called at t."""
    clock = t.astimezone(ZONE).time()
    return is_clinic_day(t.date()) and (time(9, 30) <= clock < time(12, 0) or time(14, 0) <= clock < time(19, 30))
