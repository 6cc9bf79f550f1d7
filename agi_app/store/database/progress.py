"""How far the database has come: what a checkpoint outside remembers, to recognise a restored backup."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from agi_app.errors import StoreError
from agi_app.messages import t
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries

Q = load_queries("database/progress")


@dataclass(frozen=True, slots=True)
class DatabaseProgress:
    """``decisions`` only grows, unless an older copy was put in place of the database."""

    database_id: str
    decisions: int  # the newest decision's number
    hold_until: dt.datetime | None  # rules time before which nobody is dialled, after a restored backup


async def progress(store: Store) -> DatabaseProgress:
    """Read it; raises StoreError."""
    if (row := await store.record(Q["progress"])) is None or row["database_id"] is None:
        raise StoreError(t("database {where}: has no identity; run `agi-app migrate`", where=store.where))
    until = row["hold_until"]
    return DatabaseProgress(row["database_id"], row["decisions"], dt.datetime.fromisoformat(until) if until else None)


async def hold_until(store: Store, until: dt.datetime) -> None:
    """Let every worker dial nobody before ``until`` (rules time, UTC); an earlier time changes nothing."""
    await store.execute(Q["hold_until"], {"until": until.astimezone(dt.UTC).isoformat()})
