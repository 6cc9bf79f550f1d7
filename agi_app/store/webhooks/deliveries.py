"""Events on their way: spread to the endpoints that want them, claimed, tried, recorded, asked for again."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import as_json, count, load_queries

Q = load_queries("webhooks/deliveries")
SPREAD_AT_ONCE = 1000
PURGED_AT_ONCE = 10_000
_PREFIX = "evt_"


@dataclass(frozen=True, slots=True)
class EnabledEndpoint:
    """One that events are sent to; ``failing``: its last try failed."""

    endpoint_id: int
    failing: bool


@dataclass(frozen=True, slots=True)
class Places:
    """How many deliveries an endpoint may get more at once: of all events, and of stops."""

    endpoint_id: int
    places: int
    urgent_places: int


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """One claimed delivery, with all that its try needs; ``data`` and ``answers`` are JSON."""

    delivery_id: int
    endpoint_id: int
    urgent: bool
    tries: int  # before this one
    url: str
    with_values: bool
    event: str  # evt_…
    type: str
    recorded_at: dt.datetime
    data: str
    entry: str | None
    leaf: int | None
    answers: str | None
    secrets: list[bytes]  # the newest first


@dataclass(frozen=True, slots=True)
class TryRecord:
    """The result of one try; ``state`` is the delivery's from here on, ``next_try_at`` when it goes on waiting."""

    state: str  # waiting, delivered, failed
    at: dt.datetime
    seconds: float
    status: int | None
    text: str
    next_try_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery as its log shows it, with its last try."""

    delivery_id: int
    event: str
    type: str
    recorded_at: dt.datetime
    endpoint_id: int
    state: str
    tries: int
    next_try_at: dt.datetime | None
    tried_at: dt.datetime | None
    seconds: float | None
    status: int | None
    text: str | None


@dataclass(frozen=True, slots=True)
class TryRow:
    """One try of an event."""

    endpoint_id: int
    at: dt.datetime
    seconds: float
    status: int | None
    text: str


def uid_of(event: str) -> uuid.UUID | None:
    """What ``evt_…`` stands for; None for anything else."""
    try:
        return uuid.UUID(event.removeprefix(_PREFIX)) if event.startswith(_PREFIX) else None
    except ValueError:
        return None


async def spread(store: Store, now: dt.datetime) -> int:
    """Make the deliveries of new events, stops first; returns how many events that were. Raises StoreError."""
    return await store.value(int, Q["spread"], {"now": now, "most": SPREAD_AT_ONCE}) or 0


async def enabled(store: Store) -> list[EnabledEndpoint]:
    """The endpoints that events are sent to. Raises StoreError."""
    return await store.rows(EnabledEndpoint, Q["enabled"])


async def claim(store: Store, free: Sequence[Places], now: dt.datetime, again_at: dt.datetime) -> list[DueDelivery]:
    """Take what is due, stops first; nobody else gets it before ``again_at``. Raises StoreError."""
    values = {
        "endpoints": [one.endpoint_id for one in free],
        "places": [one.places for one in free],
        "urgent_places": [one.urgent_places for one in free],
        "now": now,
        "again_at": again_at,
    }
    return await store.rows(DueDelivery, Q["claim"], values)


async def keep(store: Store, delivery_id: int, claimed_until: dt.datetime, tried: TryRecord) -> bool:
    """Record a try; False when the delivery was asked for again, or taken over, meanwhile. Raises StoreError."""
    values = {
        "delivery_id": delivery_id,
        "claimed_until": claimed_until,
        "state": tried.state,
        "at": tried.at,
        "seconds": tried.seconds,
        "status": tried.status,
        "text": tried.text,
        "next_try_at": tried.next_try_at,
    }
    return bool(await store.value(int, Q["record"], values))


async def tell(store: Store, of_type: str, data: Mapping[str, Any]) -> None:
    """An event of the service itself, for all that ask for its type. Raises StoreError."""
    await store.record(Q["tell"], {"type": of_type, "data": as_json(data)})


async def tell_one(store: Store, endpoint_id: int, of_type: str) -> str:
    """An event for one endpoint alone; returns its id. Raises StoreError."""
    values = {"endpoint_id": endpoint_id, "type": of_type}
    return await store.the_value(str, Q["tell_one"], values, "the event was not stored")


async def deliveries(
    store: Store,
    *,
    endpoint_id: int | None = None,
    event: str | None = None,
    state: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[DeliveryRow]:
    """The newest deliveries first, from before that delivery on. Raises StoreError."""
    values = {
        "endpoint_id": endpoint_id,
        "uid": uid_of(event) if event else None,
        "state": state,
        "before": before,
        "limit": limit,
    }
    return await store.rows(DeliveryRow, Q["deliveries"], values)


async def tries(store: Store, event: str) -> list[TryRow]:
    """All tries of one event, in their order. Raises StoreError."""
    return await store.rows(TryRow, Q["tries"], {"uid": uid_of(event)})


async def exists(store: Store, event: str) -> bool:
    """Whether the event is kept. Raises StoreError."""
    return bool(await store.value(bool, Q["event_exists"], {"uid": uid_of(event)}))


async def replay(
    store: Store,
    now: dt.datetime,
    *,
    event: str | None = None,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    endpoint_id: int | None = None,
) -> int:
    """Deliver kept events again to the endpoints that ask for their types; returns how many deliveries that are."""
    values = {
        "uid": uid_of(event) if event else None,
        "since": since,
        "until": until,
        "endpoint_id": endpoint_id,
        "now": now,
    }
    async with store.transaction(limit=None) as connection:
        await connection.execute(Q["no_time_limit"])
        return await count(connection, Q["replay"], values)


async def purge(store: Store, keep_days: int) -> int:
    """Delete events older than that many days with their deliveries; returns how many. Raises StoreError."""
    found = 0
    while deleted := await store.execute(Q["purge"], {"keep_days": keep_days, "most": PURGED_AT_ONCE}):
        found += deleted
    return found
