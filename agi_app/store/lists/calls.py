"""Lists of what the gate decided and of calls, the newest first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

from agi_app.gate.case import Reason
from agi_app.gate.stored_reasons import reasons_of
from agi_app.model.lists import Count, Page
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries
from agi_app.store.lists.paging import NewestFirst, PageOf

T = TypeVar("T")
Q = load_queries("lists/calls")
ALWAYS = ("-infinity", "infinity")


@dataclass(frozen=True, slots=True)
class DecisionItem:
    """What the gate decided of a contact (``external_id`` None: of a call that no campaign made, or it is gone)."""

    decision_id: int
    campaign: str
    contact_id: int
    external_id: str | None
    person_id: int
    allowed: bool
    rules: Sequence[str]
    reasons: Sequence[Reason]
    ruleset_version: str
    campaign_version: str | None
    decided_at: dt.datetime  # rules time
    recorded_at: dt.datetime  # real time
    clock: str


@dataclass(frozen=True, slots=True)
class AttemptItem:
    """A call, or one that was to be; times are real."""

    attempt_id: str
    campaign: str
    contact_id: int
    external_id: str
    person_id: int
    decision_id: int
    node: str
    trunk: str
    caller_id: str  # a number of ours
    state: str  # claimed, dialling, ended
    dialled: bool
    claimed_at: dt.datetime
    marked_at: dt.datetime | None
    ringing_at: dt.datetime | None
    answered_at: dt.datetime | None
    ended_at: dt.datetime | None
    outcome: str | None
    cause: int | None
    tech_cause: int | None
    disposition: str | None
    answers: Mapping[str, str]
    note: str | None
    number_place: int  # of the contact's numbers the one that was called, from 1
    number_kind: str | None  # what the list calls it


@dataclass(frozen=True, slots=True)
class RecordingItem:
    """What is kept of a call's sound; ``erased_at``: it is gone."""

    recording_id: int
    attempt_id: str
    campaign: str
    contact_id: int
    external_id: str
    person_id: int
    name: str  # what the flow saved it as
    kind: str  # message, answer, call
    seconds: float
    ended_at: dt.datetime | None  # the call, real time
    erased_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class LineCallItem:
    """A call that came in; ``stops``: how each stop in it was said."""

    line_call_id: int
    line: str
    called: str  # a number of ours
    node: str
    result: str
    note: str | None
    language: str | None
    disposition: str | None
    began_at: dt.datetime  # rules time
    answered_at: dt.datetime | None
    ended_at: dt.datetime
    stops: Sequence[str]


@dataclass(frozen=True, slots=True)
class DecisionFilter:
    """Which decisions; None: all. The span is of ``recorded_at``, without its end."""

    campaign: str | None = None
    contact_id: int | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    allowed: bool | None = None
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class AttemptFilter:
    """Which calls; None: all. The span is of ``claimed_at``, without its end."""

    campaign: str | None = None
    contact_id: int | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    outcome: str | None = None
    disposition: str | None = None
    trunk: str | None = None


@dataclass(frozen=True, slots=True)
class LineCallFilter:
    """Which calls that came in; None: all. The span is of ``began_at``, without its end."""

    since: dt.datetime | None = None
    until: dt.datetime | None = None
    line: str | None = None
    result: str | None = None


RANGES = "campaign contact_id since until"
DECISIONS = NewestFirst("decisions", DecisionItem, Q["decisions"], Q["decision"], ranges=RANGES)
DECISIONS_OF_CONTACT = NewestFirst("decisions", DecisionItem, Q["decisions_of_contact"], Q["decision"], ranges=RANGES)
ATTEMPTS = NewestFirst("attempts", AttemptItem, Q["attempts"], Q["attempt"], id_kind=str, ranges=RANGES)
ATTEMPTS_OF_CONTACT = NewestFirst(
    "attempts", AttemptItem, Q["attempts_of_contact"], Q["attempt"], id_kind=str, ranges=RANGES
)
RECORDINGS = NewestFirst("recordings", RecordingItem, Q["recordings"], Q["recording"])
LINE_CALLS = NewestFirst("line calls", LineCallItem, Q["line_calls"], Q["line_call"], ranges="since until")


async def decisions(store: Store, wanted: DecisionFilter, asked: PageOf) -> Page[DecisionItem]:
    """Some of them. Raises InputError for a wrong limit or cursor, StoreError."""
    of, values = await _streams(store, wanted, DECISIONS, DECISIONS_OF_CONTACT, "decision_campaigns")
    found = await of.page(store, asked, asdict(wanted), values, streams=len(values["streams"]))
    return replace(found, rows=[replace(row, reasons=reasons_of(row.reasons)) for row in found.rows])  # which were JSON


async def decision(store: Store, decision_id: int) -> tuple[DecisionItem, dict[str, Any]] | None:
    """One with the facts that it was made by; None: there is none. Raises StoreError."""
    found = await store.record(Q["one_decision"], {"decision_id": decision_id})
    if found is None:
        return None
    inputs: dict[str, Any] = found.pop("inputs")
    return DecisionItem(**{**found, "reasons": reasons_of(found["reasons"])}), inputs


async def attempts(store: Store, wanted: AttemptFilter, asked: PageOf) -> Page[AttemptItem]:
    """Some of them. Raises InputError for a wrong limit or cursor, StoreError."""
    of, values = await _streams(store, wanted, ATTEMPTS, ATTEMPTS_OF_CONTACT, "attempt_campaigns")
    return await of.page(store, asked, asdict(wanted), values, streams=len(values["streams"]))


async def recordings(store: Store, campaign: str | None, asked: PageOf) -> Page[RecordingItem]:
    """Some of them, of a campaign or of all. Raises InputError for a wrong limit or cursor, StoreError."""
    return await RECORDINGS.page(store, asked, {"campaign": campaign}, {})


async def recordings_of_contact(store: Store, contact_id: int, rows: int) -> list[RecordingItem]:
    """The newest of one contact. Raises StoreError."""
    return await store.rows(RecordingItem, Q["recordings_of_contact"], {"contact_id": contact_id, "rows": rows})


async def line_calls(store: Store, wanted: LineCallFilter, asked: PageOf) -> Page[LineCallItem]:
    """Some of them. Raises InputError for a wrong limit or cursor, StoreError."""
    return await LINE_CALLS.page(store, asked, asdict(wanted), span(wanted.since, wanted.until))


async def count_decisions(store: Store, wanted: DecisionFilter) -> Count:
    """How many, as far as it looks. Raises StoreError."""
    of, values = await _streams(store, wanted, DECISIONS, DECISIONS_OF_CONTACT, "decision_campaigns")
    return await of.count(store, asdict(wanted), values)


async def count_attempts(store: Store, wanted: AttemptFilter) -> Count:
    """How many, as far as it looks. Raises StoreError."""
    of, values = await _streams(store, wanted, ATTEMPTS, ATTEMPTS_OF_CONTACT, "attempt_campaigns")
    return await of.count(store, asdict(wanted), values)


def span(since: dt.datetime | None, until: dt.datetime | None) -> dict[str, Any]:
    """The parameters of a span of time that may be open."""
    return {"since": since or ALWAYS[0], "until": until or ALWAYS[1]}


async def _streams(
    store: Store,
    wanted: DecisionFilter | AttemptFilter,
    of_all: NewestFirst[T],
    of_contact: NewestFirst[T],
    campaigns: str,
) -> tuple[NewestFirst[T], dict[str, Any]]:
    """Which of two lists answers, and its parameters: one stream a campaign."""
    values = span(wanted.since, wanted.until)
    if wanted.contact_id is not None:
        return of_contact, {**values, "streams": [""]}
    if wanted.campaign is not None:
        return of_all, {**values, "streams": [wanted.campaign]}
    return of_all, {**values, "streams": [row["campaign"] for row in await store.records(Q[campaigns])]}
