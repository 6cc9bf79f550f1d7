"""What time it is where people are: each event of each call asks for it, mostly in vain."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from agi_app.clock import Clock

FRESH_S = 1.0


class LocalTimes:
    """Rules time by zone, computed once a second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[ZoneInfo, tuple[float, dt.datetime]] = {}  # zone -> when it was computed, local time

    def at(self, zone: ZoneInfo) -> dt.datetime:
        """Local time, not older than ``FRESH_S`` seconds."""
        now = self._clock.monotonic()
        known = self._known.get(zone)
        if known is None or not 0 <= now - known[0] < FRESH_S:
            known = self._known[zone] = now, self._clock.now().astimezone(zone)
        return known[1]


def nowhere() -> None:
    """Of a number that does not tell where it is."""
