"""The oracle's own reading of the rule files: plain YAML, nothing joined; and its own look-up of public holidays."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import holidays
import yaml

FIRST, LAST = dt.date(2024, 1, 1), dt.date(2035, 12, 31)  # what a release knows of calendars; other days are closed
DAY = dt.timedelta(days=1)
SATURDAY = 5
Value = Mapping[str, Any]
Layers = dict[str, list[Value]]  # key of a rule file -> every value that applies


class Book:
    """All rule files of one rule set; ``files`` is name -> text, the project's own beside the shipped ones."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        texts = [yaml.safe_load(text) for name, text in files.items() if name.endswith(".yaml")]
        self._default = next(t for t in texts if t["jurisdiction"] == "default")
        self._files = [t for t in texts if t["jurisdiction"] != "default"]
        self._known: dict[tuple[str, str], Layers] = {}

    def knows(self, region: str) -> bool:
        """Whether a file is about this country."""
        return any(text["jurisdiction"] == region for text in self._files)

    def layers(self, region: str, begins: str) -> Layers:
        """Every value that binds a call to a number of this country that begins so; none is thrown away."""
        key = (region, begins)
        if key not in self._known:
            self._known[key] = self._collect(region, begins)
        return self._known[key]

    def _collect(self, region: str, begins: str) -> Layers:
        found: Layers = {}
        for text in self._files:
            if text["jurisdiction"] == region:
                parts = [p for p in text.get("parts", {}).values() if begins.startswith(tuple(p["numbers"]))]
                for place in (text, *parts):
                    for name, value in place.items():
                        if name not in ("jurisdiction", "parts", "numbers"):
                            found.setdefault(name, []).extend(_several(value))
        countrywide = {name for text in self._files if text["jurisdiction"] == region for name in text}
        for name, value in self._default.items():
            if name != "jurisdiction" and name not in countrywide:
                found.setdefault(name, []).extend(_several(value))
        return found


def is_closed(value: Value, region: str, day: dt.date) -> bool:
    """Whether one ``closed_days`` value closes this day."""
    if day in value.get("dates", ()):
        return True
    if "calendar" not in value:
        return False
    off, working = days_of(_country(value, region), tuple(value.get("subdivisions", ())))
    if not FIRST <= day <= LAST or day in off:
        return True
    return bool(value.get("whole_breaks")) and any(_meets(off, working, day, step) for step in (DAY, -DAY))


def is_working_day(value: Value, region: str, day: dt.date) -> bool:
    """Whether a decree that this value heeds makes a day of the weekend a working day."""
    return bool(value.get("working_days")) and day in days_of(_country(value, region), ())[1]


def _meets(off: frozenset[dt.date], working: frozenset[dt.date], day: dt.date, step: dt.timedelta) -> bool:
    """Whether only days of the weekend lie between ``day``, one of them, and a holiday that way."""
    while day.weekday() >= SATURDAY and day not in working:
        day += step
        if day in off:
            return True
    return False


@lru_cache(maxsize=64)
def days_of(country: str, subdivisions: tuple[str, ...]) -> tuple[frozenset[dt.date], frozenset[dt.date]]:
    """A country's holidays in any of the subdivisions, and the days of the weekend that a decree makes working days."""
    years = range(FIRST.year - 1, LAST.year + 2)
    calendars = [holidays.country_holidays(country, subdiv=s, years=years) for s in subdivisions or (None,)]
    working = frozenset(day for c in calendars for day in getattr(c, "weekend_workdays", ()))
    return frozenset(day for c in calendars for day in c), working


@lru_cache(maxsize=64)
def span(text: str) -> dt.timedelta:
    """``24h``, ``7d``, ``15s`` as a length of time."""
    found = re.fullmatch(r"(\d+)([smhd])", text)
    assert found, text
    unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[found[2]]
    return dt.timedelta(**{unit: int(found[1])})


def _country(value: Value, region: str) -> str:
    return region if value["calendar"] == "own" else str(value["calendar"])


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
