"""Calendars of closed days as plain dates, which are part of a rule set and of its version.

So a decision can be made again though the library ``holidays`` has learned of a new decree meanwhile.
The calendars that shipped rules mean are shipped as dates; others are looked up (``holiday_dates``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from agi_app.gate.calling_hours import Calendar
from agi_app.gate.rule_file import OWN, ClosedDays


@dataclass(frozen=True, slots=True, order=True)
class CalendarKey:
    """One way to look holidays up."""

    country: str
    subdivisions: tuple[str, ...]
    whole_breaks: bool
    working_days: bool

    def __str__(self) -> str:
        flags = [
            *self.subdivisions,
            *(["breaks"] if self.whole_breaks else []),
            *(["work"] if self.working_days else []),
        ]
        return " ".join([self.country, *flags])


def key_of(value: ClosedDays, region: str) -> CalendarKey | None:
    """Which holidays a value means in a file about ``region``; None when it only lists dates."""
    if value.calendar is None:
        return None
    country = region if value.calendar == OWN else value.calendar
    return CalendarKey(country, tuple(value.subdivisions), value.whole_breaks, value.working_days)


def listed(dates: Iterable[dt.date]) -> Calendar:
    """A calendar of these dates alone."""
    return Calendar(frozenset(dates), frozenset(), dt.date.min, dt.date.max)


def to_plain(calendar: Calendar) -> dict[str, list[str]]:
    """A calendar as JSON can hold it, always the same way."""
    return {
        "closed": [day.isoformat() for day in sorted(calendar.closed)],
        "working": [day.isoformat() for day in sorted(calendar.working)],
        "covers": [calendar.first.isoformat(), calendar.last.isoformat()],
    }


def from_plain(plain: dict[str, list[str]]) -> Calendar:
    """The calendar that ``to_plain`` wrote."""
    closed, working = (frozenset(map(dt.date.fromisoformat, plain[name])) for name in ("closed", "working"))
    first, last = map(dt.date.fromisoformat, plain["covers"])
    return Calendar(closed, working, first, last)
