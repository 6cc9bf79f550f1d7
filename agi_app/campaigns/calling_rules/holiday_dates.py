"""Looks public holidays up in the library ``holidays`` (no network), as dates for a rule set.

Importing the library takes a third of a second, so only who needs it imports this.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import holidays

from agi_app.campaigns.calling_rules.calendars import CalendarKey
from agi_app.gate.calling_hours import Calendar
from agi_app.messages import t

YEARS = range(2024, 2036)  # days outside are closed: a rule set does not live that long
FIRST, LAST = dt.date(YEARS[0], 1, 1), dt.date(YEARS[-1], 12, 31)
ONE_DAY = dt.timedelta(days=1)
SATURDAY = 5


def fault_of(key: CalendarKey) -> str | None:
    """Why the library cannot answer this key, for people; None when it can."""
    known = holidays.list_supported_countries()
    if key.country not in known:
        return t("agi-app has no calendar of {country}: list its closed days as dates", country=key.country)
    unknown = [name for name in key.subdivisions if name not in known[key.country]]
    return (
        t("the calendar of {country} has no subdivision {unknown}", country=key.country, unknown=", ".join(unknown))
        if unknown
        else None
    )


def expand(key: CalendarKey) -> Calendar:
    """The closed days of all ``YEARS``, and the weekend days that a decree made working days."""
    found = [holidays.country_holidays(key.country, subdiv=name, years=YEARS) for name in (key.subdivisions or (None,))]
    days = {day for calendar in found for day in calendar if FIRST <= day <= LAST}
    decreed = {day for calendar in found for day in calendar.weekend_workdays if FIRST <= day <= LAST}
    closed = days - decreed
    if key.whole_breaks:
        closed |= set(_weekends_beside(closed, decreed))
    return Calendar(frozenset(closed), frozenset(decreed if key.working_days else ()), FIRST, LAST)


def _weekends_beside(closed: set[dt.date], working: set[dt.date]) -> Iterable[dt.date]:
    """Weekend days that are part of a break: only free days lie between them and a holiday."""
    for day in closed:
        for step in (ONE_DAY, -ONE_DAY):
            beside = day + step
            while beside in closed or (beside.weekday() >= SATURDAY and beside not in working):
                yield beside
                beside += step
