"""The opening hours of one person for one campaign: where the next one begins, and where the one before ended. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from agi_app.gate.calling_hours import ONE_DAY, SEARCH_DAYS, Calendar, Opening, is_open, next_opening
from agi_app.gate.ruleset import Rules
from agi_app.model.campaign import Window

INSTANT = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class PersonsHours:
    """When one person may be called: the law's hours, the campaign's and their own, in every zone they may be in."""

    opening: Opening
    zones: tuple[ZoneInfo, ...]

    @classmethod
    def of(cls, rules: Rules | None, zones: Sequence[ZoneInfo], *narrower: tuple[Window, ...]) -> PersonsHours:
        """``narrower``: windows besides the law's; an empty one narrows nothing."""
        hours = tuple(windows for windows in narrower if windows)
        calendars: tuple[Calendar, ...] = ()
        if rules is not None:
            hours, calendars = hours + rules.opening.hours, rules.opening.calendars
        return cls(Opening(hours, calendars), tuple(zones))

    def is_open(self, at: dt.datetime) -> bool:
        """Whether a call may start then."""
        return is_open(at, self.opening, self.zones)

    def from_(self, at: dt.datetime) -> dt.datetime:
        """The first instant from ``at`` on that is open; ``at`` itself where none is found in three weeks."""
        return at if self.is_open(at) else next_opening(at, self.opening, self.zones) or at

    def last_before(self, at: dt.datetime) -> tuple[dt.datetime, dt.datetime] | None:
        """The last stretch that is open and ends by ``at``: its begin, its end (excluded). None: none in three weeks.

        Where clocks change within a window, an end is looked for in both of the hours that bear its name.
        """
        end = next((e for e in self._edges(at) if e <= at and self.is_open(e - INSTANT)), None)
        if end is None:
            return None
        begins = (b for b in self._edges(end) if b < end and self.is_open(b) and not self.is_open(b - INSTANT))
        return next(begins, end - ONE_DAY), end

    def _edges(self, until: dt.datetime) -> Iterator[dt.datetime]:
        """All instants by ``until`` at which something may open or close, the latest first."""
        times = {dt.time.min} | {edge for windows in self.opening.hours for w in windows for edge in (w.start, w.end)}
        found = set()
        for zone in self.zones:
            today = until.astimezone(zone).date()
            days = (today - back * ONE_DAY for back in range(-1, SEARCH_DAYS + 1))
            found |= {
                dt.datetime.combine(day, time, zone).replace(fold=fold).astimezone(dt.UTC)
                for day in days
                for time in times
                for fold in (0, 1)
            }
        return iter(sorted((edge for edge in found if edge <= until), reverse=True))
