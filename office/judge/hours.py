"""When a person may be called: the law, closed days, the campaign's window, and hours that a person prefers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from office.judge.spans import ZONE, Span, Spans, cut, join

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Hours:
    """Law, closed days and the campaign's window, and of a person their preferred hours on top."""

    law: tuple[tuple[str, str], ...]
    law_days: frozenset[str]
    closed: frozenset[date]
    open_weekend: frozenset[date]
    windows: tuple[tuple[frozenset[str], str, str], ...]
    first: date
    last: date

    def openings(self, preferred: str) -> Spans:
        """All spans of the fortnight, and some days around it, in which such a person may be called."""
        wishes = preferred_of(preferred)
        out: Spans = []
        day = self.first
        while day <= self.last:
            name = WEEKDAYS[day.weekday()]
            lawful = day not in self.closed and (name in self.law_days or day in self.open_weekend)
            if lawful:
                spans = [clock_span(day, low, high) for low, high in self.law]
                if self.windows:
                    spans = cut(
                        spans, join(clock_span(day, low, high) for days, low, high in self.windows if name in days)
                    )
                if wishes is not None:
                    spans = cut(spans, join(clock_span(day, low, high) for days, low, high in wishes if name in days))
                out += spans
            day += timedelta(days=1)
        return join(out)


def clock_span(day: date, low: str, high: str) -> Span:
    """From one clock time of a day to another."""
    return clock_on(day, low), clock_on(day, high)


def clock_on(day: date, clock: str) -> float:
    """The instant of a clock time such as `09:30`. ValueError for anything else."""
    hour, minute = clock.split(":")
    return datetime.combine(day, time(int(hour), int(minute)), ZONE).timestamp()


def days_of(text: str) -> frozenset[str]:
    """The days of `mon-fri` or `sat,sun`; ValueError for a day that is none."""
    out: set[str] = set()
    for part in text.split(","):
        ends = part.strip().split("-")
        low, high = WEEKDAYS.index(ends[0]), WEEKDAYS.index(ends[-1])
        out |= set(WEEKDAYS[low : high + 1] if low <= high else WEEKDAYS[low:] + WEEKDAYS[: high + 1])
    return frozenset(out)


def preferred_of(text: str) -> list[tuple[frozenset[str], str, str]] | None:
    """`09:00-12:00, 14:00-17:30` or `mon-fri 09:00-12:00; sat 10:00-11:00`; None: no wish."""
    if not text:
        return None
    out: list[tuple[frozenset[str], str, str]] = []
    days = frozenset(WEEKDAYS)
    for part in re.split("[;,]", text):
        found = re.fullmatch(r"\s*([a-z][a-z,\- ]*?)?\s*(\d\d:\d\d)-(\d\d:\d\d)\s*", part)
        if not found:
            raise ValueError(f"no hours: {text!r}")
        if found[1]:
            days = days_of(found[1])
        out.append((days, found[2], found[3]))
    return out
