"""Verification calls as rows: the command line asks, a worker decides, rings and stores the result.

The decision and the mark are one transaction that locks the person's row, as a claim's are; ``dialling`` is
durable before any request leaves. The code is never stored: only its salted, slow hash is, until the call is over.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass

import msgspec

from agi_app.audit.stamps import Stamper
from agi_app.gate.decide import Decision
from agi_app.gate.permit import MarkReceipt
from agi_app.gate.verification import DECIDED_AS, VerificationFacts
from agi_app.messages import t
from agi_app.model.call import AllowedCall
from agi_app.model.phone import PhoneNumber
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries, record, the_value
from agi_app.store.people.caller_ids import CallerIdProof, add_in, utc
from agi_app.store.requested_calls.requests import PATIENCE, Requests, RequestStatus
from agi_app.store.requested_calls.staff_calls import add_person, record_decision, refusal

Q = load_queries("requested_calls/verifications")
REQUESTS = Requests(Q, RequestStatus)
CALLER_ID, STAFF_PHONE = "call", "rehearsal"  # what a verification call may prove
Decide = Callable[[VerificationFacts, dt.datetime], Decision]


@dataclass(frozen=True, slots=True)
class MarkedVerification:
    """A verification call that may be made now, and its mark."""

    verification_id: int
    call: AllowedCall
    receipt: MarkReceipt
    code_hash: bytes
    entered_by: str
    proves: str  # CALLER_ID or STAFF_PHONE


@dataclass(frozen=True, slots=True)
class RefusedVerification:
    """A request that the gate refused; the reasons are stored."""

    verification_id: int
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StaffPhone:
    """A telephone of our staff that may hear rehearsals until then (rules time)."""

    e164: str
    until: dt.datetime
    entered_by: str


@dataclass(frozen=True, slots=True)
class OwnPhone:
    """A telephone that somebody has proved, by the number of its proof."""

    phone: int
    number: str  # masked
    until: dt.datetime  # rules time


async def request(
    store: Store,
    number: PhoneNumber,
    shown: str | None,
    trunk: str,
    code_hash: bytes,
    entered_by: str,
    proves: str = CALLER_ID,
) -> int:
    """Ask the workers for a verification call; returns its id. ``shown`` None: the number itself is shown."""
    wanted = {
        "e164": number.e164,
        "shown": shown,
        "trunk": trunk,
        "code_hash": code_hash,
        "entered_by": entered_by,
        "proves": proves,
    }
    async with store.transaction() as connection:
        await add_person(store, connection, number.e164)
        refused = t("database {where}: did not take the request for a verification call", where=store.where)
        return await the_value(connection, int, Q["request"], wanted, refused)


async def staff_phones(store: Store) -> list[StaffPhone]:
    """All telephones that a call has proved for rehearsals, each with its longest-lasting proof."""
    return await store.rows(StaffPhone, Q["staff_phones"])


async def own_phones(store: Store, account: str, now: dt.datetime) -> list[OwnPhone]:
    """The telephones that an account has proved and that are good now. Raises StoreError."""
    return await store.rows(OwnPhone, Q["own_phones"], {"account": account, "now": now})


async def own_number(store: Store, phone: int, account: str, now: dt.datetime) -> str | None:
    """The number of one of them; None: it is not one of them. Raises StoreError."""
    return await store.value(str, Q["own_number"], {"phone": phone, "account": account, "now": now})


async def take(
    store: Store, node: str, trunks: Collection[str], offset: dt.timedelta, clock_name: str, decide: Decide
) -> MarkedVerification | RefusedVerification | None:
    """Decide on the oldest request for one of ``trunks`` and mark it; None when there is none.

    ``offset`` is rules time minus real time. ``decide`` must be pure.
    """
    async with store.transaction() as connection:
        await connection.execute(Q["take_turns"])
        wanted = {"patience": PATIENCE, "trunks": list(trunks)}
        if (locked := await record(connection, Q["lock_request"], wanted)) is None:
            return None
        key = {"verification_id": locked["verification_id"], "offset": offset}
        if (row := await record(connection, Q["facts"], key)) is None:
            return None
        facts = msgspec.convert(row, VerificationFacts)
        decision = decide(facts, row["now"])
        proves = {} if row["proves"] == CALLER_ID else {"proves": row["proves"]}
        decision_id = await record_decision(connection, facts, decision, clock_name, DECIDED_AS, proves)
        settled = {**key, "now": row["now"], "decision_id": decision_id, "node": node}
        if not decision.allowed:
            await connection.execute(Q["refused"], {**settled, "note": refusal(decision)})
            return RefusedVerification(row["verification_id"], decision.rules)
        asked_at = store.clock.monotonic()
        await connection.execute(Q["dialling"], settled)
    call = decision.call(f"verification-{row['verification_id']}", facts.number, facts.trunk, decision_id)
    receipt = MarkReceipt.of(call.attempt_id, asked_at, store.clock.monotonic())
    return MarkedVerification(row["verification_id"], call, receipt, row["code_hash"], row["entered_by"], row["proves"])


async def finish(
    store: Store,
    verification_id: int,
    result: str,
    note: str | None,
    *,
    dialled: bool,
    proof: CallerIdProof | None,
    phone_until: dt.datetime | None = None,
) -> None:
    """Store how the call ended, with the ``proof`` that it brought; a second time changes nothing.

    ``dialled`` False: certainly no INVITE left, so it does not count against the day. ``phone_until``: the call has
    proved a telephone of our staff, until then (rules time).
    """
    values = {
        "verification_id": verification_id,
        "result": result,
        "note": note,
        "dialled": dialled,
    }
    stamper = await store.stamper() if proof is not None or phone_until is not None else None
    async with store.transaction() as connection:
        if (ended := await record(connection, Q["finish"], values)) is None or stamper is None:
            return
        if proof is not None:
            proof_id = await add_in(connection, proof, proof.proved_at, stamper)
            await connection.execute(Q["proved"], {"proof_id": proof_id, "verification_id": verification_id})
        if phone_until is not None:
            stamp = stamp_of_phone(stamper, bytes(ended["number_hash"]), phone_until, ended["entered_by"])
            phone = {"verification_id": verification_id, "proved_until": phone_until, "stamp": stamp}
            await connection.execute(Q["add_phone"], phone)


def stamp_of_phone(stamper: Stamper, number_hash: bytes, until: dt.datetime, entered_by: str) -> bytes:
    """The program's stamp of a telephone of our staff."""
    told = {"number_hash": number_hash.hex(), "proved_until": utc(until), "entered_by": entered_by}
    return stamper.fact("phone_proof", told)
