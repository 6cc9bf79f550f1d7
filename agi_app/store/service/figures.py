"""Figures of all campaigns at once, for those who watch the installation."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries
from agi_app.store.feeds import feeds as feed_table

Q = load_queries("service/figures")
FEED_COUNTS = ("added", "updated", "unchanged", "cancelled", "rejected", "held")  # of a run's result
FEED_ENDS = ("done", "refused", "failed")
MOST_WAITING = 10_000  # of one receiver; more are not counted


@dataclass(frozen=True, slots=True)
class WatchedCampaign:
    """One campaign in kept figures."""

    name: str
    state: str
    paused_itself: bool  # because its prompts were not heard
    contacts: Mapping[str, int]  # by state
    outcomes: Mapping[str, int]
    refused: Mapping[str, int]  # by rule


@dataclass(frozen=True, slots=True)
class WatchedReceiver:
    """What waits for one receiver of events: how many, as far as they are counted, and the age of the oldest."""

    endpoint_id: int
    waiting: int
    oldest_s: float


@dataclass(frozen=True, slots=True)
class WatchedFeed:
    """A feed that was started and has not ended."""

    name: str
    campaign: str  # empty: it brings consents
    state: str
    is_read: bool
    is_late: bool  # its campaign calls nobody because of it
    good_s: float | None  # age of what its last good run read, in rules time; None: it had none
    rows: Mapping[str, int]  # of the last good run, by what was done with them
    runs: Mapping[str, int]  # that ended in the last day, by state
    has_failed: bool  # its last run was refused, or failed


async def campaigns(store: Store) -> list[WatchedCampaign]:
    """All, by name. Raises StoreError."""
    kept: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for row in await store.records(Q["tallies"]):
        kept[row["campaign"], row["kind"]][row["name"]] = row["number"]
    return [
        WatchedCampaign(
            **row, contacts=kept[name, "contact"], outcomes=kept[name, "outcome"], refused=kept[name, "refused"]
        )
        for row in await store.records(Q["states"])
        if (name := row["name"])
    ]


async def calls(store: Store) -> dict[tuple[str, str], int]:
    """Calls that go on, by campaign and trunk. Raises StoreError."""
    return {(row["campaign"], row["trunk"]): row["number"] for row in await store.records(Q["calls"])}


async def receivers(store: Store) -> list[WatchedReceiver]:
    """All receivers of events. Raises StoreError."""
    return await store.rows(WatchedReceiver, Q["webhooks"], {"most": MOST_WAITING})


async def webhook_tries(store: Store) -> dict[str, int]:
    """The tries of the last minutes by result: delivered, refused, no_answer. Raises StoreError."""
    found = {row["result"]: row["number"] for row in await store.records(Q["webhook_tries"])}
    return {result: found.get(result, 0) for result in ("delivered", "refused", "no_answer")}


async def schema(store: Store) -> int:
    """The number of the newest migration. Raises StoreError."""
    return await store.value(int, Q["schema"]) or 0


async def feeds(store: Store, now: dt.datetime) -> list[WatchedFeed]:
    """Those that were started and have not ended, by name, at ``now`` (rules time). Raises StoreError."""
    rows: dict[str, dict[str, int]] = defaultdict(dict)
    for row in await store.records(Q["feed_counts"], {"counts": list(FEED_COUNTS)}):
        rows[row["feed"]][row["name"]] = row["number"]
    ends: dict[str, dict[str, int]] = defaultdict(dict)
    for row in await store.records(Q["feed_runs"]):
        ends[row["feed"]][row["state"]] = row["number"]
    failed = {row["feed"] for row in await store.records(Q["feeds_failed"])}
    return [
        WatchedFeed(
            one.name,
            one.campaign or "",
            one.state,
            one.is_read,
            one.is_late(now),
            None if one.as_of is None else (now - one.as_of).total_seconds(),
            rows[one.name],
            {state: ends[one.name].get(state, 0) for state in FEED_ENDS},
            one.name in failed,
        )
        for one in await feed_table.feeds(store)
        if one.state in ("started", "paused")
    ]


async def abandoned(store: Store, now: dt.datetime) -> dict[str, float]:
    """Of campaigns that call for agents: the share, 0 to 1, of answered calls without an agent in the last 30 days.

    ``now`` is rules time. Raises StoreError.
    """
    return {row["campaign"]: row["share"] for row in await store.records(Q["abandoned"], {"now": now})}
