"""How far the database has come: what a checkpoint outside remembers, to recognise a restored backup."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass

from psycopg import sql

from agi_app.errors import StoreError
from agi_app.messages import t
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries

Q = load_queries("database/progress")


@dataclass(frozen=True, slots=True)
class RestoredFrom:
    """The backup that a database is from, until an admin has confirmed what is missing."""

    backup: str  # its id
    made_at: str  # ISO 8601, UTC, real time
    at: str  # the same by rules time
    decisions: int  # the newest in the backup
    running: tuple[str, ...]  # campaigns that go on once it is confirmed
    nodes: tuple[str, ...]  # workers whose journals may hold later stops

    @property
    def as_json(self) -> str:
        """As the database keeps it."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @property
    def rules_at(self) -> dt.datetime:
        """Rules time of the backup."""
        return dt.datetime.fromisoformat(self.at)


@dataclass(frozen=True, slots=True)
class DatabaseProgress:
    """``decisions`` only grows, unless an older copy was put in place of the database."""

    database_id: str
    decisions: int  # the newest decision's number
    hold_until: dt.datetime | None  # rules time before which nobody is dialled, after a restored backup
    restored: RestoredFrom | None = None  # nobody is dialled until somebody confirms it


async def progress(store: Store) -> DatabaseProgress:
    """Read it; raises StoreError."""
    if (row := await store.record(Q["progress"])) is None or row["database_id"] is None:
        raise StoreError(t("database {where}: has no identity; run `agi-app migrate`", where=store.where))
    until, restored = row["hold_until"], row["restored"]
    return DatabaseProgress(
        row["database_id"],
        row["decisions"],
        dt.datetime.fromisoformat(until) if until else None,
        _restored(restored) if restored else None,
    )


async def last_decided_at(store: Store) -> dt.datetime | None:
    """Rules time of the newest decision; None without one. Raises StoreError."""
    row = await store.record(Q["last_decided_at"])
    return None if row is None else row["decided_at"]


def _restored(text: str) -> RestoredFrom:
    told = json.loads(text)
    return RestoredFrom(**{**told, "running": tuple(told["running"]), "nodes": tuple(told["nodes"])})


def hold_as_restored(backup: RestoredFrom) -> sql.Composed:
    """The statement that holds all dialling until ``confirm_restored``: part of the load of a backup."""
    return sql.SQL(Q["hold_as_restored"]).format(backup=sql.Literal(backup.as_json))


async def confirm_restored(store: Store) -> None:
    """End the hold of a restored database: somebody has seen what is missing. Raises StoreError."""
    await store.execute(Q["confirm_restored"])


async def hold_until(store: Store, until: dt.datetime) -> None:
    """Let every worker dial nobody before ``until`` (rules time, UTC); an earlier time changes nothing."""
    await store.execute(Q["hold_until"], {"until": until.astimezone(dt.UTC).isoformat()})
