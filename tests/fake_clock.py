"""A clock that stands still until a test moves it."""

from __future__ import annotations

import datetime as dt

from agi_app.clock import Clock


class FakeClock(Clock):
    """Stands still until ``advance`` moves it."""

    name = "fake"
    offset = dt.timedelta(0)

    def __init__(self, start: dt.datetime) -> None:
        """``start`` must be aware: a naive time would mean another instant on another machine."""
        if start.tzinfo is None:
            raise ValueError("a clock starts at an aware time")
        self._now = start.astimezone(dt.UTC)
        self._mono = 0.0

    def advance(self, seconds: float) -> None:
        """Move both kinds of time forward by ``seconds``."""
        self._now += dt.timedelta(seconds=seconds)
        self._mono += seconds

    def now(self) -> dt.datetime:
        """The instant this clock stands at."""
        return self._now

    def real_now(self) -> dt.datetime:
        """The same instant as ``now``."""
        return self._now

    def monotonic(self) -> float:
        """Seconds advanced so far."""
        return self._mono
