"""Trials of whether a number of ours, when called back, reaches us: doctor asks, a worker tries it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from agi_app.errors import StoreError
from agi_app.store.database import queries
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import record, rows

Q = queries.load("people/caller_ids")


@dataclass(frozen=True, slots=True)
class CallBackRequest:
    """One number to be called back, through the part of the dialplan that the trunk's calls begin in."""

    check_id: int
    e164: str
    trunk: str


@dataclass(frozen=True, slots=True)
class CallBackResult:
    """``fault`` is why a call would not reach us; None when it does, or when it has not ``ended``."""

    ended: bool
    fault: str | None


async def ask(store: Store, e164: str, trunk: str) -> int | None:
    """Ask the workers for a trial; returns its id, or None for a number that has no proof."""
    async with store.transaction() as connection:
        row = await record(connection, Q["ask_call_back"], {"e164": e164, "trunk": trunk})
    return None if row is None else int(row["check_id"])


async def answer(store: Store, check_id: int) -> CallBackResult:
    """What the trial has shown so far."""
    found = await store.rows(CallBackResult, Q["call_back"], {"check_id": check_id})
    if not found:
        raise StoreError(f"database {store.where}: has lost the trial {check_id}")
    return found[0]


async def take(store: Store, trunks: Collection[str]) -> CallBackRequest | None:
    """The oldest trial that was asked for in the last 10 s, for one of ``trunks``; it is the caller's now."""
    async with store.transaction() as connection:
        found = await rows(connection, CallBackRequest, Q["take_call_back"], {"trunks": list(trunks)})
    return found[0] if found else None


async def end(store: Store, trial: CallBackRequest, fault: str | None) -> None:
    """Store what the trial has shown."""
    async with store.transaction() as connection:
        await connection.execute(Q["end_call_back"], {"check_id": trial.check_id, "fault": fault})
