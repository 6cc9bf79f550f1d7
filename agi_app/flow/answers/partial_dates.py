"""Days that are not said in full: which Wednesday, which 5th, which March 5th. Pure; ``today`` is an argument."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator

MONDAY_TO_SUNDAY = 7
Parts = dict[str, str]  # what was said, by the name of its part
Found = tuple[int, int, dt.date | None]


def day_of(year: int, month: int, day: int) -> dt.date | None:
    """The day, if the calendar has it."""
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def day_of_digits(digits: str) -> dt.date | None:
    """The day of eight digits: year, month, day."""
    return day_of(int(digits[:4]), int(digits[4:6]), int(digits[6:]))


def dates_by(
    signs: re.Pattern[str], text: str, today: dt.date | None, day: Callable[[Parts, dt.date | None], dt.date | None]
) -> Iterator[Found]:
    """Begin, end and day of all that fits ``signs``, whose groups are parts of a date; ``digits`` are eight of them."""
    for found in signs.finditer(text):
        parts = {name: said for name, said in found.groupdict().items() if said is not None}
        digits = parts.get("digits")
        yield found.start(), found.end(), day_of_digits(digits) if digits else day(parts, today)


def after(today: dt.date, days: int) -> dt.date | None:
    """So many days on, or back."""
    try:
        return today + dt.timedelta(days=days)
    except OverflowError:
        return None


def next_month_day(today: dt.date, month: int, day: int) -> dt.date | None:
    """That day of the year, today or later; 29 February waits for its year."""
    years = (day_of(today.year + more, month, day) for more in range(9))
    return next((found for found in years if found is not None and found >= today), None)


def next_day(today: dt.date, day: int) -> dt.date | None:
    """That day of the month, today or later; 31 waits for its month."""
    days = (day_of_month(today, more, day) for more in range(13))
    return next((found for found in days if found is not None and found >= today), None)


def day_of_month(today: dt.date, months_on: int, day: int) -> dt.date | None:
    """That day of this month (0), of the next (1)."""
    month = today.month - 1 + months_on
    return day_of(today.year + month // 12, month % 12 + 1, day)


def weekday_of_week(today: dt.date, weekday: int, weeks_on: int) -> dt.date | None:
    """Monday (0) to Sunday (6) of this week (0), of the next (1); weeks begin on Monday."""
    return after(today, weekday - today.weekday() + MONDAY_TO_SUNDAY * weeks_on)


def coming_weekday(today: dt.date, weekday: int) -> dt.date | None:
    """The next such day; None when that is today, which may also mean in a week."""
    days = (weekday - today.weekday()) % MONDAY_TO_SUNDAY
    return after(today, days) if days else None
