"""Spans of whole days, as reports are asked for."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

from agi_app.authoring.country_and_zone_names import is_zone, zone_meant
from agi_app.errors import InputError
from agi_app.messages import t

FIRST_YEAR, LAST_YEAR = 1970, 9000
_QUARTER = re.compile(r"(\d{4})[- ]?Q([1-4])", re.IGNORECASE)


def zone_of(name: str) -> ZoneInfo:
    """The zone of this name. Raises InputError."""
    if not is_zone(name):
        raise InputError(t("--zone {zone}: is not a time zone{meant}", zone=name, meant=zone_meant(name)))
    return ZoneInfo(name)


def span(since: dt.date, until: dt.date, zone: str) -> tuple[dt.datetime, dt.datetime]:
    """From midnight of the first day to that after the last one, in the zone. Raises InputError."""
    there = zone_of(zone)
    if until < since:
        raise InputError(t("--until {until} is before --since {since}", until=until, since=since))
    if since.year < FIRST_YEAR or until.year > LAST_YEAR:
        raise InputError(t("a report is of days from {first} to {last}", first=FIRST_YEAR, last=LAST_YEAR))
    begin = dt.datetime.combine(since, dt.time.min, there)
    return begin, dt.datetime.combine(until + dt.timedelta(days=1), dt.time.min, there)


def quarter(text: str) -> tuple[dt.date, dt.date]:
    """The first and the last day of ``2026Q4``. Raises InputError."""
    if (found := _QUARTER.fullmatch(text.strip())) is None or found[1] == "0000":
        raise InputError(t("{text}: is not a quarter; write it as 2026Q4", text=text))
    year, number = int(found[1]), int(found[2])
    after = dt.date(year + number // 4, number % 4 * 3 + 1, 1)
    return dt.date(year, number * 3 - 2, 1), after - dt.timedelta(days=1)
