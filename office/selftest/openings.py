"""When a person may be called, found by walking the clock by minutes."""

from __future__ import annotations

import re
from datetime import datetime

from office.selftest.times import ZONE, Json


class Openings:
    """The hours of a scenario; `row` is of the office's database."""

    def __init__(self, closed_days: list[str]) -> None:
        self.closed = set(closed_days)

    def is_open(self, t: float, row: Json) -> bool:
        """Whether the row's person may be called at an instant."""
        d = datetime.fromtimestamp(t, ZONE)
        clock = d.strftime("%H:%M")
        if d.weekday() == 6 or d.date().isoformat() in self.closed:
            return False
        if not ("09:30" <= clock < "12:00" or "14:00" <= clock < "19:30"):
            return False
        wishes = row.get("preferred_hours")
        if not wishes:
            return True
        if wishes.startswith("mon-fri") and d.weekday() > 4:
            return False
        return any(low <= clock < high for low, high in re.findall(r"(\d\d:\d\d)-(\d\d:\d\d)", wishes))

    def open_from(self, t: float, row: Json) -> float:
        """The instant itself, or the first open minute after it; infinity: there is none in twelve days."""
        for _ in range(60 * 24 * 12):
            if self.is_open(t, row):
                return t
            t = (t // 60 + 1) * 60
        return float("inf")

    def last_part(self, t: float, row: Json, spread: float) -> tuple[float, float]:
        """The last part of the opening that ended before an instant, at most as long as the spread."""
        end = t // 60 * 60
        while not self.is_open(end - 60, row):
            end -= 60
        begin = end
        while self.is_open(begin - 60, row) and begin > end - spread:
            begin -= 60
        return max(begin, end - spread), end
