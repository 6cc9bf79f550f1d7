"""Figures of all campaigns at once, for those who watch the installation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries

Q = load_queries("service/figures")
MOST_WAITING = 10_000  # of one receiver; more are not counted


@dataclass(frozen=True, slots=True)
class WatchedCampaign:
    """One campaign in kept figures."""

    name: str
    state: str
    contacts: Mapping[str, int]  # by state
    outcomes: Mapping[str, int]
    refused: Mapping[str, int]  # by rule


@dataclass(frozen=True, slots=True)
class WatchedReceiver:
    """What waits for one receiver of events: how many, as far as they are counted, and the age of the oldest."""

    endpoint_id: int
    waiting: int
    oldest_s: float


async def campaigns(store: Store) -> list[WatchedCampaign]:
    """All, by name. Raises StoreError."""
    kept: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for row in await store.records(Q["tallies"]):
        kept[row["campaign"], row["kind"]][row["name"]] = row["number"]
    return [
        WatchedCampaign(name, row["state"], *(kept[name, kind] for kind in ("contact", "outcome", "refused")))
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
