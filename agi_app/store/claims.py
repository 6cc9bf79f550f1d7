"""Claim: who may be called now? One transaction that locks, reads facts, lets the gate decide, and reserves.

The order is what keeps a person from being called twice: slots, then contacts *and their
persons* are locked (passing over what others hold), and only then, in further statements that see
everything committed meanwhile, the facts are read (DESIGN §5 "Store" has the figures).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from psycopg.rows import DictRow

from agi_app.gate.decide import Decision
from agi_app.gate.facts import ConsentFact, Facts, ProofFact
from agi_app.model.call import Claim
from agi_app.model.campaign import Campaign, CampaignState, Purpose
from agi_app.store import queries, slots
from agi_app.store.pool import Store
from agi_app.store.statements import Connection, record, records

Q = queries.load("claims")
SOONEST_RETRY = dt.timedelta(seconds=1)  # a refusal is not decided again at once, whatever the rule says
Decide = Callable[[Facts, dt.datetime], Decision]


@dataclass(frozen=True, slots=True)
class ClaimTerms:
    """What stays the same over all claims of one worker."""

    node: str
    lease: dt.timedelta  # real time until which the claim is ours
    trunk_limit: int  # calls at once through the campaign's trunk, over all nodes
    offset: dt.timedelta  # rules time minus real time
    clock_name: str


@dataclass(frozen=True, slots=True)
class ClaimBatch:
    """What one claim brought, and why it brought no more."""

    claims: tuple[Claim, ...] = ()
    examined: int = 0
    refused: int = 0
    nothing_due: bool = False
    no_slot: bool = False
    not_running: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """A contact as it was judged: its row, the facts and the decision."""

    row: DictRow
    facts: Facts
    decision: Decision


async def claim(
    store: Store, campaign: Campaign, limit: int, terms: ClaimTerms, decide: Decide, *, look_at: int = 0
) -> ClaimBatch:
    """Reserve up to ``limit`` due contacts that the gate allows; examine as many, or ``look_at``, if that is more.

    ``decide`` must be pure; it gets the facts and the rules time by the database's clock. Raises StoreError.
    """
    async with store.transaction() as connection:
        begin = {"campaign": campaign.name, "caller_id": campaign.caller_id, "offset": terms.offset}
        start = await record(connection, Q["begin"], begin)
        if start is None or start["state"] != CampaignState.RUNNING:
            return ClaimBatch(not_running=True)
        trunk = await slots.lease(connection, slots.of_trunk(campaign.trunk), terms.trunk_limit, limit)
        own = await slots.lease(connection, slots.of_campaign(campaign.name), campaign.pace.concurrent, limit)
        free = list(zip(trunk, own, strict=False))
        if not free:
            return ClaimBatch(no_slot=True)
        contacts = await _lock(connection, campaign.name, start["now"], max(limit, look_at))
        if not contacts:
            return ClaimBatch(nothing_due=True)
        judged = await judge(connection, contacts, start, decide, len(free))
        claims = await _reserve(connection, campaign, judged, free, start["now"], terms)
    refused = len(judged) - len(claims)
    return ClaimBatch(tuple(claims), len(judged), refused, no_slot=len(claims) == len(free))


async def _lock(connection: Connection, campaign: str, now: dt.datetime, limit: int) -> list[int]:
    """Lock due contacts with their persons; one contact a person."""
    found = await records(connection, Q["lock"], {"campaign": campaign, "now": now, "limit": limit})
    first_of_person: dict[int, int] = {}
    for row in found:
        first_of_person.setdefault(row["person_id"], row["contact_id"])
    return list(first_of_person.values())


async def judge(
    connection: Connection, contacts: list[int], start: DictRow, decide: Decide, most_allowed: int
) -> list[Judged]:
    """Read the facts and decide, until ``most_allowed`` are allowed; the rest stays due."""
    now: dt.datetime = start["now"]
    found = await records(connection, Q["facts"], {"contacts": contacts, "now": now})
    consents: dict[int, list[ConsentFact]] = {}
    for row in await records(connection, Q["consents"], {"persons": [row["person_id"] for row in found]}):
        consents.setdefault(row["person_id"], []).append(
            ConsentFact(
                row["consent_id"], Purpose(row["purpose"]), row["given_at"], row["expires_at"], row["revoked_at"]
            )
        )
    judged = []
    for row in found:
        facts = _facts(row, tuple(consents.get(row["person_id"], ())), start)
        decision = decide(facts, now)
        judged.append(Judged(row, facts, decision))
        most_allowed -= decision.allowed
        if most_allowed == 0:
            break
    return judged


def _facts(row: DictRow, consents: tuple[ConsentFact, ...], start: DictRow) -> Facts:
    return Facts(
        contact_id=row["contact_id"],
        person_id=row["person_id"],
        number=row["e164"],
        campaign_state=CampaignState(start["state"]),
        consents=consents,
        suppressed_at=row["suppressed_at"],
        counted_calls=tuple(row["counted_calls"]),
        caller_id_seen=row["caller_id_seen"],
        caller_id_proof=ProofFact(start["kind"], start["expires_at"]) if start["kind"] else None,
    )


async def _reserve(
    connection: Connection,
    campaign: Campaign,
    judged: list[Judged],
    free: list[tuple[int, int]],
    now: dt.datetime,
    terms: ClaimTerms,
) -> list[Claim]:
    decided = await _record_decisions(connection, campaign.name, judged, terms.clock_name)
    claims = [_claim(j.row, campaign, decided[j.row["contact_id"]]) for j in judged if j.decision.allowed]
    if claims:
        await connection.execute(
            Q["open_attempts"],
            {
                "campaign": campaign.name,
                "node": terms.node,
                "trunk": campaign.trunk,
                "caller_id": campaign.caller_id,
                "now": now,
                "lease": terms.lease,
                "rows": _json([_attempt_row(c) for c in claims]),
            },
        )
        scopes = (slots.of_trunk(campaign.trunk), slots.of_campaign(campaign.name))
        occupied = [
            {"scope": scope, "n": n, "attempt_id": c.attempt_id}
            for c, pair in zip(claims, free, strict=False)
            for scope, n in zip(scopes, pair, strict=True)
        ]
        await slots.occupy(connection, _json(occupied))
    settled = [_contact_row(j, now, decided.get(j.row["contact_id"])) for j in judged]
    await connection.execute(Q["settle_contacts"], {"rows": _json(settled)})
    return claims


async def _record_decisions(
    connection: Connection, campaign: str, judged: list[Judged], clock_name: str
) -> dict[int, int]:
    """Write a row for each yes and each new kind of no; contact id -> decision id."""
    new = [
        {
            "contact_id": j.facts.contact_id,
            "person_id": j.facts.person_id,
            "rules": j.decision.rules,
            "reasons": j.decision.reasons,
            "inputs": _inputs(j.facts),
            "ruleset_version": j.decision.ruleset_version,
            "decided_at": j.decision.decided_at,
        }
        for j in judged
        if j.decision.allowed
        or list(j.decision.rules) != j.row["last_rules"]
        or j.decision.ruleset_version != j.row["last_version"]
    ]
    if not new:
        return {}
    written = await records(
        connection, Q["record_decisions"], {"campaign": campaign, "clock": clock_name, "rows": _json(new)}
    )
    return {row["contact_id"]: row["decision_id"] for row in written}


def _inputs(facts: Facts) -> dict[str, Any]:
    """The facts without the number, which must be erasable."""
    return {
        "campaign_state": facts.campaign_state,
        "consents": facts.consents,
        "suppressed_at": facts.suppressed_at,
        "counted_calls": facts.counted_calls,
        "caller_id_seen": facts.caller_id_seen,
        "caller_id_proof": facts.caller_id_proof,
    }


def _claim(row: DictRow, campaign: Campaign, decision_id: int) -> Claim:
    return Claim(
        attempt_id=uuid.uuid4().hex,
        contact_id=row["contact_id"],
        person_id=row["person_id"],
        campaign=campaign.name,
        number=row["e164"],
        caller_id=campaign.caller_id,
        trunk=campaign.trunk,
        language=row["language"],
        fields=row["fields"],
        attempt_number=row["attempts_made"] + 1,
        decision_id=decision_id,
        retries_used=row["retries_used"],
    )


def _attempt_row(claimed: Claim) -> dict[str, Any]:
    return {
        "attempt_id": claimed.attempt_id,
        "contact_id": claimed.contact_id,
        "person_id": claimed.person_id,
        "decision_id": claimed.decision_id,
    }


def _contact_row(judged: Judged, now: dt.datetime, decision_id: int | None) -> dict[str, Any]:
    again = judged.decision.try_again_at
    due: dt.datetime | str
    if judged.decision.allowed:
        state, due = "claimed", now
    else:
        state, due = "pending", max(again, now + SOONEST_RETRY) if again else "infinity"
    return {"contact_id": judged.facts.contact_id, "state": state, "due_at": due, "decision_id": decision_id}


def _json(rows: list[dict[str, Any]]) -> str:
    return msgspec.json.encode(rows).decode()
