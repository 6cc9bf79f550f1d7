"""Questions that reports and status ask; all read-only."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from psycopg.rows import class_row

from agi_app.gate.case import Reason
from agi_app.gate.stored_reasons import reasons_of
from agi_app.model.campaign import Campaign
from agi_app.model.waiting_reason import WaitingCounts
from agi_app.store.calling import concurrent_slots, tallies
from agi_app.store.calling.tallies import Tallies
from agi_app.store.database.plans import follow_indexes
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, load_queries, records
from agi_app.store.ledger.audit import snapshot

Q = load_queries("calling/reports")
T = TypeVar("T")
AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One call that was dialled; times are real, except ``rules_at``."""

    attempt_id: str
    external_id: str
    person_id: int
    number_place: int  # of the contact's numbers the one that was called, from 1
    number_kind: str | None  # what the list calls it
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
    reached_place: int | None  # of the number at which a call was last answered by no machine; None: by none
    reached_kind: str | None  # what the list calls it
    answers: dict[str, str]  # what was answered in its calls; of one name the last


async def tallies_of(store: Store, campaign: str) -> Tallies:
    """The campaign's kept figures, and the calls that go on as the outcome ``dialling``. Raises StoreError."""
    found = await tallies.of_campaign(store, campaign)
    calls = await store.record(Q["open_attempts"], {"campaign": campaign}) or {}
    dialling = {"dialling": calls["dialling"]} if calls.get("dialling") else {}
    return replace(found, outcomes={**found.outcomes, **dialling})


async def attempt_rows(store: Store, campaign: str) -> list[AttemptRow]:
    """All calls that were dialled, in order."""
    return await store.rows(AttemptRow, Q["attempts"], {"campaign": campaign})


async def contact_rows(store: Store, campaign: str, most: int | None = None) -> list[ContactStatus]:
    """The contacts, called or not, with the reasons; at most so many of the first ones."""
    found = await store.rows(ContactStatus, Q["contacts"], {"campaign": campaign, "most": most})
    return [_with_reasons(row) for row in found]


class CampaignRows:
    """The rows of one campaign in one snapshot, some thousands at a time, whatever their number."""

    def __init__(self, connection: Connection, campaign: str) -> None:
        self._connection = connection
        self._values = {"campaign": campaign, "most": None}

    async def contacts(self) -> AsyncIterator[list[ContactStatus]]:
        """Every contact, in the order in which they came. Raises psycopg.Error."""
        async for some in self._rows(ContactStatus, Q["contacts"]):
            yield [_with_reasons(row) for row in some]

    async def answer_names(self) -> list[str]:
        """The names of all answers in its calls, in the order of the alphabet. Raises psycopg.Error."""
        return [row["name"] for row in await records(self._connection, Q["answer_names"], self._values)]

    def attempts(self) -> AsyncIterator[list[AttemptRow]]:
        """All calls that were dialled, in order. Raises psycopg.Error."""
        return self._rows(AttemptRow, Q["attempts"])

    async def _rows(self, kind: type[T], query: str) -> AsyncIterator[list[T]]:
        async with self._connection.cursor("report", row_factory=class_row(kind)) as cursor:
            await cursor.execute(query, self._values)
            while some := await cursor.fetchmany(AT_ONCE):
                yield some


@asynccontextmanager
async def all_rows(store: Store, campaign: str) -> AsyncIterator[CampaignRows]:
    """The campaign's rows as they are now, as long as the block lasts. Raises StoreError."""
    async with snapshot(store) as connection:
        await connection.execute(Q["read_all"])
        yield CampaignRows(connection, campaign)


def _with_reasons(row: ContactStatus) -> ContactStatus:
    return replace(row, reasons=reasons_of(row.reasons))  # which came as JSON


async def why_waiting(store: Store, campaign: Campaign, now: dt.datetime, kept: Tallies | None = None) -> WaitingCounts:
    """What the campaign waits for at ``now`` (rules time); ``kept``: its figures, when they were read just now."""
    values = {"campaign": campaign.name, "now": now}
    kept = kept or await tallies.of_campaign(store, campaign.name)
    async with store.transaction() as connection:
        await follow_indexes(connection)
        again = {row["name"]: row for row in await records(connection, Q["held_again"], values)}
        waiting = (await records(connection, Q["waiting"], values))[0]
        calls = (await records(connection, Q["open_attempts"], values))[0]
        held = {rule: number - (again[rule]["due"] if rule in again else 0) for rule, number in kept.held.items()}
        return WaitingCounts(
            **waiting,
            later=max(0, kept.contacts.get("pending", 0) - waiting["due_now"]),
            parked=kept.contacts.get("parked", 0),
            by_rule={rule: number for rule, number in held.items() if number > 0},
            rule_until={rule: row["until"] for rule, row in again.items() if row["until"] is not None},
            open_attempts=calls["open"],
            campaign_slots_used=await concurrent_slots.used(connection, concurrent_slots.of_campaign(campaign.name)),
            trunk_slots_used=await concurrent_slots.used(connection, concurrent_slots.of_trunk(campaign.trunk)),
            trunk_slots=await concurrent_slots.total(connection, concurrent_slots.of_trunk(campaign.trunk)),
        )
