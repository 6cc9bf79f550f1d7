"""How fast calls may start: a token bucket as a pure value, ``now`` is an argument (monotonic seconds).

After the idea of aioquic's packet pacer: the bucket says when the next call may leave, and is told
when it left; the loop owns the one timer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

SLACK_S = 0.05  # a call may leave so much before its distance to the one before: nothing starts to the millisecond
LATE_S = 0.1  # a call whose turn is over for longer takes another one


@dataclass(slots=True)
class Pacer:
    """Spaces call starts evenly: at most ``rate`` a second, with no burst after a pause."""

    rate: float  # calls a second; 0: none may start now
    _last: float = -math.inf
    _next: float = 0.0
    _left: float = -math.inf  # when the last call left, or is to
    _free: float = -math.inf  # its distance to the next one, added to those that were not kept before

    def ready_at(self, now: float) -> float:
        """When the next call may start: ``now`` or later."""
        return max(now, self._next) if self.rate > 0 else math.inf

    def take(self, now: float) -> float:
        """Reserve the next start and return its time; there must be a rate."""
        at = self.ready_at(now)
        self._last, self._next = at, at + 1.0 / self.rate
        return at

    def set_rate(self, rate: float) -> None:
        """Change the speed: a faster one holds at once, a slower one from the next start on."""
        if rate > self.rate:
            self._next = min(self._next, self._last + 1.0 / rate)
            self._free = min(self._free, self._left + 1.0 / rate)
        self.rate = rate

    def may_leave_at(self, now: float) -> float:
        """When a call whose turn has come may leave: ``now``, unless others that were late have just left."""
        return max(now, self._free - SLACK_S) if self.rate > 0 else math.inf

    def left(self, at: float) -> None:
        """A call leaves then."""
        self._left, self._free = at, max(self._free, at) + 1.0 / self.rate

    def room(self, now: float, horizon: float) -> int:
        """How many calls may start between ``now`` and ``now + horizon`` seconds."""
        if self.rate <= 0:
            return 0
        free = now + horizon - self.ready_at(now)
        return max(0, int(free * self.rate + 1e-9) + (1 if free > 0 else 0))


def take_all(pacers: Sequence[Pacer], now: float) -> float:
    """Reserve one start that every pacer (campaign, trunk, node) agrees to; returns its time."""
    at = max(p.ready_at(now) for p in pacers)
    for pacer in pacers:
        pacer.take(at)
    return at


class Turn:
    """When one call may start, by every limit that it must respect.

    The limits hold also when we, or the database, stood still: calls that are late by one stall would else leave all at
    once, and the carrier would see twice the rate. How far apart they really leave follows from the generic cell rate
    algorithm (ITU-T I.371).
    """

    def __init__(self, pacers: Sequence[Pacer], now: float) -> None:
        """Reserves the next start; ``now`` and all times are monotonic seconds."""
        self._pacers = pacers
        self.at = take_all(pacers, now) if pacers else now

    def is_late(self, now: float) -> bool:
        """Whether it is over; then it has taken the next one."""
        if now <= self.at + LATE_S or not self._pacers or any(pacer.rate <= 0 for pacer in self._pacers):
            return False
        self.at = take_all(self._pacers, now)
        return True

    def leave(self, now: float, latest: float) -> float | None:
        """When the call leaves, which counts from now on; None when that would be after ``latest``."""
        at = max((pacer.may_leave_at(now) for pacer in self._pacers), default=now)
        if at > latest:
            return None
        for pacer in self._pacers:
            pacer.left(at)
        return at
