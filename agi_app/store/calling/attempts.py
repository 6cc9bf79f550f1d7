"""An attempt after its claim: marked as dialled, finished, or given back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from agi_app.gate.permit import MarkReceipt
from agi_app.messages import template
from agi_app.model.call import CallResult, Claim
from agi_app.model.counted_calls import counts
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, as_json, load_queries, record, records

Q = load_queries("calling/attempts")
CLAIMED = ("claimed",)
OPEN = ("claimed", "dialling")


async def mark(store: Store, claims: Sequence[Claim], node: str) -> list[MarkReceipt | None]:
    """Make each claim ``dialling``, durably, if its person may still be called; all of them in one trip.

    None where not: the claim was cancelled or its lease ran out, the person said stop, the campaign
    does not run. Then nothing may be dialled, and the claim has been given back.
    After a StoreError it is not known which were marked: dial none and ``release`` them later.
    """
    ids = [claim.attempt_id for claim in claims]
    asked_at = store.clock.monotonic()
    found = await store.records(Q["mark"], {"attempts": ids, "node": node})  # it locks and commits by itself
    answered_at, marked = store.clock.monotonic(), {row["attempt_id"] for row in found}
    if refused := [attempt_id for attempt_id in ids if attempt_id not in marked]:
        async with store.transaction() as connection:
            await connection.execute(Q["lock_persons"], {"attempts": refused})
            await give_back(connection, refused, template("no longer allowed when it was to be dialled"), CLAIMED)
    return [MarkReceipt.of(i, asked_at, answered_at) if i in marked else None for i in ids]


async def release(store: Store, attempt_id: str, reason: str) -> bool:
    """Give back an attempt that was certainly not dialled; its contact is due again, no attempt is used up.

    False when it had ended already.
    """
    async with store.transaction() as connection:
        await _lock_person(connection, attempt_id)
        return bool(await give_back(connection, [attempt_id], reason, OPEN))


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended, and what happens to its contact."""

    attempt_id: str
    result: CallResult
    next_due: dt.datetime | None  # rules time; None on a contact that is not done parks it
    contact_done: bool
    point: int | None = None  # of the contact's points of time, which it is due for next; None: as before
    urgency: int | None = None
    for_good: bool = False  # done, whatever the office has changed meanwhile
    number_place: int | None = None  # of the contact's numbers the one that is called next; None: as before
    same_round: bool = False  # the next number is called in place of this one: no retry is used
    new_point: bool = False  # its retries begin anew


async def finish(store: Store, ends: Sequence[Ended]) -> list[bool]:
    """Store how calls ended, free their slots, and say what happens to the contacts; all of them in one trip.

    Finishing twice changes nothing: False. The result of an attempt that was swept as interrupted replaces that guess.
    """
    async with store.connection() as connection:  # it locks, and commits, by itself
        stored = await store_ends(connection, ends)
    for end in ends:
        if end.attempt_id not in stored:
            async with store.transaction() as connection:
                await _lock_person(connection, end.attempt_id)
                if await record(connection, Q["late_result"], {"result": as_json(_values(end))}) is not None:
                    stored.add(end.attempt_id)
    return [end.attempt_id in stored for end in ends]


async def store_ends(connection: Connection, ends: Sequence[Ended], *, swept: bool = False) -> set[str]:
    """The statement of ``finish`` alone: which attempts had not ended yet. ``swept``: it is a guess."""
    rows = [_values(end) | {"swept": swept} for end in ends]
    found = await records(connection, Q["finish"], {"results": as_json(rows)})
    return {row["attempt_id"] for row in found}


async def extend_leases(store: Store, node: str, attempt_ids: Collection[str], lease: dt.timedelta) -> set[str]:
    """Keep these attempts ours for at least two thirds of ``lease``, real time; returns those that still are."""
    kept = await store.records(Q["extend_leases"], {"node": node, "attempts": list(attempt_ids), "lease": lease})
    return {row["attempt_id"] for row in kept}


async def give_back(
    connection: Connection, attempt_ids: Sequence[str], reason: str, states: Sequence[str]
) -> list[str]:
    """End those attempts that are in one of ``states`` as not dialled; inside the caller's transaction."""
    given = await records(
        connection, Q["give_back"], {"attempts": list(attempt_ids), "reason": reason, "states": list(states)}
    )
    return [row["attempt_id"] for row in given]


def _values(end: Ended) -> dict[str, Any]:
    result = end.result
    return {
        "attempt_id": end.attempt_id,
        "outcome": result.outcome.value,
        "disposition": result.disposition,
        "answers": result.answers,
        "recordings": result.recordings,
        "cause": result.cause,
        "tech_cause": result.tech_cause,
        "note": result.note,
        "counts": counts(result),
        "ringing_at": result.ringing_at,
        "answered_at": result.answered_at,
        "ended_at": result.ended_at,
        "contact_state": "done" if end.contact_done else "pending",
        "next_due": end.next_due,
        "point": end.point,
        "urgency": end.urgency,
        "for_good": end.for_good,
        "number_place": end.number_place,
        "same_round": end.same_round,
        "new_point": end.new_point,
    }


async def _lock_person(connection: Connection, attempt_id: str) -> None:
    await connection.execute(Q["lock_person"], {"attempt_id": attempt_id})
