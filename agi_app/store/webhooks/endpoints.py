"""Endpoints: where events go, which ones, the secrets that sign them, and how they fare."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import count, load_queries, record

Q = load_queries("webhooks/endpoints")
MOST_COUNTED = 10_000  # waiting deliveries of one endpoint
SENDER_ALIVE = dt.timedelta(seconds=30)  # a sender says each five seconds that it lives


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """One receiver. ``types`` has ``*`` alone for all; ``waiting`` counts up to MOST_COUNTED; times are real."""

    endpoint_id: int
    url: str
    types: list[str]
    with_values: bool
    enabled: bool
    disabled_why: str | None  # by hand, failed, gone
    failing_since: dt.datetime | None
    created_by: str
    created_at: dt.datetime
    waiting: int
    secrets: int  # in force: more than one while they are rotated


async def add(store: Store, url: str, types: Sequence[str], secret: bytes, *, with_values: bool, by: str) -> int:
    """Register an endpoint; returns its id. Raises StoreError."""
    values = {"url": url, "types": list(types), "with_values": with_values, "by": by, "secret": secret}
    return await store.the_value(int, Q["add"], values, "the endpoint was not stored")


async def endpoints(store: Store, now: dt.datetime, endpoint_id: int | None = None) -> list[WebhookEndpoint]:
    """All of them by their ids, or the one of that id, if there is one. Raises StoreError."""
    return await store.rows(WebhookEndpoint, Q["all"], {"endpoint_id": endpoint_id, "most": MOST_COUNTED, "now": now})


async def rotate(store: Store, endpoint_id: int, secret: bytes, old_until: dt.datetime) -> None:
    """A new secret beside the old ones, which are good until then at the longest. Raises StoreError."""
    async with store.transaction() as connection:
        await connection.execute(Q["retire_secrets"], {"endpoint_id": endpoint_id, "until": old_until})
        await connection.execute(Q["add_secret"], {"endpoint_id": endpoint_id, "secret": secret})


async def disable(store: Store, endpoint_id: int, why: str) -> bool:
    """Send nothing there from now on; False when it was so. Its stops wait. ``why``: by hand, failed, gone."""
    return await store.execute(Q["disable"], {"endpoint_id": endpoint_id, "why": why}) > 0


async def enable(store: Store, endpoint_id: int, now: dt.datetime) -> bool:
    """Send there again, what waits at once; False when it was enabled. Raises StoreError."""
    async with store.transaction(limit=None) as connection:
        await connection.execute(Q["no_time_limit"])
        return await record(connection, Q["enable"], {"endpoint_id": endpoint_id, "now": now}) is not None


async def remove(store: Store, endpoint_id: int) -> bool:
    """Forget an endpoint with its secrets, deliveries and their log; False when there is none. Raises StoreError."""
    async with store.transaction(limit=None) as connection:
        await connection.execute(Q["no_time_limit"])
        return await count(connection, Q["remove"], {"endpoint_id": endpoint_id}) > 0


async def failing(store: Store, endpoint_id: int, at: dt.datetime) -> dt.datetime | None:
    """A try failed; returns since when all have; None: the endpoint was removed. Raises StoreError."""
    return await store.value(dt.datetime, Q["failing"], {"endpoint_id": endpoint_id, "at": at})


async def well_again(store: Store, endpoint_id: int, now: dt.datetime, soon: dt.datetime) -> None:
    """A try did well: what failed before and waits for longer than until ``soon`` is due now. Raises StoreError."""
    await store.execute(Q["well_again"], {"endpoint_id": endpoint_id, "now": now, "soon": soon})


async def beat(store: Store, sender: str) -> None:
    """This process delivers. Raises StoreError."""
    await store.execute(Q["beat"], {"sender": sender})


async def sign_off(store: Store, sender: str) -> None:
    """This process delivers no longer. Raises StoreError."""
    await store.execute(Q["sign_off"], {"sender": sender})


async def sender_alive(store: Store) -> bool:
    """Whether a process delivers. Raises StoreError."""
    return await store.value(dt.datetime, Q["last_beat"], {"alive": SENDER_ALIVE}) is not None
