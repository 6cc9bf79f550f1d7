"""The facts of contacts, read in one statement, and what the gate says of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from psycopg.rows import DictRow

from agi_app.gate.caller_id_rules import numbers_of
from agi_app.gate.decide import Decision
from agi_app.gate.facts import AbandonedFact, CallFact, ConsentFact, Facts, ListState, ProofFact
from agi_app.model.campaign import Campaign, CampaignState, Window
from agi_app.model.contact_times import NO_TIMES, Times
from agi_app.store.calling.quotas import QuotaStanding, standing
from agi_app.store.database.statements import Connection, load_queries, record, records

Q = load_queries("calling/claims")
Decide = Callable[[Facts, dt.datetime], Decision]
PutOff = Callable[[DictRow], bool]
Missing = Callable[[str | None, Mapping[str, str]], tuple[str, ...]]  # (language, columns) -> names that cannot be said


@dataclass(frozen=True, slots=True)
class DueContact:
    """A contact and the head of its person."""

    contact_id: int
    head: int


@dataclass(frozen=True, slots=True)
class Begin:
    """What is the same for all contacts of one claim."""

    state: CampaignState
    now: dt.datetime  # rules time
    proofs: tuple[ProofFact, ...]
    lists: tuple[ListState, ...]
    abandoned: AbandonedFact | None = None  # of the campaign's calls for agents, the last 30 days
    urgencies: tuple[int, ...] = ()  # of waiting contacts, the highest first; those without any come last
    quota: QuotaStanding | None = None  # None: the campaign has none
    feed_late: bool = False  # its facts are too old to call by


@dataclass(frozen=True, slots=True)
class JudgedContact:
    """A contact as it was judged: its row, the facts and the decision."""

    row: DictRow
    facts: Facts
    decision: Decision


async def begin(connection: Connection, campaign: Campaign, offset: dt.timedelta) -> Begin | None:
    """What is the same for all contacts of the campaign; None: there is no such campaign."""
    values = {"campaign": campaign.name, "shown": list(numbers_of(campaign)), "offset": offset}
    if (row := await record(connection, Q["begin"], values)) is None:
        return None
    return Begin(
        CampaignState(row["state"]),
        row["now"],
        _decoded(row["proofs"], _PROOFS),
        _decoded(row["lists"], _LISTS),
        None if row["abandoned"] is None else _ABANDONED.decode(row["abandoned"]),
        tuple(row["urgencies"]),
        feed_late=row["feed_late"],
    )


async def begin_claim(connection: Connection, campaign: Campaign, offset: dt.timedelta) -> Begin | None:
    """As ``begin``, and with how the groups stand; None also when the stored quota is not that of ``campaign``."""
    start = await begin(connection, campaign, offset)
    if start is None or start.state is not CampaignState.RUNNING or campaign.quota is None:
        return start
    groups = await standing(connection, campaign)
    return None if groups is None else replace(start, quota=groups)


async def judge(
    connection: Connection,
    due: Sequence[DueContact],
    start: Begin,
    decide: Decide,
    most_allowed: int,
    missing: Missing | None = None,
    put_off: PutOff | None = None,
) -> list[JudgedContact]:
    """Read the facts and decide, until ``most_allowed`` are allowed; the rest stays due.

    ``missing`` tells which columns the call could not say; None: it says none. ``put_off`` is asked about each
    first, and takes those that are not to be judged now.
    """
    values = {"contacts": [d.contact_id for d in due], "heads": [d.head for d in due], "now": start.now}
    judged = []
    for row in await records(connection, Q["facts"], values):
        if put_off is not None and put_off(row):
            continue
        facts = _facts(row, start, missing)
        decision = decide(facts, start.now)
        judged.append(JudgedContact(row, facts, decision))
        most_allowed -= decision.allowed
        if most_allowed == 0:
            break
    return judged


_PROOFS = msgspec.json.Decoder(tuple[ProofFact, ...])
_LISTS = msgspec.json.Decoder(tuple[ListState, ...])
_CONSENTS = msgspec.json.Decoder(tuple[ConsentFact, ...])
_ABANDONED = msgspec.json.Decoder(AbandonedFact)
_FIELDS = msgspec.json.Decoder(dict[str, str])
_CALLS = msgspec.json.Decoder(tuple[CallFact, ...])
_WINDOWS = msgspec.json.Decoder(tuple[Window, ...])


def _decoded(text: str | None, decoder: msgspec.json.Decoder[tuple[Any, ...]]) -> tuple[Any, ...]:
    return () if text is None else decoder.decode(text)


def _facts(row: DictRow, start: Begin, missing: Missing | None) -> Facts:
    fields = {} if missing is None and start.quota is None else _FIELDS.decode(row["fields"])
    return Facts(
        contact_id=row["contact_id"],
        person_id=row["head"],
        number=row["e164"],
        campaign_state=start.state,
        consents=_decoded(row["consents"], _CONSENTS),
        suppressed_at=row["suppressed_at"],
        counted_calls=_decoded(row["counted_calls"], _CALLS),
        caller_id_seen=row["caller_id_seen"],
        caller_id_proofs=start.proofs,
        list_hits=tuple(row["list_hits"]),
        list_states=start.lists,
        abandoned=start.abandoned,
        columns_missing=() if missing is None else missing(row["language"], fields),
        times=times_of(row),
        number_shared=row["held"],
        row_rejected=row["faulty_row"] is not None,
        unapproved=row["unapproved"],
        quota=None if start.quota is None else start.quota.fact(fields),
    )


def times_of(row: DictRow) -> Times:
    """What the office says of a contact's time, from its row."""
    event, begin, end, preferred = row["event_at"], row["not_before"], row["not_after"], row["preferred"]
    if event is begin is end is preferred is None:
        return NO_TIMES  # this one: what is as it is for most is not kept with a decision
    return Times(event, begin, end, _decoded(preferred, _WINDOWS))
