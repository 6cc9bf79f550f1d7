"""How many requests a token may make a minute, by class of route; kept in this process alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from agi_app.api.routes import Limit

WINDOW_S = 60.0
FORGET_FROM = 10_000  # buckets; full ones say nothing


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


@dataclass(frozen=True, slots=True)
class RateStanding:
    """After one request: whether it may be done, how many more may at once, and after how many seconds one may."""

    limit: Limit
    allowed: bool
    left: int
    again_s: int

    @property
    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers-10 has it."""
        name = self.limit.name.lower()
        found = {
            "RateLimit-Policy": f'"{name}";q={self.limit.value};w={round(WINDOW_S)}',
            "RateLimit": f'"{name}";r={self.left};t={self.again_s}',
        }
        return found if self.allowed else {**found, "Retry-After": str(self.again_s)}


class RateLimits:
    """Buckets that fill evenly; ``monotonic`` tells seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._buckets: dict[tuple[str, Limit], _Bucket] = {}

    def take(self, token: str, limit: Limit) -> RateStanding:
        """Count one request of a token."""
        now, rate = self._monotonic(), limit.value / WINDOW_S
        if len(self._buckets) > FORGET_FROM:
            self._buckets = {key: bucket for key, bucket in self._buckets.items() if now - bucket.at < WINDOW_S}
        bucket = self._buckets.setdefault((token, limit), _Bucket(float(limit.value), now))
        bucket.left = min(float(limit.value), bucket.left + (now - bucket.at) * rate)
        bucket.at = now
        if allowed := bucket.left >= 1:
            bucket.left -= 1
        wait = 0 if bucket.left >= 1 else math.ceil((1 - bucket.left) / rate)
        return RateStanding(limit, allowed, int(bucket.left), wait)
