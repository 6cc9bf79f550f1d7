"""How fast calls may start: a token bucket as a pure value, ``now`` is an argument (monotonic seconds).

After the idea of aioquic's packet pacer: the bucket says when the next call may leave, and is told
when it left; the loop owns the one timer.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Pacer:
    """Spaces call starts evenly: at most ``rate`` a second, with no burst after a pause."""

    rate: float  # calls a second, > 0
    _next: float = 0.0

    def ready_at(self, now: float) -> float:
        """When the next call may start: ``now`` or later."""
        return max(now, self._next)

    def take(self, now: float) -> float:
        """Reserve the next start and return its time."""
        at = self.ready_at(now)
        self._next = at + 1.0 / self.rate
        return at

    def set_rate(self, rate: float) -> None:
        """Change the speed from the next start on."""
        self.rate = rate

    def room(self, now: float, horizon: float) -> int:
        """How many calls may start between ``now`` and ``now + horizon`` seconds."""
        free = now + horizon - self.ready_at(now)
        return max(0, int(free * self.rate + 1e-9) + (1 if free > 0 else 0))


def take_all(pacers: list[Pacer], now: float) -> float:
    """Reserve one start that every pacer (campaign, trunk) agrees to; returns its time."""
    at = max(p.ready_at(now) for p in pacers)
    for pacer in pacers:
        pacer.take(at)
    return at
