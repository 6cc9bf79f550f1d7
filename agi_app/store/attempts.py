"""An attempt after its claim: marked as dialled, finished, or given back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from agi_app.gate.permit import MarkReceipt
from agi_app.model.call import CallResult, Claim
from agi_app.store import queries
from agi_app.store.pool import Store
from agi_app.store.statements import Connection, record, records

Q = queries.load("attempts")
CLAIMED = ("claimed",)
OPEN = ("claimed", "dialling")


async def mark(store: Store, claim: Claim, node: str) -> MarkReceipt | None:
    """Make the claim ``dialling``, durably, if the person may still be called.

    None when not: the claim was cancelled or its lease ran out, the person said stop, the campaign
    does not run. Then nothing may be dialled, and the claim has been given back.
    After a StoreError it is not known whether it was marked: dial nothing and ``release`` it later.
    """
    async with store.connection() as connection:  # one statement, which locks and commits by itself
        found = await record(connection, Q["mark"], {"attempt_id": claim.attempt_id, "node": node})
    if found is not None and found["marked"]:
        return MarkReceipt(claim.attempt_id, store.clock.monotonic())
    async with store.transaction() as connection:
        await _lock_person(connection, claim.attempt_id)
        await give_back(connection, [claim.attempt_id], "no longer allowed when it was to be dialled", CLAIMED)
    return None


async def release(store: Store, attempt_id: str, reason: str) -> bool:
    """Give back an attempt that was surely not dialled; its contact is due again, no attempt is used up.

    False when it had ended already.
    """
    async with store.transaction() as connection:
        await _lock_person(connection, attempt_id)
        return bool(await give_back(connection, [attempt_id], reason, OPEN))


async def finish(
    store: Store, attempt_id: str, result: CallResult, next_due: dt.datetime | None, contact_done: bool
) -> bool:
    """Store how the call ended, free its slots, and say what becomes of the contact.

    ``next_due`` is rules time; None on a contact that is not done parks it. Finishing twice changes
    nothing: False. The result of an attempt that was swept as interrupted replaces that guess.
    """
    values = result_values(attempt_id, result, next_due, contact_done)
    async with store.connection() as connection:  # it locks, and commits, by itself
        stored = await record(connection, Q["finish"], values | {"swept": False})
    if stored is None:
        async with store.transaction() as connection:
            await _lock_person(connection, attempt_id)
            stored = await record(connection, Q["late_result"], values)
    return stored is not None


async def extend_leases(store: Store, node: str, attempt_ids: Collection[str], lease: dt.timedelta) -> set[str]:
    """Keep these attempts ours for at least two thirds of ``lease``, real time; returns those that still are."""
    async with store.connection() as connection:
        kept = await records(
            connection, Q["extend_leases"], {"node": node, "attempts": list(attempt_ids), "lease": lease}
        )
    return {row["attempt_id"] for row in kept}


async def give_back(
    connection: Connection, attempt_ids: Sequence[str], reason: str, states: Sequence[str]
) -> list[str]:
    """End those attempts that are in one of ``states`` as not dialled; inside the caller's transaction."""
    given = await records(
        connection, Q["give_back"], {"attempts": list(attempt_ids), "reason": reason, "states": list(states)}
    )
    return [row["attempt_id"] for row in given]


def result_values(
    attempt_id: str, result: CallResult, next_due: dt.datetime | None, contact_done: bool
) -> dict[str, Any]:
    """The parameters of the query ``finish``."""
    return {
        "attempt_id": attempt_id,
        "outcome": result.outcome.value,
        "disposition": result.disposition,
        "answers": msgspec.json.encode(result.answers).decode(),
        "recordings": msgspec.json.encode(result.recordings).decode(),
        "cause": result.cause,
        "tech_cause": result.tech_cause,
        "note": result.note,
        "counts": result.counts,
        "ringing_at": result.ringing_at,
        "answered_at": result.answered_at,
        "ended_at": result.ended_at,
        "contact_state": "done" if contact_done else "pending",
        "next_due": next_due,
    }


async def _lock_person(connection: Connection, attempt_id: str) -> None:
    await connection.execute(Q["lock_person"], {"attempt_id": attempt_id})
