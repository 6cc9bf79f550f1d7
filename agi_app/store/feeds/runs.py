"""Runs of feeds: asked for, read by `agi-app exchange`, taken by one worker, who imports and answers."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agi_app.config.feed_definition import RunState
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import as_json, load_queries

Q = load_queries("feeds/runs")
CHANNEL = "agi_app_feed"
KEPT = dt.timedelta(days=90)  # the result of a run


@dataclass(frozen=True, slots=True)
class FeedRun:
    """A run and its result. ``as_of`` is rules time, the others are real time; ``result`` is JSON."""

    run_id: int
    feed: str
    what: str
    confirmed: bool
    asked_by: str | None
    state: str
    fingerprint: bytes | None
    as_of: dt.datetime | None
    file: str | None
    rows: int | None
    result: str | None
    times: int
    made_at: dt.datetime
    read_at: dt.datetime | None
    ended_at: dt.datetime | None
    reader: str | None
    node: str | None

    @property
    def is_over(self) -> bool:
        """Whether it has its result."""
        return self.state not in (RunState.WANTED, RunState.WAITING)


@dataclass(frozen=True, slots=True)
class WantedRun:
    """A run, or a check, that somebody asked for."""

    run_id: int
    what: str


@dataclass(frozen=True, slots=True)
class ReadFeed:
    """What one read brought. ``content`` is a table as CSV, or a file of a folder as it is."""

    feed: str
    key: uuid.UUID  # the same for what is handed over again
    fingerprint: bytes
    as_of: dt.datetime  # rules time when the read began
    content: bytes
    rows: int | None = None
    source_at: dt.datetime | None = None  # by the other system's clock
    file: str | None = None
    ids: bytes | None = None  # all of them, one a line
    for_run: int | None = None


@dataclass(frozen=True, slots=True)
class TakenRun:
    """A run that this transaction holds, with what was read."""

    run_id: int
    feed: str
    what: str
    fingerprint: bytes
    as_of: dt.datetime
    source_at: dt.datetime | None
    file: str | None
    sha256: bytes
    rows: int | None
    whole_ids: bool
    content: bytes
    ids: bytes | None
    may_go: int  # so many contacts may be missing: who asked for the run was told that they are
    as_before: bool | None  # exactly what the last good run brought


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """The result of a run; ``as_of`` (rules time) is the time of the facts, None: they are as old as before."""

    state: RunState
    told: Mapping[str, Any]
    as_of: dt.datetime | None = None
    compared: bool = False  # all ids were
    read_all: bool = False  # the next run must read everything


async def want(store: Store, feed: str, what: str, asked_by: str, *, confirmed: bool = False) -> int | None:
    """Ask for a run or a check now; None: one is asked for already, or the feed is not started. Raises StoreError."""
    values = {"feed": feed, "what": what, "asked_by": asked_by, "confirmed": confirmed}
    async with store.transaction():
        made = await store.value(int, Q["want"], values)
        await store.records(Q["call_readers"], {"feed": feed})
    return made


async def to_confirm(store: Store, feed: str) -> int | None:
    """How many contacts were missing in the last run, when it was refused for that. Raises StoreError."""
    return await store.value(int, Q["to_confirm"], {"feed": feed})


async def wanted(store: Store, feed: str) -> list[WantedRun]:
    """What was asked for and is not read yet, the oldest first. Raises StoreError."""
    return await store.rows(WantedRun, Q["wanted"], {"feed": feed})


async def waits(store: Store, feed: str) -> bool:
    """Whether a run is read that no worker has taken. Raises StoreError."""
    return bool(await store.value(bool, Q["waits"], {"feed": feed}))


async def run(store: Store, run_id: int) -> FeedRun | None:
    """One run. Raises StoreError."""
    return next(iter(await store.rows(FeedRun, Q["run"], {"run_id": run_id})), None)


async def by_key(store: Store, key: uuid.UUID) -> FeedRun | None:
    """The run that was handed over with this key. Raises StoreError."""
    return next(iter(await store.rows(FeedRun, Q["by_key"], {"key": key})), None)


async def newest(
    store: Store, feed: str, limit: int, before: int | None = None, *, what: str | None = None
) -> list[FeedRun]:
    """The newest runs and checks of a feed first, from before that one on; ``what``: those alone. Raises StoreError."""
    values = {"feed": feed, "limit": limit, "before": before, "what": what}
    return await store.rows(FeedRun, Q["newest"], values)


async def looked(store: Store, feed: str, reader: str) -> None:
    """Say that this process reads the feed. Raises StoreError."""
    await store.records(Q["looked"], {"feed": feed, "reader": reader})


async def hand_over(store: Store, read: ReadFeed, reader: str) -> int | None:
    """Keep what was read for a worker; None: an earlier run still waits, or a later one came first.

    Raises StoreError, also when the definition is not the approved one.
    """
    values = {name: getattr(read, name) for name in ReadFeed.__slots__} | {"reader": reader}
    return await store.value(int, Q["hand_over"], values)


async def failed(
    store: Store, feed: str, fingerprint: bytes | None, why: Mapping[str, Any], reader: str, for_run: int | None = None
) -> None:
    """Note that nothing could be read. Raises StoreError."""
    values = {"feed": feed, "fingerprint": fingerprint, "why": as_json(dict(why)), "reader": reader, "for_run": for_run}
    await store.records(Q["failed"], values)


async def look(store: Store, after: int) -> int | None:
    """The oldest run behind ``after`` that waits. Raises StoreError."""
    return await store.value(int, Q["look"], {"after": after})


async def take(store: Store, run_id: int) -> TakenRun | None:
    """Take a run in this transaction; None: it is over, or another worker is at it."""
    return next(iter(await store.rows(TakenRun, Q["take"], {"run_id": run_id})), None)


async def end(store: Store, taken: TakenRun, outcome: RunOutcome, node: str) -> None:
    """Write the result of a run that was taken in the same transaction, and forget what was read.

    After a good run the facts of its campaign are those of ``as_of``.
    """
    told = as_json(dict(outcome.told))
    values = {"run_id": taken.run_id, "state": outcome.state.value, "result": told, "node": node}
    await store.execute(Q["end"], values)
    await store.execute(Q["forget_content"], values)
    if taken.what == "run" and outcome.as_of is not None:
        source_at = None if outcome.read_all else taken.source_at
        fresh = {"feed": taken.feed, "as_of": outcome.as_of, "source_at": source_at, "compared": outcome.compared}
        await store.execute(Q["good"], fresh)


async def late(store: Store, now: dt.datetime) -> list[str]:
    """The feeds because of which a campaign holds at ``now`` (rules time). Raises StoreError."""
    return [row["name"] for row in await store.records(Q["late"], {"now": now})]


async def expire(store: Store) -> int:
    """Forget what has been kept long enough; returns how many runs. Raises StoreError."""
    return await store.execute(Q["expire"], {"kept": KEPT})
