"""Reads the audit tree to compare it with the rows and with what was signed; trusts nothing that it reads."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from psycopg.rows import tuple_row

from agi_app.audit.erasures import Erasure
from agi_app.store.database.statements import Connection, records, rows
from agi_app.store.ledger.audit import Q, of_kind


class LeafRow(NamedTuple):
    """A leaf with its row as it is now; no payload: the row is gone."""

    leaf: int
    row_id: int
    nonce: bytes | None
    hash: bytes
    recorded_at: dt.datetime | None
    payload: str | None


@dataclass(frozen=True, slots=True)
class ErasureRow(Erasure):
    """A row of ``erasure`` with its signature."""

    erasure_id: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class FalseAttempt:
    """An attempt that does not say what its last result says; None: there is no result, or no leaf."""

    attempt_id: str
    result_id: int | None
    leaf: int | None


async def leaves_with_rows(connection: Connection, kind: str, start: int, end: int) -> list[LeafRow]:
    """The leaves of one kind in [start, end), each with what its row says now."""
    wanted = {"kind": kind, "start": start, "end": end}
    async with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
        await cursor.execute(of_kind(kind, "leaves_with_rows"), wanted)
        return [LeafRow(*row) for row in await cursor.fetchall()]


async def missing_leaves(connection: Connection, start: int, end: int) -> list[int]:
    """Numbers of [start, end) that no leaf has; the first 20."""
    return [row["leaf"] for row in await records(connection, Q["missing_leaves"], {"start": start, "end": end})]


async def leaves_of(connection: Connection, start: int, end: int) -> list[tuple[int, str, int]]:
    """(leaf, kind, row id) of [start, end)."""
    found = await records(connection, Q["leaves_of"], {"start": start, "end": end})
    return [(row["leaf"], row["kind"], row["row_id"]) for row in found]


async def kinds_of(connection: Connection, start: int, end: int) -> list[str]:
    """The kinds of the leaves [start, end)."""
    return [row["kind"] for row in await records(connection, Q["kinds_of"], {"start": start, "end": end})]


async def unsealed(connection: Connection, kind: str) -> list[int]:
    """Rows that have no leaf and wait for none; the first 20."""
    return [row["id"] for row in await records(connection, of_kind(kind, "unsealed"), {"kind": kind})]


async def false_attempts(connection: Connection) -> list[FalseAttempt]:
    """Attempts that do not say what their last result says; the first 20."""
    return await rows(connection, FalseAttempt, Q["false_attempts"])


async def erasures(connection: Connection) -> list[ErasureRow]:
    """All rows of ``erasure``."""
    return await rows(connection, ErasureRow, Q["erasures"])
