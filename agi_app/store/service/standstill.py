"""Whether calling stands still: how long nobody was dialled although somebody was due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries

Q = load_queries("service/standstill")


@dataclass(frozen=True, slots=True)
class DueCampaign:
    """A running campaign; times in seconds."""

    campaign: str
    due_s: float | None  # how long the one who waits longest has been due; None: nobody is
    running_s: float  # since it was started or resumed
    dialled_s: float | None  # since somebody of it was dialled; None: nobody ever was


async def running(store: Store, now: dt.datetime) -> list[DueCampaign]:
    """The running campaigns at ``now`` (rules time) whose calls no agent asks for, by name. Raises StoreError."""
    return await store.rows(DueCampaign, Q["running"], {"now": now})


def idle_s(campaigns: Sequence[DueCampaign]) -> float:
    """For how many seconds nobody at all was dialled although somebody was due; 0 when nobody is due."""
    waited = [min(one.due_s, one.running_s) for one in campaigns if one.due_s is not None]
    dialled = [one.dialled_s for one in campaigns if one.dialled_s is not None]
    return max(0.0, min(max(waited), *dialled)) if waited and dialled else max(0.0, *waited, 0.0)
