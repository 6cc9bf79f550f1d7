"""What others said of a number and of its neighbours, each word of less weight as time goes by.

Nuisance callers often own ten or a hundred numbers in a row.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from agi_app.guard.facts import Vote


def block_keys(caller: str) -> tuple[str, str]:
    """The digits that a number shares with its ten, and with its hundred."""
    return caller[:-1], caller[:-2]


def weigh(neighbours: Iterable[tuple[str, dt.datetime]], caller: str, now: dt.datetime) -> tuple[float, float]:
    """``CallerFacts.block_10`` and ``block_100`` by (nuisance number, when last found to be one) near the caller.

    The caller itself is no neighbour. Of an unknown length of number nothing is a neighbour.
    """
    ten, hundred = block_keys(caller)
    latest: dict[str, dt.datetime] = {}
    for number, at in neighbours:
        if number != caller and len(number) == len(caller) and number.startswith(hundred):
            latest[number] = max(at, latest.get(number, at))
    weights = {number: decayed(at, now) for number, at in sorted(latest.items())}
    return sum((w for number, w in weights.items() if number.startswith(ten)), 0.0), sum(weights.values(), 0.0)


# Votes fade, and a number that was given to somebody new starts clean.
#
# A vote weighs 1 when it is given and half of that 30 days later. When a number was silent for 90 days,
# carriers may have given it to somebody else: what was said before the silence counts no more.


HALF_LIFE = dt.timedelta(days=30)
REASSIGNED_AFTER = dt.timedelta(days=90)  # of silence


@dataclass(frozen=True, slots=True)
class Tally:
    """Votes weighed at one moment."""

    weight: float  # of reports less that of clearances, never below zero
    voters: int  # who reported it and still counts


def decayed(at: dt.datetime, now: dt.datetime) -> float:
    """What something of weight 1 weighs ``now``; the future (another clock) counts as now."""
    return math.exp2(-(max(now - at, dt.timedelta()) / HALF_LIFE))


def tally(
    votes: Iterable[Vote],
    now: dt.datetime,
    seen: Iterable[dt.datetime] = (),
    appealed_at: dt.datetime | None = None,
) -> Tally:
    """Weigh votes. ``seen``: when the number called; an appeal takes all that was said before it."""
    last = {vote.voter: vote for vote in sorted(votes, key=lambda v: (v.at, v.voter))}
    since = valid_since((*seen, *(v.at for v in last.values())), now)
    valid = [
        v
        for v in last.values()
        if (since is None or v.at >= since) and (appealed_at is None or v.at > appealed_at or not v.nuisance)
    ]
    weight = 0.0
    for vote in valid:  # in the order of time, so that the same votes always give the same bits
        weight += decayed(vote.at, now) * (1 if vote.nuisance else -1)
    return Tally(max(0.0, weight), sum(v.nuisance for v in valid))


def valid_since(signs: Iterable[dt.datetime], now: dt.datetime) -> dt.datetime | None:
    """The end of the number's last long silence; None: it had none. ``signs`` are calls and votes of it."""
    moments = sorted({*(sign for sign in signs if sign < now), now})
    return max((later for earlier, later in pairwise(moments) if later - earlier >= REASSIGNED_AFTER), default=None)
