"""What a subscriber chose: on or off, when, how strict, and their own lists."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from agi_app.guard.lists import ListEntry


class Level(StrEnum):
    """How soon the guard acts."""

    NOTICE = "notice"  # only marks, never comes between
    LOW = "low"
    STANDARD = "standard"
    STRICT = "strict"  # every first-time caller is challenged


@dataclass(frozen=True, slots=True)
class Hours:
    """When the guard works, in the subscriber's time; ``until`` before ``since`` goes over midnight."""

    since: dt.time
    until: dt.time
    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)  # Monday is 0; the day on which it begins

    def hold(self, local: dt.datetime) -> bool:
        """Whether the moment is in these hours."""
        time, day = local.time(), local.weekday()
        if self.since < self.until:
            return day in self.days and self.since <= time < self.until
        return (day in self.days and time >= self.since) or ((day - 1) % 7 in self.days and time < self.until)


@dataclass(frozen=True, slots=True)
class SubscriberSettings:
    """One subscriber's; the defaults hold for a line that nobody set."""

    enabled: bool = True
    level: Level = Level.STANDARD
    hours: tuple[Hours, ...] = ()  # none: at all hours
    zone: str = "UTC"  # IANA
    voicemail: bool = True  # whether there is a mailbox; without one the caller is challenged instead
    lists: tuple[ListEntry, ...] = ()

    def works(self, now: dt.datetime) -> bool:
        """Whether the guard screens calls at this moment."""
        if not self.enabled:
            return False
        return not self.hours or any(hours.hold(now.astimezone(ZoneInfo(self.zone))) for hours in self.hours)
