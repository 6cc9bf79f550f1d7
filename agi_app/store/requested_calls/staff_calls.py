"""What the rows of verification calls and rehearsals share: the person who is rung, and the decision about the call."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from agi_app.gate.decide import Decision
from agi_app.gate.facts import ProofFact
from agi_app.gate.verification import NO_CONTACT, VerificationFacts
from agi_app.messages import current, t
from agi_app.model.phone import region_and_zones
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, as_json, load_queries, the_value

Q = load_queries("requested_calls/verifications")


async def add_person(store: Store, connection: Connection, e164: str) -> None:
    """Make sure that the owner of the number is a person here."""
    region, zones = region_and_zones(e164)
    person = {"e164": e164, "number_hash": store.hash_number(e164), "region": region, "zones": zones}
    await connection.execute(Q["add_person"], person)


async def record_decision(
    connection: Connection,
    facts: VerificationFacts,
    decision: Decision,
    clock_name: str,
    decided_as: str,
    more: Mapping[str, object],
) -> int:
    """Store a decision with what it was judged by, and ``more`` of that; returns its id."""
    inputs: dict[str, Any] = {
        "caller_id": facts.shown or "the number itself",  # without the number, which must be erasable
        "caller_id_proof": facts.shown_proof,
        "suppressed_at": facts.suppressed_at,
        "recent_calls": facts.recent_calls,
        "trunk": facts.trunk,
        "trunk_is_sandbox": decision.trunk_is_sandbox,
        "prefix": decision.prefix,
        "place": decision.place,
        **more,
    }
    values = {
        "contact_id": NO_CONTACT,
        "person_id": facts.person_id,
        "campaign": decided_as,
        "allowed": decision.allowed,
        "rules": list(decision.rules),
        "reasons": as_json(decision.reasons),
        "inputs": as_json(inputs),
        "ruleset_version": decision.ruleset_version,
        "decided_at": decision.decided_at,
        "clock": clock_name,
    }
    lost = t("the decision about a call ({decided_as}) was not stored", decided_as=decided_as)
    return await the_value(connection, int, Q["record_decision"], values, lost)


def refusal(decision: Decision) -> str:
    """Why, for people, and when to ask again."""
    return "; ".join(f"{r.rule}: {r.told(current())}{_again(r.try_again_at)}" for r in decision.reasons)


def phone_fact(proof: ProofFact | None) -> dict[str, object] | None:
    """What a decision row keeps of the proof of a staff telephone: not the number, which must be erasable."""
    return None if proof is None else {"kind": proof.kind, "expires_at": proof.expires_at}


def _again(at: dt.datetime | None) -> str:
    return t(" (again from {at:%Y-%m-%d %H:%M} UTC)", at=at) if at else ""
