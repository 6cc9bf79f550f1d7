"""Every call of a span of time, and every refused decision, some thousands at a time, whatever their number."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass

import msgspec
from psycopg.rows import args_row

from agi_app.gate.consent_rules import consent_of
from agi_app.gate.facts import ConsentFact
from agi_app.model.campaign import Purpose
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, load_queries, rows
from agi_app.store.ledger.audit import snapshot

Q = load_queries("reporting/calls")
AT_ONCE = 5000
_CONSENTS = msgspec.json.Decoder(tuple[ConsentFact, ...])


@dataclass(frozen=True, slots=True)
class CallScope:
    """Which calls and refusals; times are rules time, None means any."""

    since: dt.datetime
    until: dt.datetime  # the first instant that is not in it
    calls: bool = True
    refusals: bool = False
    campaigns: list[str] | None = None
    trunks: list[str] | None = None
    jurisdictions: list[str] | None = None  # US, or US-FL for a part with rules of its own
    rules: list[str] | None = None  # of refusals
    outcomes: list[str] | None = None  # of calls


@dataclass(frozen=True, slots=True)
class ConsentWords:
    """The consent that a call stood on. An erased one has no words."""

    consent_id: int
    given_at: dt.datetime
    method: str | None
    source: str | None
    wording: str
    erased: bool


class CallOrRefusal(msgspec.Struct, frozen=True):  # made millions of times: a third of the time of a dataclass
    """A call of a campaign that was dialled, or (without ``attempt_id``) a decision that refused one.

    The fields are the columns of the two queries, in their order.
    """

    at: dt.datetime  # rules time
    campaign: str
    external_id: str | None
    person_id: int | None
    e164: str | None  # no number when its person was erased
    region: str | None
    trunk: str | None
    caller_id: str | None
    outcome: str | None  # None while the call goes on
    disposition: str | None
    answered_at: dt.datetime | None  # real time
    ended_at: dt.datetime | None
    attempt_id: str | None
    decision_id: int
    reasons: str | None  # JSON, of a refusal
    ruleset_version: str | None
    consents: str | None  # JSON: the facts that were judged by
    purpose: str | None
    number_place: int | None  # of the number among the contact's, from 1; None for a refusal
    number_kind: str | None  # what the list calls it

    @property
    def number(self) -> str | None:
        """E.164; None once the person was erased."""
        return self.e164 if self.e164 is not None and self.e164.startswith("+") else None

    def consent(self) -> int | None:
        """The consent that the decision stood on; None for a refusal."""
        if not self.consents or self.purpose is None:
            return None
        found = consent_of(_CONSENTS.decode(self.consents), Purpose(self.purpose), self.at)
        return None if found is None else found.consent_id


Batch = list[tuple[CallOrRefusal, ConsentWords | None]]


async def trunks(store: Store) -> list[str]:
    """The trunks that campaigns call by, or were ever judged for. Raises StoreError."""
    return [row["trunk"] for row in await store.records(Q["trunks"])]


async def counted(store: Store, since: dt.datetime, until: dt.datetime, most: int) -> int:
    """How many calls a span of rules time has, counted up to ``most``. Raises StoreError."""
    return await store.value(int, Q["counted"], {"since": since, "until": until, "most": most}) or 0


async def in_order(store: Store, scope: CallScope, use: Callable[[Batch], Awaitable[None]]) -> None:
    """Give ``use`` all of them, in one snapshot, by time, each call with its consent; it may take its time.

    The next rows are read while it works. Raises StoreError, and what ``use`` raises.
    """
    wanted = [Q[name] for name, asked in (("made", scope.calls), ("refused", scope.refusals)) if asked]
    async with snapshot(store) as connection:
        await connection.execute(Q["read_all"])
        async with connection.cursor("calls", row_factory=args_row(CallOrRefusal)) as cursor:
            query = Q["in_order"].replace("{rows}", " UNION ALL ".join(wanted))
            await cursor.execute(query, asdict(scope), binary=True)

            async def fetch() -> Batch:
                return await _with_consents(connection, await cursor.fetchmany(AT_ONCE))

            batch = await fetch()
            while batch:
                try:
                    async with asyncio.TaskGroup() as group:
                        coming = group.create_task(fetch())
                        await use(batch)
                except BaseExceptionGroup as both:
                    raise both.exceptions[0] from None
                batch = coming.result()


async def _with_consents(connection: Connection, found: Sequence[CallOrRefusal]) -> Batch:
    ids = [row.consent() for row in found]
    known = await rows(connection, ConsentWords, Q["consents"], {"ids": [one for one in ids if one is not None]})
    by_id = {consent.consent_id: consent for consent in known}
    return [(row, None if one is None else by_id.get(one)) for row, one in zip(found, ids, strict=True)]
