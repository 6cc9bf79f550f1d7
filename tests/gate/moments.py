"""Instants for cases: an hour when many may be called, or an edge of windows, days, daylight saving and calendars."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from random import Random
from zoneinfo import ZoneInfo

from tests.gate.book import DAY, FIRST, LAST, days_of
from tests.gate.where import Where, clock_of

MU, SECOND, MINUTE = dt.timedelta(microseconds=1), dt.timedelta(seconds=1), dt.timedelta(minutes=1)
BESIDE = (-MINUTE, -SECOND, -MU, dt.timedelta(0), MU, SECOND, MINUTE)
HOURS = (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.25, 8, 9, 10, 12, 13, 14, 15, 17, 18, 19.5, 20, 21, 23.99)
HOUR = dt.timedelta(hours=1)
MIDWEEK = (1, 2, 3)
SHARES = (0.55, 0.35, 0.1)  # a good hour, an edge of hours on a special day, any instant


def moment(rng: Random, place: Where | None) -> dt.datetime:
    """An instant (UTC) to judge at, meant for somebody who is there."""
    zone = clock_of(rng.choice(place.zones) if place and place.zones else "UTC")
    region = place.region if place else "GB"
    kind = rng.choices(("good", "edge", "any"), SHARES)[0]
    if kind == "any":
        return dt.datetime(2024, 1, 1, tzinfo=dt.UTC) + rng.random() * dt.timedelta(days=4500)
    if kind == "good":
        return _local(_midweek(rng), dt.timedelta(hours=12.5 if region == "US" else 10.5), zone, 0)
    day = rng.choice(_special(region)) + rng.choice((-DAY, 0 * DAY, 0 * DAY, DAY))
    if rng.random() < 0.1:  # midnight of UTC, when the lists of others grow older
        return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC) + rng.choice(BESIDE)
    return _local(day, rng.choice(HOURS) * HOUR, zone, rng.randrange(2)) + rng.choice(BESIDE)


def _midweek(rng: Random) -> dt.date:
    day = dt.date(2025, 1, 1) + DAY * rng.randrange(1400)
    return day - DAY * (day.weekday() - rng.choice(MIDWEEK))


def _local(day: dt.date, hours: dt.timedelta, zone: ZoneInfo, fold: int) -> dt.datetime:
    """When a clock there shows so; of an hour that comes twice the first or second, of a skipped one either side."""
    wall = dt.datetime(day.year, day.month, day.day, tzinfo=zone) + hours  # what the wall shows, not hours that passed
    return wall.replace(fold=fold).astimezone(dt.UTC)


@lru_cache(maxsize=64)
def _special(region: str) -> tuple[dt.date, ...]:
    """Days that are special there: holidays, shifted working days, clocks changed, leap days, ends of what we know."""
    known = region if region in ("CN", "GB", "US", "FR") else "US"
    off, working = days_of(known, ("ENG", "NIR", "SCT", "WLS") if known == "GB" else ())
    weekend = [dt.date(2026, 6, day) for day in (5, 6, 7, 8)] * 6
    changes = [_sunday(year, *month) for year in range(2024, 2029) for month in ((3, 1), (11, 0), (3, -1), (10, -1))]
    odd = [dt.date(2024, 2, 29), dt.date(2028, 2, 29), dt.date(2027, 2, 28), dt.date(2026, 3, 5), FIRST, LAST]
    recent = [day for day in sorted(off) if FIRST.year <= day.year <= FIRST.year + 4]
    return (*recent, *sorted(d for d in working if d >= FIRST) * 2, *weekend, *changes * 2, *odd * 4)


def _sunday(year: int, month: int, number: int) -> dt.date:
    """The first (0), second (1) or last (-1) Sunday of a month."""
    days = [dt.date(year, month, day) for day in range(1, 31)]
    return [day for day in days if day.weekday() == 6][number]
