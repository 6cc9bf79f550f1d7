"""How many requests a token may make."""

from __future__ import annotations

from agi_app.api.rate_limits import RateLimits
from agi_app.api.routes import Limit


def test_a_class_that_is_used_up_fills_evenly_and_others_go_on() -> None:
    now = [0.0]
    limits = RateLimits(lambda: now[0])
    assert all(limits.take("a", Limit.LOOK).allowed for _ in range(Limit.LOOK.value))
    standing = limits.take("a", Limit.LOOK)
    assert (standing.allowed, standing.left, standing.again_s) == (False, 0, 2)
    assert standing.headers == {
        "RateLimit-Policy": '"look";q=30;w=60',
        "RateLimit": '"look";r=0;t=2',
        "Retry-After": "2",
    }
    assert limits.take("b", Limit.LOOK).allowed
    assert limits.take("a", Limit.STOP).allowed
    now[0] = 2.0
    assert limits.take("a", Limit.LOOK).allowed
    assert not limits.take("a", Limit.LOOK).allowed


def test_nothing_keeps_a_stop_out() -> None:
    assert Limit.STOP.value > 10 * Limit.WRITE.value
