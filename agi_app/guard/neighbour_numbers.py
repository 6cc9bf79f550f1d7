"""Neighbours: nuisance callers often own ten or a hundred numbers in a row. Each weighs less as time goes by."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from agi_app.guard.votes import decayed


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
    weights = [0.0, 0.0]
    for number, at in sorted(latest.items()):
        weight = decayed(at, now)
        weights[1] += weight
        if number.startswith(ten):
            weights[0] += weight
    return weights[0], weights[1]
