"""How fast calls may start: a token bucket as a pure value, ``now`` is an argument (monotonic seconds).

After the idea of aioquic's packet pacer: the bucket says when the next call may leave, and is told
when it left; the loop owns the one timer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class Pacer:
    """Spaces call starts evenly: at most ``rate`` a second, with no burst after a pause."""

    rate: float  # calls a second; 0: none may start now
    _last: float = -math.inf
    _next: float = 0.0

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
        self.rate = rate

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
