"""Windows and closed days in the callee's own time: is it open now, and when does it open next? Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from agi_app.model.campaign import Window

SEARCH_DAYS = 21  # how far ahead the next opening is looked for; the longest break known has ten days
WORKING_DAY = 0  # a weekend day that a decree makes a working day has the hours of a Monday
ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days on which nobody is called, for the years that it covers (both ends included)."""

    closed: frozenset[dt.date]
    working: frozenset[dt.date]  # weekend days that count as working days
    first: dt.date
    last: dt.date

    def closes(self, day: dt.date) -> bool:
        """Whether ``day`` is closed; what the calendar does not cover is."""
        return day in self.closed or not self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Opening:
    """When calls may start: inside a window of each set, on a day that no calendar closes."""

    hours: tuple[tuple[Window, ...], ...]
    calendars: tuple[Calendar, ...] = ()

    def within_hours(self, local: dt.datetime) -> bool:
        """Whether the local time is inside one window of every set, whatever the calendars close."""
        weekday = WORKING_DAY if any(local.date() in c.working for c in self.calendars) else local.weekday()
        return all(
            any(weekday in window.days and window.start <= local.time() < window.end for window in windows)
            for windows in self.hours
        )

    def closed_on(self, day: dt.date) -> bool:
        """Whether a calendar closes this local day."""
        return any(calendar.closes(day) for calendar in self.calendars)

    def open_at(self, local: dt.datetime) -> bool:
        """Whether a call may start at this local time."""
        return self.within_hours(local) and not self.closed_on(local.date())


def is_open(now: dt.datetime, opening: Opening, zones: Sequence[ZoneInfo]) -> bool:
    """Whether a call may start at ``now`` in every zone; never when there is no zone."""
    return bool(zones) and all(opening.open_at(now.astimezone(zone)) for zone in zones)


def next_opening(now: dt.datetime, opening: Opening, zones: Sequence[ZoneInfo]) -> dt.datetime | None:
    """The earliest later instant that is open in every zone; None if there is none in three weeks.

    Where clocks go forward over a window's start, it is the start moved by as much (at most an hour late).
    """
    return _next_opening(now, opening, tuple(zones))


@lru_cache(maxsize=256)  # the contacts of one claim, judged at one instant, mostly live under the same hours
def _next_opening(now: dt.datetime, opening: Opening, zones: tuple[ZoneInfo, ...]) -> dt.datetime | None:
    today = {zone: now.astimezone(zone).date() for zone in zones}
    starts = sorted({w.start for windows in opening.hours for w in windows})
    waiting: set[dt.datetime] = set()
    for ahead in range(SEARCH_DAYS + 1):
        for zone, first in today.items():
            waiting.update(s for s in _starts(first + ahead * ONE_DAY, starts, zone) if s > now)
        # No start of a later day lies before this instant.
        complete = (
            min(_midnight(first + (ahead + 1) * ONE_DAY, zone) for zone, first in today.items()) if today else now
        )
        ready = sorted(s for s in waiting if s < complete)
        if (found := next((s for s in ready if is_open(s, opening, zones)), None)) is not None:
            return found
        waiting.difference_update(ready)
    return None


def _starts(day: dt.date, starts: list[dt.time], zone: ZoneInfo) -> list[dt.datetime]:
    """The windows' starts on one local day; where clocks go back, a start comes twice."""
    return [
        dt.datetime.combine(day, start, zone).replace(fold=fold).astimezone(dt.UTC)
        for start in starts
        for fold in (0, 1)
    ]


def _midnight(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.min, zone).astimezone(dt.UTC)
