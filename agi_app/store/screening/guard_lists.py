"""Whom the guard lets through or blocks, and what each line chose: written by people."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import msgspec

from agi_app.guard.lists import Shape, ends_of, shape_of
from agi_app.guard.subscriber_settings import Hours
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, as_json, count, load_queries, record, records
from agi_app.store.screening.guard_changes import ChangedBy, tell, tell_entry
from agi_app.store.screening.screened_calls import SubscriberLine

Q = load_queries("screening/guard_lists")


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A line that somebody writes on a list; ``line`` "" is for all of ours."""

    pattern: str  # without a fault (agi_app/guard/lists.py, pattern_fault)
    allow: bool
    line: str = ""
    shared: bool = False
    reason: str = ""
    expires_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry(NewEntry):
    """A line on a list."""

    entry_id: int
    entered_by: str
    entered_at: dt.datetime  # rules time


@dataclass(frozen=True, slots=True)
class Written:
    """What happened to entries that were to be written."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


async def put(store: Store, entries: Iterable[NewEntry], entered_by: str, at: dt.datetime) -> Written:
    """Write all entries or none, in place of those of the same line and pattern. Raises StoreError."""
    said, done = ChangedBy(entered_by, at), Counter[str]()
    async with store.transaction(limit=None) as connection:
        for entry in entries:
            done[await _put(connection, store, entry, said)] += 1
    return Written(done["added"], done["changed"], done["unchanged"])


async def _put(connection: Connection, store: Store, entry: NewEntry, said: ChangedBy) -> str:
    values = asdict(entry)
    before = await record(connection, Q["entry"], values)
    if before and (before["allow"], before["reason"], before["expires_at"]) == (
        entry.allow,
        entry.reason,
        entry.expires_at,
    ):
        return "unchanged"
    change = await tell_entry(connection, store.hash_number, "listed", values, said)
    low, high = ends_of(entry.pattern) if shape_of(entry.pattern) is Shape.RANGE else (None, None)
    more = {"low": low, "high": high, "entered_by": said.entered_by, "at": said.at, "change_id": change}
    await connection.execute(Q["put"], values | more)
    return "changed" if before else "added"


async def remove(store: Store, pattern: str, line: str, entered_by: str, at: dt.datetime) -> int:
    """Take a pattern from a line's list; returns how many entries went. Raises StoreError."""
    async with store.transaction() as connection:
        gone = await records(connection, Q["remove"], {"pattern": pattern, "line": line})
        for entry in gone:
            await tell_entry(connection, store.hash_number, "unlisted", entry, ChangedBy(entered_by, at))
    return len(gone)


async def entries(store: Store, line: str | None = None) -> list[StoredEntry]:
    """All lists, or those of one line. Raises StoreError."""
    return await store.rows(StoredEntry, Q["entries"], {"line": line})


async def masked(
    store: Store, line: str | None = None, *, entry_id: int | None = None, after: int = 0, limit: int = 1
) -> list[StoredEntry]:
    """Entries behind one, of all lists or those of a line, or the one of this id; numbers are masked. StoreError."""
    return await store.rows(
        StoredEntry, Q["masked"], {"line": line, "entry_id": entry_id, "after": after, "limit": limit}
    )


async def pattern_of(store: Store, entry_id: int) -> tuple[str, str] | None:
    """The pattern and the line of an entry; None: it is gone. Raises StoreError."""
    found = await store.record(Q["pattern_of"], {"entry_id": entry_id})
    return None if found is None else (found["pattern"], found["line"])


async def set_line(
    store: Store, line: str, choice: SubscriberLine, hours: tuple[Hours, ...] | None, said: ChangedBy
) -> None:
    """What the person of this line chose; None changes nothing. Raises StoreError."""
    values = {
        "line": line,
        "enabled": choice.enabled,
        "level": choice.level,
        "hours": None if hours is None else as_json(hours),
        "zone": choice.zone,
        "mailbox": choice.mailbox,
    }
    async with store.transaction() as connection:
        await connection.execute(Q["set_line"], values)
        await tell(connection, "line", said, {name: value for name, value in values.items() if value is not None})


async def reset_line(store: Store, line: str, said: ChangedBy) -> bool:
    """Back to the settings; False: nothing was chosen. Raises StoreError."""
    async with store.transaction() as connection:
        if not await count(connection, Q["reset_line"], {"line": line}):
            return False
        await tell(connection, "line", said, {"line": line, "reset": True})
    return True


async def knows_line(store: Store, line: str) -> bool:
    """Whether it chose something, or a call came to it. Raises StoreError."""
    return bool((await store.records(Q["knows_line"], {"line": line}))[0]["known"])


async def knows_call(store: Store, call_id: str) -> bool:
    """Whether a call of this id was screened. Raises StoreError."""
    return bool(await store.value(bool, Q["knows_call"], {"call_id": call_id}))


async def lines(store: Store) -> dict[str, SubscriberLine]:
    """What each line chose. Raises StoreError."""
    return {row["line"]: msgspec.convert(row, SubscriberLine) for row in await store.records(Q["lines"])}
