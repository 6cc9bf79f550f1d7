"""Whom the guard lets through or blocks, and what each line chose: written by people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from agi_app.guard.lists import Shape, shape_of
from agi_app.guard.settings import Hours
from agi_app.store import queries
from agi_app.store.guard import Line
from agi_app.store.pool import Store
from agi_app.store.statements import count, record, records

Q = queries.load("guard_lists")


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A line that somebody writes on a list; ``line`` "" is for all of ours."""

    pattern: str  # without a fault (agi_app/guard/lists.py, pattern_fault)
    allow: bool
    line: str = ""
    shared: bool = False
    reason: str = ""
    expires_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """A line on a list."""

    entry_id: int
    line: str
    shared: bool
    allow: bool
    pattern: str
    reason: str
    expires_at: dt.datetime | None
    entered_by: str
    entered_at: dt.datetime  # rules time


async def put(store: Store, entries: Iterable[NewEntry], entered_by: str, at: dt.datetime) -> int:
    """Write entries, in place of those of the same line and pattern; returns how many are new. Raises StoreError."""
    added = 0
    async with store.transaction() as connection:
        for entry in entries:
            low, high = _range(entry.pattern)
            values = {
                "line": entry.line,
                "shared": entry.shared,
                "allow": entry.allow,
                "pattern": entry.pattern,
                "low": low,
                "high": high,
                "reason": entry.reason,
                "expires_at": entry.expires_at,
                "entered_by": entered_by,
                "at": at,
            }
            row = await record(connection, Q["put"], values)
            added += bool(row and row["added"])
    return added


def _range(pattern: str) -> tuple[str | None, str | None]:
    if shape_of(pattern) is not Shape.RANGE:
        return None, None
    low, high = (end.removeprefix("+") for end in pattern.split("-"))
    return low, high


async def remove(store: Store, pattern: str, line: str = "") -> int:
    """Take a pattern from a line's list; returns how many entries went. Raises StoreError."""
    async with store.connection() as connection:
        return await count(connection, Q["remove"], {"pattern": pattern, "line": line})


async def entries(store: Store, line: str | None = None) -> list[StoredEntry]:
    """All lists, or those of one line. Raises StoreError."""
    return await store.rows(StoredEntry, Q["entries"], {"line": line})


async def set_line(store: Store, line: str, choice: Line, hours: tuple[Hours, ...] | None) -> None:
    """What the person of this line chose; None changes nothing. Raises StoreError."""
    values = {
        "line": line,
        "enabled": choice.enabled,
        "level": choice.level,
        "hours": None if hours is None else msgspec.json.encode(hours).decode(),
        "zone": choice.zone,
        "mailbox": choice.mailbox,
    }
    async with store.connection() as connection:
        await connection.execute(Q["set_line"], values)


async def reset_line(store: Store, line: str) -> bool:
    """Back to the settings; False: nothing was chosen. Raises StoreError."""
    async with store.connection() as connection:
        return await count(connection, Q["reset_line"], {"line": line}) > 0


async def lines(store: Store) -> dict[str, Line]:
    """What each line chose. Raises StoreError."""
    async with store.connection() as connection:
        found = await records(connection, Q["lines"])
    return {
        row["line"]: Line(
            row["enabled"],
            row["level"],
            msgspec.json.decode(row["hours"], type=tuple[Hours, ...]) if row["hours"] else (),
            row["zone"],
            row["mailbox"],
        )
        for row in found
    }
