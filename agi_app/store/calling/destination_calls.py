"""Legs to destinations that leave by a trunk, as rows: decided and marked before they leave, ended when they are over.

As with every call the decision and the mark are one transaction that locks the person, so that no stop slips between.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass

import msgspec

from agi_app.gate.decide import Decision
from agi_app.gate.destination_phone import DECIDED_AS
from agi_app.gate.permit import MarkReceipt
from agi_app.gate.rehearsal import RehearsalFacts
from agi_app.messages import t
from agi_app.model.call import AllowedCall
from agi_app.model.phone import PhoneNumber
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, load_queries, records, the_value
from agi_app.store.requested_calls.staff_calls import add_person, phone_fact, record_decision, refusal

Q = load_queries("calling/destination_calls")
Decide = Callable[[RehearsalFacts, dt.datetime], Decision]


@dataclass(frozen=True, slots=True)
class LegRequest:
    """A leg that somebody wants."""

    leg_id: str
    destination: str  # its name in the settings
    number: PhoneNumber
    shown: str  # E.164, of ours
    trunk: str


@dataclass(frozen=True, slots=True)
class MarkedLeg:
    """A leg that may be dialled now, and its mark."""

    destination_call_id: int
    destination: str
    call: AllowedCall
    receipt: MarkReceipt


@dataclass(frozen=True, slots=True)
class RefusedLeg:
    """A leg that the gate refused; the reasons are stored."""

    why: str


@dataclass(frozen=True, slots=True)
class End:
    """How a leg ended; ``dialled`` False: certainly no INVITE left."""

    result: str  # answered, no_answer, failed, interrupted
    answered: bool = False
    dialled: bool = True


async def take(
    store: Store, wanted: LegRequest, node: str, offset: dt.timedelta, clock_name: str, decide: Decide
) -> MarkedLeg | RefusedLeg:
    """Decide on a leg and mark it. ``offset`` is rules time minus real time; ``decide`` must be pure."""
    key = {"e164": wanted.number.e164, "shown": wanted.shown, "offset": offset}
    async with store.transaction() as connection:
        await add_person(store, connection, wanted.number.e164)
        await connection.execute(Q["lock"], key)
        facts, now = await _facts(connection, key, wanted)
        decision = decide(facts, now)
        more = {"destination": wanted.destination, "leg": wanted.leg_id, "phone_proof": phone_fact(facts.phone_proof)}
        decision_id = await record_decision(connection, facts, decision, clock_name, DECIDED_AS, more)
        if not decision.allowed:
            return RefusedLeg(refusal(decision))
        marked = {
            "leg_id": wanted.leg_id,
            "person_id": facts.person_id,
            "destination": wanted.destination,
            "shown": wanted.shown,
            "trunk": wanted.trunk,
            "node": node,
            "decision_id": decision_id,
            "now": now,
        }
        asked_at = store.clock.monotonic()
        refused = t("database {where}: did not take the mark of a leg", where=store.where)
        call_id = await the_value(connection, int, Q["dialling"], marked, refused)
    call = decision.call(wanted.leg_id, wanted.number.e164, wanted.trunk, decision_id)
    receipt = MarkReceipt.of(call.attempt_id, asked_at, store.clock.monotonic())
    return MarkedLeg(call_id, wanted.destination, call, receipt)


async def finish(store: Store, destination_call_id: int, end: End) -> None:
    """Store how it ended; a second time changes nothing."""
    await store.execute(Q["finish"], {"destination_call_id": destination_call_id, **asdict(end)})


async def end_left(store: Store, node: str) -> int:
    """End what this node had on when it died; returns how many."""
    return await store.execute(Q["end_left"], {"node": node})


async def stopped(store: Store, ids: Collection[int]) -> set[int]:
    """Which of these legs ring somebody who has said stop meanwhile."""
    return {int(row["destination_call_id"]) for row in await store.records(Q["stopped"], {"ids": list(ids)})}


async def standing(store: Store, wanted: LegRequest, offset: dt.timedelta, decide: Decide) -> Decision:
    """What would be decided now; nothing is stored but that the number is known here."""
    key = {"e164": wanted.number.e164, "shown": wanted.shown, "offset": offset}
    async with store.transaction() as connection:
        await add_person(store, connection, wanted.number.e164)
        return decide(*await _facts(connection, key, wanted))


async def _facts(
    connection: Connection, key: dict[str, object], wanted: LegRequest
) -> tuple[RehearsalFacts, dt.datetime]:
    (row,) = await records(connection, Q["facts"], key)  # its person was added
    known = {**row, "shown": wanted.shown, "trunk": wanted.trunk, "recent_calls": ()}
    return msgspec.convert(known, RehearsalFacts), row["now"]
