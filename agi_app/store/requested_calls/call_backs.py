"""Trials of whether one of our numbers, when called back, reaches us: doctor asks, a worker tries it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries
from agi_app.store.requested_calls.requests import Requests, RequestStatus

Q = load_queries("requested_calls/call_backs")
REQUESTS = Requests(Q, RequestStatus)  # the result is why a call would not reach us; None: it does


@dataclass(frozen=True, slots=True)
class CallBackRequest:
    """One number to be called back, through the part of the dialplan that the trunk's calls begin in."""

    check_id: int
    e164: str
    trunk: str


async def request(store: Store, e164: str, trunk: str) -> int | None:
    """Ask the workers for a trial; returns its id, or None for a number that has no proof."""
    return await store.value(int, Q["request"], {"e164": e164, "trunk": trunk})


async def take(store: Store, trunks: Collection[str]) -> CallBackRequest | None:
    """The oldest trial that was asked for in the last 10 s, for one of ``trunks``; it is the caller's now."""
    found = await store.rows(CallBackRequest, Q["take"], {"trunks": list(trunks)})
    return found[0] if found else None


async def finish(store: Store, trial: CallBackRequest, fault: str | None) -> None:
    """Store what the trial has shown."""
    await store.execute(Q["finish"], {"check_id": trial.check_id, "fault": fault})
