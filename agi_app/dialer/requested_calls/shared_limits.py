"""A call that somebody asks for, beside those of the dialer's loop: the same limits, in its turn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from agi_app.dialer.loop import Dialer
from agi_app.dialer.pacing import Turn
from agi_app.dialer.running_campaigns import Running


def no_room(dialer: Dialer, running: Running, now: float) -> str | None:
    """Why none may start now (monotonic seconds); None when one may."""
    breaker = running.line.breaker
    if breaker.room(now) == 0:
        return f"trunk {running.trunk}: {breaker.reason(now)}"
    if dialer.concurrent is not None and dialer.open_calls >= dialer.concurrent:
        return "this Asterisk already has as many calls as it may have at once"
    if dialer.lines.reserve.room(running.trunk, dialer.open_on[running.trunk]) == 0:
        return dialer.lines.reserve.waiting_reason(running.trunk).text
    if now > dialer.lines.shares_until or any(pacer.rate <= 0 for pacer in running.pacers.values()):
        return "this worker has no part of the campaign's rate yet"
    return None


@contextmanager
def beside(dialer: Dialer, running: Running, now: float) -> Iterator[Turn]:
    """The call, for as long as it goes on; gives its turn."""
    dialer.open_calls += 1
    dialer.open_on[running.trunk] += 1
    try:
        yield Turn([*running.pacers.values()], now)
    finally:
        dialer.open_calls -= 1
        dialer.open_on[running.trunk] -= 1
        dialer.control_changed()  # there is a place more
