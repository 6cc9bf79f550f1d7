"""What is to be sent back of calls: targets, the results that wait for each, and the log of what was sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agi_app.store.database.locks import WorkerLock, locked
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import as_json, load_queries

Q = load_queries("exchange/results")
PURGED_AT_ONCE = 1000
TOLD_AFTER = dt.timedelta(minutes=15)  # that a target has failed


@dataclass(frozen=True, slots=True)
class ResultTarget:
    """A target as the worker's settings say it, for the database."""

    target: str
    kind: str
    campaigns: tuple[str, ...]
    keep_days: int


@dataclass(frozen=True, slots=True)
class TargetRow:
    """How a target fares. Times are real time; ``removed_at``: the settings have it no longer."""

    target: str
    kind: str
    campaigns: list[str]
    keep_days: int
    registered_at: dt.datetime
    removed_at: dt.datetime | None
    failing_since: dt.datetime | None
    fault: str | None
    waiting: int
    waiting_since: dt.datetime | None
    failed: int
    delivered_in_a_day: int


@dataclass(frozen=True, slots=True)
class ResultDelivery:
    """One result for one target: of which call, and how it went."""

    delivery_id: int
    key: str
    target: str
    call: str
    campaign: str
    id: str
    outcome: str
    version: int
    state: str
    tries: int
    recorded_at: dt.datetime
    ended_at: dt.datetime | None
    next_try_at: dt.datetime | None
    file: str | None
    fault_kind: str | None
    fault: str | None


@dataclass(frozen=True, slots=True)
class SentResult:
    """The result of one call as it is now, claimed for one target. Times are rules time; ``zone`` is the campaign's."""

    delivery_id: int
    key: str
    call: str
    version: int
    campaign: str
    id: str
    outcome: str
    disposition: str | None
    number: int
    number_kind: str | None
    started: dt.datetime
    answered: dt.datetime | None
    ended: dt.datetime
    answers: str
    zone: str | None
    give_up_at: dt.datetime
    tries: int

    def value(self, name: str) -> object:
        """One of FIELDS: a text, a number, a time with its offset, or None."""
        return getattr(self, name)


async def register(store: Store, targets: Sequence[ResultTarget]) -> None:
    """Note the targets of the settings: from now on each call's end writes what is to be sent. Raises StoreError."""
    async with store.transaction() as connection:
        await connection.execute(Q["register"], {"targets": as_json(list(targets))})
        await connection.execute(Q["unregister"], {"targets": [one.target for one in targets]})


async def is_registered(store: Store, target: str) -> bool:
    """Whether a worker knows it. Raises StoreError."""
    return await store.value(str, Q["registered"], {"target": target}) is not None


async def writer_lock(store: Store, target: str) -> WorkerLock | None:
    """The right to write its files, until it is released; None while another process has it. Raises StoreError."""
    connection = await locked(store.dedicated_connection, store.where, Q["lock_writer"], {"target": target})
    return None if connection is None else WorkerLock(connection, target)


async def is_due(store: Store, target: str, now: dt.datetime) -> bool:
    """Whether something waits to be sent. Raises StoreError."""
    return await store.value(bool, Q["is_due"], {"target": target, "now": now}) or False


async def claim(store: Store, target: str, now: dt.datetime, until: dt.datetime, most: int) -> list[SentResult]:
    """Some that are due, oldest first; until ``until`` (real time) nobody else sends them. Raises StoreError."""
    return await store.rows(SentResult, Q["claim"], {"target": target, "now": now, "until": until, "most": most})


async def delivered(
    store: Store, ids: Sequence[int], claimed_until: dt.datetime, at: dt.datetime, file: str | None = None
) -> None:
    """They are there. Raises StoreError."""
    values = {"deliveries": list(ids), "claimed_until": claimed_until, "at": at, "file": file}
    await store.execute(Q["delivered"], values)


async def not_delivered(
    store: Store,
    delivery_id: int,
    claimed_until: dt.datetime,
    at: dt.datetime,
    *,
    fault: tuple[str, str],
    next_try_at: dt.datetime | None,
) -> None:
    """One could not be sent, for its kind and words of ``fault``; without a next try it is given up. StoreError."""
    kind, words = fault
    values = {"delivery_id": delivery_id, "claimed_until": claimed_until, "at": at, "kind": kind, "fault": words}
    await store.execute(Q["not_delivered"], values | {"next_try_at": next_try_at})


async def released(store: Store, ids: Sequence[int], claimed_until: dt.datetime, now: dt.datetime) -> None:
    """They were not tried: anybody may send them. Raises StoreError."""
    await store.execute(Q["released"], {"deliveries": list(ids), "claimed_until": claimed_until, "now": now})


async def give_up(store: Store, target: str, now: dt.datetime) -> int:
    """Give up what has waited a week; how many. Raises StoreError."""
    return await store.execute(Q["give_up"], {"target": target, "now": now})


async def failing(store: Store, target: str, now: dt.datetime, fault: str) -> None:
    """Nothing can be sent there now. Raises StoreError."""
    await store.execute(Q["failing"], {"target": target, "now": now, "fault": fault, "told_after": TOLD_AFTER})


async def well(store: Store, target: str) -> None:
    """Something was sent there. Raises StoreError."""
    await store.execute(Q["well"], {"target": target})


async def targets(store: Store, now: dt.datetime, target: str | None = None) -> list[TargetRow]:
    """All of them, or one. Raises StoreError."""
    return await store.rows(TargetRow, Q["targets"], {"now": now, "target": target})


async def deliveries(
    store: Store, *, target: str | None, state: str | None, before: int | None, limit: int
) -> list[ResultDelivery]:
    """The newest, or those before one of them. Raises StoreError."""
    values = {"target": target, "state": state, "before": before, "limit": limit}
    return await store.rows(ResultDelivery, Q["deliveries"], values)


async def retry(store: Store, target: str, keys: Sequence[str] | None, now: dt.datetime) -> tuple[int, int]:
    """Send again what was given up, or what has these keys; how many, and how many are older than what was sent since.

    Raises StoreError.
    """
    row: Mapping[str, int] = await store.record(Q["retry"], {"target": target, "keys": keys, "now": now}) or {}
    return row.get("again", 0), row.get("older", 0)


async def old(store: Store, now: dt.datetime) -> int:
    """How many ``purge`` would delete. Raises StoreError."""
    return await store.value(int, Q["count_old"], {"now": now}) or 0


async def purge(store: Store, now: dt.datetime) -> int:
    """Delete some of the log that has been kept long enough; 0 when none is left. Raises StoreError."""
    await store.execute(Q["give_up_of_removed"], {"now": now})
    return await store.execute(Q["purge"], {"now": now, "limit": PURGED_AT_ONCE})
