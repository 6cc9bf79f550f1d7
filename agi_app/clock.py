"""The only reader of time.

Two kinds of time, never mixed: *rules time* (``now``), an aware UTC datetime that windows,
caps, retries and expiries are judged by, which a sandbox may move; and *real time*
(``monotonic``, ``real_now``) for leases, deadlines and how fast a stop took effect.
"""

from __future__ import annotations

import datetime as dt
import time
from typing import Protocol


class Clock(Protocol):
    """What the rest of the program may ask about time."""

    def now(self) -> dt.datetime:
        """Rules time, aware, in UTC."""

    def real_now(self) -> dt.datetime:
        """Wall-clock time of this host, aware, in UTC; never moved by a sandbox."""

    def monotonic(self) -> float:
        """Seconds that only grow; for deadlines."""

    @property
    def offset(self) -> dt.timedelta:
        """Rules time minus real time; zero outside a sandbox."""

    @property
    def name(self) -> str:
        """What a decision row records as its clock: ``system`` or ``sandbox``."""


class SystemClock:
    """Rules time is real time."""

    name = "system"
    offset = dt.timedelta(0)

    def now(self) -> dt.datetime:
        """Rules time, aware, in UTC."""
        return self.real_now()

    def real_now(self) -> dt.datetime:
        """Wall-clock time of this host, aware, in UTC."""
        return dt.datetime.now(dt.UTC)

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return time.monotonic()


class SandboxClock(SystemClock):
    """Rules time starts at a chosen instant and then runs at real speed (sandbox trunks only)."""

    name = "sandbox"

    def __init__(self, offset: dt.timedelta) -> None:
        self.offset = offset

    def now(self) -> dt.datetime:
        """Rules time, aware, in UTC."""
        return self.real_now() + self.offset


class FakeClock:
    """A clock for tests that stands still until ``advance`` moves it."""

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
