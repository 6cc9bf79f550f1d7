"""The smallest and the largest value that a ``collect`` takes: numbers, and days. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import BeforeValidator

from agi_app.authoring import times_meant
from agi_app.flow.syntax.names_and_limits import MAX_DAYS_AWAY, fault
from agi_app.messages import spoken, t, template


def _bound(value: object) -> object:
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise fault("flow/collect", template("this must be a whole number, or of a date a day"))


Bound = Annotated[int | str, BeforeValidator(_bound)]
TODAY, TOMORROW = "today", "tomorrow"
_DAYS = re.compile(r"([0-9]{1,4})d")
DAY_RULE = template('write today, tomorrow, so many days from today (30d), or a day such as "2026-03-05", in quotes')


def day_of(bound: Bound, today: dt.date) -> dt.date | None:
    """The day that a bound means; None: it means none."""
    if bound in (TODAY, TOMORROW):
        return today + dt.timedelta(days=bound == TOMORROW)
    found = _DAYS.fullmatch(str(bound))
    if found is not None:
        days = int(found[1])
        return today + dt.timedelta(days=days) if days <= MAX_DAYS_AWAY else None
    try:
        return dt.date.fromisoformat(bound) if isinstance(bound, str) else None
    except ValueError:
        return None


def faults(kind: str, least: Bound | None, most: Bound | None, digits: int | None) -> Iterator[tuple[str, str]]:
    """What is wrong with ``min`` and ``max`` of such a collect, each with the key it belongs to.

    ``digits``: how many can be keyed.
    """
    given = [(word, bound) for word, bound in (("min", least), ("max", most)) if bound is not None]
    for word, bound in given:
        if kind == "digits":
            yield (
                word,
                template("digits have no value; write kind: number, or how many there are: digits: {min: 1, max: 2}"),
            )
        elif kind == "date" and day_of(bound, dt.date(2026, 1, 1)) is None:
            found = times_meant.days(bound)
            yield (
                word,
                t(
                    "this is not a day; {how}",
                    how=times_meant.write_day(bound) + t(", in quotes") if found else spoken(DAY_RULE),
                ),
            )
        elif kind != "date" and isinstance(bound, str):
            yield word, template("this must be a whole number")
    if kind == "date" and len(given) == 2 and _never(least, most):
        yield "min", template("this is later than max")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        yield "min", template("this is greater than max")
    if isinstance(least, int) and digits is not None and len(str(least)) > digits:
        yield "min", template("this has more digits than may be keyed (digits: max)")


def _never(least: Bound | None, most: Bound | None) -> bool:
    """Whether the first day is behind the last one, whatever day it is."""
    probes = (dt.date(1999, 1, 1), dt.date(2099, 1, 1))
    pairs = ((day_of(least or "", probe), day_of(most or "", probe)) for probe in probes)
    return all(first is not None and last is not None and first > last for first, last in pairs)


def within(kind: str, value: str, least: Bound | None, most: Bound | None, today: dt.date | None) -> bool:
    """Whether a value lies between them; a day that is counted from an unknown today is not judged."""
    if kind == "date":
        day = dt.date.fromisoformat(value)
        first, last = (_known_day(bound, today) for bound in (least, most))
        return (first is None or day >= first) and (last is None or day <= last)
    return (least is None or int(value) >= int(least)) and (most is None or int(value) <= int(most))


def _known_day(bound: Bound | None, today: dt.date | None) -> dt.date | None:
    if bound is None or (today is None and not re.fullmatch(r"[0-9]{4}-.*", str(bound))):
        return None
    return day_of(bound, today or dt.date.min)
