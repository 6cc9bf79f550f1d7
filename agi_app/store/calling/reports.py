"""Questions that reports and status ask; all read-only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from agi_app.gate.case import Reason
from agi_app.gate.stored_reasons import reasons_of
from agi_app.model.campaign import Campaign
from agi_app.model.waiting_reason import WaitingCounts
from agi_app.store.calling import concurrent_slots
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries, record, records

Q = load_queries("calling/reports")


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One call that was dialled; times are real, except ``rules_at``."""

    attempt_id: str
    external_id: str
    person_id: int
    trunk: str
    caller_id: str
    rules_at: dt.datetime
    marked_at: dt.datetime | None
    ringing_at: dt.datetime | None
    answered_at: dt.datetime | None
    ended_at: dt.datetime | None
    state: str
    outcome: str | None
    cause: int | None
    tech_cause: int | None
    disposition: str | None
    answers: dict[str, str]
    counts: bool
    note: str | None
    recordings: list[int]  # the ids of those that are kept


@dataclass(frozen=True, slots=True)
class ContactStatus:
    """Where one contact stands. ``reasons`` is why the latest decision refused it (empty: it did not)."""

    external_id: str
    person_id: int
    language: str | None
    state: str
    attempts_made: int
    last_outcome: str | None
    disposition: str | None
    due_at: dt.datetime | None  # rules time; None: never, unless a person fixes the reasons
    reasons: Sequence[Reason]
    decided_at: dt.datetime | None
    ruleset_version: str | None


async def refusals_by_rule(store: Store, campaign: str) -> dict[str, int]:
    """Contacts by each rule of their latest decision, the most frequent first."""
    return await _by_name(store, "refusals_by_rule", {"campaign": campaign})


async def attempt_rows(store: Store, campaign: str) -> list[AttemptRow]:
    """All calls that were dialled, in order."""
    return await store.rows(AttemptRow, Q["attempts"], {"campaign": campaign})


async def outcome_counts(store: Store, campaign: str) -> dict[str, int]:
    """Dialled calls by outcome; one that still goes on counts as ``dialling``."""
    return await _by_name(store, "outcomes", {"campaign": campaign})


async def disposition_counts(store: Store, campaign: str) -> dict[str, int]:
    """Dialled calls by what the flow said they meant."""
    return await _by_name(store, "dispositions", {"campaign": campaign})


async def contact_rows(store: Store, campaign: str) -> list[ContactStatus]:
    """Every contact, called or not, with the reasons."""
    found = await store.rows(ContactStatus, Q["contacts"], {"campaign": campaign})
    return [replace(row, reasons=reasons_of(row.reasons)) for row in found]  # which came as JSON


async def why_waiting(store: Store, campaign: Campaign, now: dt.datetime) -> WaitingCounts:
    """What the campaign waits for at ``now`` (rules time)."""
    values = {"campaign": campaign.name, "now": now}
    async with store.connection() as connection:
        by_rule = await records(connection, Q["waiting_by_rule"], values)
        counted = await records(connection, Q["waiting"], values)
        calls = await record(connection, Q["open_attempts"], values)
        return WaitingCounts(
            **counted[0],
            by_rule={row["name"]: row["number"] for row in by_rule},
            rule_until={row["name"]: row["until"] for row in by_rule if row["until"] is not None},
            open_attempts=calls["open"] if calls else 0,
            campaign_slots_used=await concurrent_slots.used(connection, concurrent_slots.of_campaign(campaign.name)),
            trunk_slots_used=await concurrent_slots.used(connection, concurrent_slots.of_trunk(campaign.trunk)),
            trunk_slots=await concurrent_slots.total(connection, concurrent_slots.of_trunk(campaign.trunk)),
        )


async def _by_name(store: Store, query: str, values: dict[str, Any]) -> dict[str, int]:
    return {row["name"]: row["number"] for row in await store.records(Q[query], values)}
