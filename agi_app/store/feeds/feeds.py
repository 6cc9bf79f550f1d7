"""Feeds as rows: what was asked for, what was approved, and how fresh what they brought is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import msgspec

from agi_app.config.feed_definition import FeedDefinition, FeedState
from agi_app.model.actors import Actor
from agi_app.store.database.locks import WorkerLock, locked
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, load_queries

Q, E = load_queries("feeds/feeds"), load_queries("feeds/erasure")
GOOD_FOR = dt.timedelta(days=3)  # after that an approval must be asked for again
READER_ALIVE = dt.timedelta(seconds=30)  # a reader says every few seconds that it lives


@dataclass(frozen=True, slots=True)
class StoredFeed:
    """A feed as it stands; times are rules time but ``seen_at``."""

    name: str
    kind: str
    campaign: str | None
    state: str
    definition: str | None  # JSON, as it was approved
    fingerprint: bytes | None
    most_a_day: int | None
    max_age: dt.timedelta | None
    started_at: dt.datetime | None
    as_of: dt.datetime | None  # of the last good run
    source_at: dt.datetime | None
    fresh_until: dt.datetime | None
    compared_at: dt.datetime | None
    reader: str | None
    seen_at: dt.datetime | None
    is_read: bool  # a process lives that reads it

    def is_late(self, now: dt.datetime) -> bool:
        """Whether its campaign holds because of it at ``now`` (rules time)."""
        holds = self.state in (FeedState.STARTED, FeedState.PAUSED) and self.campaign is not None
        return holds and (self.fresh_until is None or self.fresh_until <= now)


@dataclass(frozen=True, slots=True)
class FeedRequest:
    """Somebody wants a feed to run by this definition; ``approved_by`` None: nobody has approved it."""

    request_id: int
    feed: str
    definition: str
    fingerprint: bytes
    asked_by: str
    alone: bool
    asked_at: dt.datetime
    approved_by: str | None
    approved_at: dt.datetime | None

    @property
    def wanted(self) -> FeedDefinition:
        """What is to be approved."""
        return msgspec.json.decode(self.definition, type=FeedDefinition)


async def know(store: Store, wanted: FeedDefinition) -> None:
    """Let there be a row of it. Raises StoreError."""
    values = {"name": wanted.name, "kind": wanted.kind.value, "campaign": wanted.campaign or None}
    await store.execute(Q["know"], values)


async def feeds(store: Store) -> list[StoredFeed]:
    """All feeds that were ever asked for, by name. Raises StoreError."""
    return await store.rows(StoredFeed, Q["feeds"], {"name": None, "alive": READER_ALIVE})


async def feed(store: Store, name: str) -> StoredFeed | None:
    """One feed, if it was ever asked for. Raises StoreError."""
    found = await store.rows(StoredFeed, Q["feeds"], {"name": name, "alive": READER_ALIVE})
    return found[0] if found else None


async def late_of(store: Store, campaign: str, now: dt.datetime) -> str | None:
    """The feed because of which a campaign holds at ``now`` (rules time); None: it does not. Raises StoreError."""
    return await store.value(str, Q["late_of"], {"campaign": campaign, "now": now})


async def lock(store: Store, name: str) -> None:
    """Let nobody else decide about it until the transaction ends. Raises StoreError."""
    await store.records(Q["lock"], {"name": name})


async def request(store: Store, wanted: FeedDefinition, asked_by: str, *, alone: bool) -> int:
    """Keep a request; returns its id. Raises StoreError."""
    values = {
        "feed": wanted.name,
        "definition": wanted.as_json(),
        "fingerprint": wanted.fingerprint,
        "asked_by": asked_by,
        "alone": alone,
    }
    return await store.the_value(int, Q["request"], values, "the request was not stored")


async def newest(store: Store, name: str) -> FeedRequest | None:
    """The feed's newest request, approved or not. Raises StoreError."""
    found = await store.rows(FeedRequest, Q["newest"], {"feed": name})
    return found[0] if found else None


async def approve(store: Store, request_id: int, actor: Actor, asked_by: str, *, alone: bool) -> bool:
    """Keep the approval of a request; False: it has one. The database refuses one's own. Raises StoreError."""
    values = {
        "request_id": request_id,
        "asked_by": asked_by,
        "approved_by": actor.account,
        "roles": sorted(role.value for role in actor.roles),
        "alone": alone,
    }
    return bool(await store.records(Q["approve"], values))


async def begin(store: Store, wanted: FeedDefinition, now: dt.datetime) -> None:
    """Let it run by this definition from ``now`` (rules time) on; what was read by another is dropped."""
    values = {
        "name": wanted.name,
        "kind": wanted.kind.value,
        "campaign": wanted.campaign or None,
        "definition": wanted.as_json(),
        "fingerprint": wanted.fingerprint,
        "most_a_day": wanted.most_a_day,
        "max_age": wanted.max_age,
        "now": now,
    }
    async with store.transaction() as connection:
        await connection.execute(Q["begin"], values)
        await connection.execute(Q["go_on"], values)
        await connection.execute(Q["drop_waiting"], values)


async def go_on(store: Store, name: str, fingerprint: bytes) -> bool:
    """Let a paused one run again by what was approved; False: it is not paused, or that was something else."""
    return bool(await store.execute(Q["go_on"], {"name": name, "fingerprint": fingerprint}))


async def set_state(store: Store, name: str, state: FeedState, before: Collection[FeedState]) -> bool:
    """Pause or end it; what waits of it is dropped. False: it was not in a state ``before``. Raises StoreError."""
    values = {"name": name, "state": state.value, "before": [one.value for one in before]}
    async with store.transaction() as connection:
        done = (await connection.execute(Q["set_state"], values)).rowcount
        if done:
            await connection.execute(Q["drop_waiting"], values)
    return bool(done)


async def erased_at(store: Store) -> dt.datetime | None:
    """When somebody was erased last (real time): older files in folders of feeds go. Raises StoreError."""
    return await store.value(dt.datetime, E["erased_at"])


async def still_locked(connection: Connection) -> bool:
    """False once the connection was lost: another process may have the right to read now."""
    return await WorkerLock(connection, "").still_held()


async def reader_lock(store: Store, name: str) -> Connection | None:
    """The right to read one feed, as long as this connection lives; None: another process has it. Raises StoreError."""
    return await locked(store.dedicated_connection, store.where, Q["lock_reader"], {"name": name})
