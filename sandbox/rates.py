"""How fast calls came, and how many were on at once, by the carrier's capture. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from sandbox.sip import CarrierCall


def most_within(moments: Iterable[float], seconds: float) -> int:
    """The most moments that lie within any stretch of so many seconds."""
    ordered = sorted(moments)
    return max((bisect_left(ordered, first + seconds) - n for n, first in enumerate(ordered)), default=0)


def most_at_once(calls: Iterable[CarrierCall]) -> int:
    """The most calls that were on at the same moment."""
    changes = sorted(change for call in calls for change in ((call.invite_at, 1), (call.open_until, -1)))
    most = on = 0
    for _, change in changes:
        on += change
        most = max(most, on)
    return most
