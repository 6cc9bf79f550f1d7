"""Verification calls as rows: the command line asks, a worker decides, rings and stores what came of it.

The decision and the mark are one transaction that locks the person's row, as a claim's are; ``dialling`` is
durable before any request leaves. The code is never stored: only its salted, slow hash is, until the call is over.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import msgspec
from psycopg.rows import DictRow

from agi_app.errors import StoreError
from agi_app.gate.decide import Decision
from agi_app.gate.facts import ProofFact
from agi_app.gate.permit import MarkReceipt
from agi_app.gate.verification import DECIDED_AS, NO_CONTACT, VerificationFacts
from agi_app.model.call import Claim
from agi_app.model.phone import PhoneNumber
from agi_app.store import queries
from agi_app.store.caller_ids import Proof, add_in
from agi_app.store.pool import Store
from agi_app.store.statements import Connection, count, record

Q = queries.load("verifications")
PATIENCE = dt.timedelta(seconds=30)  # real time; a request that no worker took by then is not called any more
Decide = Callable[[VerificationFacts, dt.datetime], Decision]


@dataclass(frozen=True, slots=True)
class Marked:
    """A verification call that may be made now: as good as a claim and its mark."""

    verification_id: int
    claim: Claim
    receipt: MarkReceipt
    code_hash: bytes
    entered_by: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that the gate refused; the reasons are stored."""

    verification_id: int
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """How far a request is: ``state`` waiting, dialling or ended; ``result`` when it ended."""

    state: str
    result: str | None
    note: str | None


async def request(
    store: Store, number: PhoneNumber, shown: str | None, trunk: str, code_hash: bytes, entered_by: str
) -> int:
    """Ask the workers for a verification call; returns its id. ``shown`` None: the number itself is shown."""
    person = {
        "e164": number.e164,
        "number_hash": store.hash_number(number.e164),
        "region": number.region,
        "zones": list(number.zones),
    }
    wanted = {
        "e164": number.e164,
        "shown": shown,
        "trunk": trunk,
        "code_hash": code_hash,
        "entered_by": entered_by,
    }
    async with store.transaction() as connection:
        await connection.execute(Q["add_person"], person)
        row = await record(connection, Q["request"], wanted)
    if row is None:
        raise StoreError(f"database {store.where}: did not take the request for a verification call")
    return int(row["verification_id"])


async def anything_asked(store: Store) -> bool:
    """Whether a verification call or a trial call-back may be waiting for a worker."""
    async with store.connection() as connection:
        row = await record(connection, Q["anything"])
    return bool(row and row["waiting"])


async def status(store: Store, verification_id: int) -> Status:
    """What has become of a request."""
    return (await store.rows(Status, Q["status"], {"verification_id": verification_id}))[0]


async def give_up(store: Store, verification_id: int) -> bool:
    """Take a request back; False when a worker has taken it already."""
    async with store.transaction() as connection:
        return await count(connection, Q["give_up"], {"verification_id": verification_id}) > 0


async def take(
    store: Store, node: str, trunks: Collection[str], offset: dt.timedelta, clock_name: str, decide: Decide
) -> Marked | Refused | None:
    """Decide on the oldest request for one of ``trunks`` and mark it; None when there is none.

    ``offset`` is rules time minus real time. ``decide`` must be pure.
    """
    async with store.transaction() as connection:
        await connection.execute(Q["take_turns"])
        wanted = {"patience": PATIENCE, "trunks": list(trunks)}
        locked = await record(connection, Q["lock_request"], wanted)
        if locked is None:
            return None
        key = {"verification_id": locked["verification_id"], "offset": offset}
        row = await record(connection, Q["facts"], key)
        if row is None:
            return None
        facts = _facts(row)
        decision = decide(facts, row["now"])
        decision_id = await _record(connection, facts, decision, clock_name)
        settled = {**key, "now": row["now"], "decision_id": decision_id, "node": node}
        if not decision.allowed:
            note = "; ".join(f"{r.rule}: {r.text}{_again(r.try_again_at)}" for r in decision.reasons)
            await connection.execute(Q["refused"], {**settled, "note": note})
            return Refused(row["verification_id"], decision.rules)
        await connection.execute(Q["dialling"], settled)
    claim = _claim(row, decision_id)
    receipt = MarkReceipt(claim.attempt_id, store.clock.monotonic())
    return Marked(row["verification_id"], claim, receipt, row["code_hash"], row["entered_by"])


async def finish(
    store: Store, verification_id: int, result: str, note: str | None, *, dialled: bool, proof: Proof | None
) -> None:
    """Store how the call ended, with the ``proof`` that it brought; a second time changes nothing.

    ``dialled`` False: surely no INVITE left, so it does not count against the day.
    """
    values = {"verification_id": verification_id, "result": result, "note": note, "dialled": dialled}
    async with store.transaction() as connection:
        if await record(connection, Q["finish"], values) is not None and proof is not None:
            proof_id = await add_in(connection, proof, proof.proved_at)
            await connection.execute(Q["proved"], {"proof_id": proof_id, "verification_id": verification_id})


def _facts(row: DictRow) -> VerificationFacts:
    proof = row["shown_proof"]
    return VerificationFacts(
        person_id=row["person_id"],
        number=row["e164"],
        shown=row["shown"],
        shown_proof=_proof(proof) if proof else None,
        trunk=row["trunk"],
        suppressed_at=row["suppressed_at"],
        recent_calls=tuple(row["recent_calls"]),
    )


def _proof(found: dict[str, str]) -> ProofFact:
    return ProofFact(found["number"], found["kind"], dt.datetime.fromisoformat(found["expires_at"]))


async def _record(connection: Connection, facts: VerificationFacts, decision: Decision, clock_name: str) -> int:
    inputs: dict[str, Any] = {
        "caller_id": facts.shown or "the number itself",  # without the number, which must be erasable
        "caller_id_proof": facts.shown_proof,
        "suppressed_at": facts.suppressed_at,
        "recent_calls": facts.recent_calls,
        "trunk": facts.trunk,
        "trunk_is_sandbox": decision.trunk_is_sandbox,
        "place": decision.place,
    }
    values = {
        "contact_id": NO_CONTACT,
        "person_id": facts.person_id,
        "campaign": DECIDED_AS,
        "allowed": decision.allowed,
        "rules": list(decision.rules),
        "reasons": msgspec.json.encode(decision.reasons).decode(),
        "inputs": msgspec.json.encode(inputs).decode(),
        "ruleset_version": decision.ruleset_version,
        "decided_at": decision.decided_at,
        "clock": clock_name,
    }
    row = await record(connection, Q["record_decision"], values)
    if row is None:
        raise StoreError("the decision about a verification call was not stored")
    return int(row["decision_id"])


def _claim(row: DictRow, decision_id: int) -> Claim:
    return Claim(
        attempt_id=f"verification-{row['verification_id']}",
        contact_id=NO_CONTACT,
        person_id=row["person_id"],
        campaign=DECIDED_AS,
        number=row["e164"],
        caller_id=row["shown"] or row["e164"],
        trunk=row["trunk"],
        language=None,
        fields={},
        attempt_number=1,
        decision_id=decision_id,
    )


def _again(at: dt.datetime | None) -> str:
    return f" (again from {at:%Y-%m-%d %H:%M} UTC)" if at else ""
