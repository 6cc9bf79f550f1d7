"""Days that are not said in full, reckoned from Wednesday, 4 March 2026."""

from __future__ import annotations

import datetime as dt

import pytest

from agi_app.flow.answers import partial_dates as days

TODAY = dt.date(2026, 3, 4)


@pytest.mark.parametrize(
    ("found", "day"),
    [
        (days.day_of(2026, 2, 30), None),
        (days.after(TODAY, -4), "2026-02-28"),
        (days.next_month_day(TODAY, 2, 29), "2028-02-29"),
        (days.next_day(TODAY, 31), "2026-03-31"),
        (days.next_day(TODAY, 3), "2026-04-03"),
        (days.day_of_month(TODAY, 1, 31), None),
        (days.weekday_of_week(TODAY, 0, 1), "2026-03-09"),
        (days.coming_weekday(TODAY, 4), "2026-03-06"),
        (days.coming_weekday(TODAY, 2), None),
    ],
)
def test_a_day_is_the_next_one_that_the_calendar_has_or_none(found: dt.date | None, day: str | None) -> None:
    """Today's own weekday may also mean the one in a week, so it is no day for sure."""
    assert found == (None if day is None else dt.date.fromisoformat(day))
