"""What becomes of attempts whose worker died: not dialled goes back, dialled counts as interrupted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from agi_app.model.call import CallResult, Outcome
from agi_app.store import queries
from agi_app.store.attempts import CLAIMED, give_back, result_values
from agi_app.store.pool import Store
from agi_app.store.statements import record

Q = queries.load("attempts")


@dataclass(frozen=True, slots=True)
class Orphan:
    """An open attempt that nobody runs any more."""

    attempt_id: str
    contact_id: int
    person_id: int
    campaign: str
    attempt_number: int
    retries_used: dict[str, int]  # outcome -> how often it ended an earlier attempt
    rules_at: dt.datetime  # rules time of the call


@dataclass(frozen=True, slots=True)
class SweepResult:
    """How many attempts were given back as not dialled, and how many ended as interrupted."""

    released: int
    interrupted: int


async def sweep(store: Store, node: str | None, retry: Callable[[Orphan], dt.datetime | None]) -> SweepResult:
    """End the orphans: all open attempts of ``node`` (at its start, under its worker lock), and expired leases of any.

    With ``node`` None only expired leases. ``retry`` says when (rules time) an interrupted contact
    is due again; None means it is done. Sweeping again finds nothing.
    """
    released = interrupted = 0
    for orphan in await store.rows(Orphan, Q["orphans"], {"node": node}):
        state = await _end(store, orphan, node, retry(orphan))
        released += state == "claimed"
        interrupted += state == "dialling"
    return SweepResult(released, interrupted)


async def _end(store: Store, orphan: Orphan, node: str | None, next_due: dt.datetime | None) -> str | None:
    """One short transaction an attempt; returns the state it was in, None when it was no orphan any more."""
    async with store.transaction() as connection:
        await connection.execute(Q["lock_person"], {"attempt_id": orphan.attempt_id})
        still = await record(connection, Q["still_orphan"], {"attempt_id": orphan.attempt_id, "node": node})
        if still is None:
            return None
        if still["state"] == "claimed":
            await give_back(connection, [orphan.attempt_id], "its worker ended before it was dialled", CLAIMED)
        else:
            result = CallResult(Outcome.INTERRUPTED, note="its worker ended while the call was on")
            values = result_values(orphan.attempt_id, result, next_due, contact_done=next_due is None)
            await connection.execute(Q["finish"], values | {"swept": True})
        return str(still["state"])
