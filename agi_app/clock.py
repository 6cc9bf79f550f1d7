"""The only reader of time.

Two kinds of time, never mixed: *rules time* (``now``), an aware UTC datetime that windows,
caps, retries and expiries are judged by, which a sandbox may move; and *real time*
(``monotonic``, ``real_now``) for leases, deadlines and how fast a stop took effect.
"""

from __future__ import annotations

import datetime as dt
import time


class Clock:
    """What the rest of the program may ask about time; of this class itself, rules time is real time."""

    name = "system"  # what a decision row records
    offset = dt.timedelta(0)  # rules time minus real time

    def now(self) -> dt.datetime:
        """Rules time, aware, in UTC."""
        return self.real_now()

    def real_now(self) -> dt.datetime:
        """Wall-clock time of this host, aware, in UTC; never moved by a sandbox."""
        return dt.datetime.now(dt.UTC)

    def monotonic(self) -> float:
        """Seconds that only grow; for deadlines."""
        return time.monotonic()


class SandboxClock(Clock):
    """Rules time starts at a chosen instant and then runs at real speed (sandbox trunks only)."""

    name = "sandbox"

    def __init__(self, offset: dt.timedelta) -> None:
        self.offset = offset

    def now(self) -> dt.datetime:
        """Rules time, aware, in UTC."""
        return self.real_now() + self.offset
