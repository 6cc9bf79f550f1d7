"""Rehearsals as rows: the command line asks, a worker makes all ready, decides, rings, and tells what happens.

As with verification calls the decision and the mark are one transaction, and ``dialling`` is durable before any
request leaves. What the call told stays until it was read, or an hour: it may hold what somebody said.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import msgspec

from agi_app.gate.decide import Decision
from agi_app.gate.permit import MarkReceipt
from agi_app.gate.rehearsal import DECIDED_AS, RehearsalFacts
from agi_app.messages import t
from agi_app.model.call import AllowedCall, CallResult
from agi_app.model.campaign import Purpose
from agi_app.model.phone import PhoneNumber
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import as_json, load_queries, record, the_value
from agi_app.store.requested_calls.requests import PATIENCE, Requests, RequestStatus
from agi_app.store.requested_calls.staff_calls import (
    add_person,
    phone_fact,
    record_decision,
    refusal,
)

Q = load_queries("requested_calls/rehearsals")
Decide = Callable[[RehearsalFacts, dt.datetime], Decision]


@dataclass(frozen=True, slots=True)
class RehearsalScript:
    """What is to be heard: the flow as its file is now, and whom it talks to."""

    file: str
    text: str
    parts: dict[str, str]  # the flows that it calls: file -> text
    language: str | None
    fields: dict[str, str]  # contact columns
    max_call_s: float


@dataclass(frozen=True, slots=True)
class RehearsalRequest:
    """A request that waits for a worker."""

    rehearsal_id: int
    script: RehearsalScript


@dataclass(frozen=True, slots=True)
class MarkedRehearsal:
    """A rehearsal that may be rung now, and its mark."""

    call: AllowedCall
    receipt: MarkReceipt


@dataclass(frozen=True, slots=True)
class RefusedRehearsal:
    """A request that the gate refused; the reasons are stored."""

    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RehearsalAnswers:
    """What the call meant, as it would be in the reports of a campaign."""

    disposition: str | None
    answers: dict[str, str]


@dataclass(frozen=True, slots=True)
class RehearsalStatus(RequestStatus):
    """How far a rehearsal is."""

    said: RehearsalAnswers | None


REQUESTS = Requests(Q, RehearsalStatus)


async def request(
    store: Store, number: PhoneNumber, shown: str | None, trunk: str, script: RehearsalScript, entered_by: str
) -> int:
    """Ask the workers for a rehearsal; returns its id. ``shown`` None: the number itself is shown."""
    wanted = {
        "e164": number.e164,
        "shown": shown,
        "trunk": trunk,
        "script": as_json(script),
        "entered_by": entered_by,
    }
    async with store.transaction() as connection:
        await connection.execute(Q["forget_old"])
        await add_person(store, connection, number.e164)
        refused = t("database {where}: did not take the request for a rehearsal", where=store.where)
        return await the_value(connection, int, Q["request"], wanted, refused)


async def was_read(store: Store, rehearsal_id: int) -> None:
    """What an ended rehearsal has told is no longer needed."""
    await store.execute(Q["was_read"], {"rehearsal_id": rehearsal_id})


async def peek(store: Store, trunks: Collection[str], busy: Collection[int]) -> RehearsalRequest | None:
    """The oldest request for one of ``trunks`` that is not ``busy``; it is nobody's yet, and nothing is decided."""
    row = await store.record(Q["peek"], {"patience": PATIENCE, "trunks": list(trunks), "busy": list(busy)})
    if row is None:
        return None
    return RehearsalRequest(int(row["rehearsal_id"]), msgspec.json.decode(row["script"], type=RehearsalScript))


async def take(
    store: Store, asked: RehearsalRequest, node: str, offset: dt.timedelta, clock_name: str, decide: Decide
) -> MarkedRehearsal | RefusedRehearsal | None:
    """Decide on a request and mark it.

    None: another worker has it, it was taken back, or a stop is being stored; look again. ``offset`` is rules time
    minus real time. ``decide`` must be pure.
    """
    key = {"rehearsal_id": asked.rehearsal_id, "offset": offset}
    async with store.transaction() as connection:
        await connection.execute(Q["take_turns"])
        if await record(connection, Q["lock_request"], {**key, "patience": PATIENCE}) is None:
            return None
        if (row := await record(connection, Q["facts"], key)) is None:
            return None
        facts = msgspec.convert(row, RehearsalFacts)
        decision = decide(facts, row["now"])
        more = {"purpose": Purpose.REHEARSAL.value, "phone_proof": phone_fact(facts.phone_proof)}
        decision_id = await record_decision(connection, facts, decision, clock_name, DECIDED_AS, more)
        settled = {**key, "now": row["now"], "decision_id": decision_id, "node": node}
        if not decision.allowed:
            await connection.execute(Q["refused"], {**settled, "note": refusal(decision)})
            return RefusedRehearsal(decision.rules)
        asked_at = store.clock.monotonic()
        await connection.execute(Q["dialling"], settled)
    call = decision.call(f"rehearsal-{asked.rehearsal_id}", facts.number, facts.trunk, decision_id)
    return MarkedRehearsal(call, MarkReceipt.of(call.attempt_id, asked_at, store.clock.monotonic()))


async def tell(store: Store, rehearsal_id: int, lines: Sequence[str]) -> None:
    """Store what has happened so far."""
    await store.execute(Q["tell"], {"rehearsal_id": rehearsal_id, "progress": as_json(lines)})


async def finish(store: Store, rehearsal_id: int, result: CallResult, lines: Sequence[str], *, dialled: bool) -> None:
    """Store how it ended; a second time changes nothing. ``dialled`` False: certainly no INVITE left."""
    values = {
        "rehearsal_id": rehearsal_id,
        "result": result.outcome.value,
        "note": result.note,
        "progress": as_json(lines),
        "said": as_json(RehearsalAnswers(result.disposition, result.answers)),
        "dialled": dialled,
    }
    await store.execute(Q["finish"], values)
