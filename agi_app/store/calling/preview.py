"""What the gate is told about all waiting contacts of a campaign, as classes of equal facts; reads only.

Most contacts of a campaign differ by their number alone. PostgreSQL groups those that no rule can tell apart
(``preview.sql`` says how), so that a million contacts are a few hundred decisions.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from psycopg.rows import DictRow

from agi_app.gate.facts import CallFact, ConsentFact, Facts
from agi_app.model.campaign import Campaign, CampaignState, Purpose
from agi_app.model.contact_times import Times
from agi_app.store.calling.facts import Begin, Missing, begin, times_of
from agi_app.store.calling.quotas import QuotaStanding, counted
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, load_queries, record, records

Q = load_queries("calling/preview")
HORIZON = dt.timedelta(days=62)  # no rule looks further ahead: the longest span of a cap is a month
SLICE = 20_000  # contacts; some thousand numbers a row, so that memory stays bounded
ROWS_AT_ONCE = 200
MOST_PERSONS = 10_000  # with several contacts
LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class FactClass:
    """Numbers about which every rule hears the same, but for where they are; ``facts.number`` is empty."""

    facts: Facts
    due: dt.datetime | None  # rules time; None: now, or as soon as the campaign is started
    busy: bool  # the person is being called at this moment
    numbers: list[str]  # E.164, one a contact
    group: str = ""  # of the campaign's quota; empty: none


@dataclass(frozen=True, slots=True)
class SpokenColumns:
    """The columns of a contact that a flow says, or that a quota goes by."""

    filled: frozenset[str]  # of these it only counts whether they are empty
    values: frozenset[str]  # of these it counts what stands there
    missing: Missing


@dataclass(frozen=True, slots=True)
class SeveralContacts:
    """The waiting contacts of one person who has more than one: those that had no call yet."""

    number: str  # E.164, one of theirs
    calls: list[dt.datetime]  # that count for their caps, rules time
    contacts: list[tuple[str, dt.datetime, Times]]  # external id, when it is due, what the office says of its time


@dataclass(frozen=True, slots=True)
class Experience:
    """How calls of a campaign ended so far."""

    outcome: str
    calls: int
    seconds: float | None  # from the mark to the end, on average


class WaitingContacts:
    """The waiting contacts of a campaign at one instant, as if it ran; made by ``open_waiting``."""

    def __init__(self, connection: Connection, campaign: str, start: Begin, contacts: int) -> None:
        self._connection, self._campaign, self._start = connection, campaign, start
        self.now = start.now  # rules time
        self.contacts = contacts

    @property
    def quota(self) -> QuotaStanding | None:
        """How the groups stand; None: the campaign has no quota."""
        return self._start.quota

    async def classes(self, says: SpokenColumns | None = None) -> AsyncIterator[FactClass]:
        """All of them; a class may come in several parts. ``says``: what the flow says of a contact; None: nothing."""
        names = {row["list_id"]: row["name"] for row in await records(self._connection, Q["list_names"])}
        values = {"campaign": self._campaign, "now": self.now, "until": self.now + HORIZON, "slice": SLICE}
        values |= {"filled": sorted(says.filled) if says else [], "values": sorted(says.values) if says else []}
        async with self._connection.cursor(name="preview") as cursor:
            await cursor.execute(Q["classes"], values)
            while found := await cursor.fetchmany(ROWS_AT_ONCE):
                for row in found:
                    yield _fact_class(row, self._start, names, says)

    async def columns(self) -> set[str]:
        """The names of the columns that its contacts have, as far as some of them tell."""
        return {row["name"] for row in await records(self._connection, Q["columns"], {"campaign": self._campaign})}

    async def names_of(self, numbers: Collection[str]) -> dict[str, list[tuple[int, str]]]:
        """Ids and external ids of some numbers; a number may be of several contacts."""
        values = {"campaign": self._campaign, "numbers": list(numbers)}
        found = await records(self._connection, Q["names"], values)
        return {row["e164"]: list(zip(row["contacts"], row["names"], strict=True)) for row in found}

    async def several(self, campaign: Campaign) -> list[SeveralContacts]:
        """Persons with several of them that have an end."""
        return await several_contacts(self._connection, campaign, self.now)

    async def experience(self) -> list[Experience]:
        """How the campaign's calls ended so far."""
        found = await records(self._connection, Q["experience"], {"campaign": self._campaign})
        return [Experience(row["outcome"], row["calls"], row["seconds"]) for row in found]


async def several_contacts(
    connection: Connection, campaign: Campaign, now: dt.datetime, limit: int = MOST_PERSONS
) -> list[SeveralContacts]:
    """Persons with several waiting contacts that have an end; ``limit`` at most."""
    values = {"campaign": campaign.name, "now": now, "ends": campaign.ends is not None, "limit": limit}
    return [
        SeveralContacts(
            row["number"],
            row["calls"],
            [
                (one["external_id"], dt.datetime.fromisoformat(one["due_at"]), _times(one, row["preferred"]))
                for one in json.loads(row["contacts"])
            ],
        )
        for row in await records(connection, Q["several_contacts"], values)
    ]


def _times(one: Mapping[str, str | None], preferred: str | None) -> Times:
    at = {name: dt.datetime.fromisoformat(text) for name, text in one.items() if name != "external_id" and text}
    return times_of({**dict.fromkeys(("event_at", "not_before", "not_after")), **at, "preferred": preferred})


@asynccontextmanager
async def open_waiting(store: Store, campaign: Campaign, offset: dt.timedelta) -> AsyncIterator[WaitingContacts | None]:
    """One snapshot of the campaign's waiting contacts; None: there is no such campaign. Raises StoreError."""
    async with store.transaction(limit=None) as connection:
        await connection.execute(Q["begin"])
        start = await begin(connection, campaign, offset)
        await connection.execute(Q["settings"])
        waiting = await record(connection, Q["waiting"], {"campaign": campaign.name})
        if start is None or waiting is None:
            yield None
            return
        groups = None if campaign.quota is None else await counted(connection, campaign, campaign.quota)
        start = replace(start, state=CampaignState.RUNNING, quota=groups)
        yield WaitingContacts(connection, campaign.name, start, waiting["contacts"])


def _fact_class(row: DictRow, start: Begin, names: dict[int, str], says: SpokenColumns | None) -> FactClass:
    said = json.loads(row["said"] or "{}")
    facts = Facts(
        contact_id=0,
        person_id=0,
        number="",
        campaign_state=start.state,
        consents=tuple(_consent(text) for text in row["consents"].split(";") if text),
        suppressed_at=row["suppressed_at"],
        counted_calls=tuple(_call(text) for text in row["calls"].split(";") if text),
        caller_id_seen=row["caller_id_seen"],
        caller_id_proofs=start.proofs,
        list_hits=tuple(sorted({names[n] for n in row["lists"]})),
        list_states=start.lists,
        abandoned=start.abandoned,
        times=times_of(row),
        number_shared=row["held"],
        row_rejected=row["row_rejected"],
        unapproved=row["unapproved"],
        columns_missing=() if says is None else says.missing(row["language"], said),
        quota=None if start.quota is None else start.quota.fact(said),
    )
    group = "" if start.quota is None else start.quota.quota.group_of(said)
    return FactClass(facts, row["due"], row["busy"], row["numbers"].split(","), group)


def _consent(text: str) -> ConsentFact:
    purpose, given, expires, ended = text.split("|")
    revoked, wrong_number, _ = ended.partition("#")
    return ConsentFact(
        0, Purpose(purpose), _time(given) or LONG_AGO, _time(expires), _time(revoked), wrong_number=bool(wrong_number)
    )


def _call(text: str) -> CallFact:
    at, outcome = text.split("|")
    return CallFact(_time(at) or LONG_AGO, outcome or None)


def _time(text: str) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None
