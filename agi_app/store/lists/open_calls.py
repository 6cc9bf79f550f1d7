"""The calls of campaigns that are on now, and how many were made in each minute of the last hour."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from agi_app.store.database.plans import along_indexes
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries

Q = load_queries("lists/open_calls")


@dataclass(frozen=True, slots=True)
class OpenCall:
    """One call. ``stage``: claimed (not dialled yet), calling; of one for agents also waiting, with_agent, parted."""

    attempt_id: str
    campaign: str
    contact_id: int
    external_id: str
    number: str | None  # with its middle hidden; None: erased
    node: str
    trunk: str
    agents: str | None  # the destination that the campaign calls for; None: for no agent
    stage: str
    seconds: int  # since it was dialled, or claimed


@dataclass(frozen=True, slots=True)
class OneCall(OpenCall):
    """One call, on or over (``stage`` ended: then with its result)."""

    ended_at: dt.datetime | None
    outcome: str | None
    disposition: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class OpenOfNode:
    """How many calls of a campaign one worker has now."""

    campaign: str
    node: str
    calls: int


@dataclass(frozen=True, slots=True)
class MinuteOfCalls:
    """The calls that were begun in one minute, real time."""

    at: dt.datetime
    calls: int
    answered: int


async def calls(store: Store, most: int) -> list[OpenCall]:
    """Those that are on the longest. Raises StoreError."""
    return await store.rows(OpenCall, Q["calls"], {"most": most})


async def call(store: Store, attempt_id: str) -> OneCall | None:
    """One of them, or one that is over. Raises StoreError."""
    return next(iter(await store.rows(OneCall, Q["call"], {"attempt": attempt_id})), None)


async def totals(store: Store) -> list[OpenOfNode]:
    """Of all of them, by campaign and worker. Raises StoreError."""
    return await store.rows(OpenOfNode, Q["totals"])


async def minutes(store: Store) -> list[MinuteOfCalls]:
    """The last hour, each minute. Raises StoreError."""
    return [MinuteOfCalls(**row) for row in await along_indexes(store, Q["minutes"], {})]
