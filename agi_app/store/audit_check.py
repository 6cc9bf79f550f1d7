"""Reads the audit tree to compare it with the rows and with what was signed; trusts nothing that it reads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from agi_app.store.audit import Q, of_kind
from agi_app.store.statements import Connection, records, rows


@dataclass(frozen=True, slots=True)
class Misfit:
    """A leaf whose row is missing, was changed or erased, or (``fits``) says it is older than it can be."""

    leaf: int
    row_id: int
    missing: bool
    fits: bool
    recorded_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class ErasureRow:
    """A row of ``erasure`` with its signature."""

    erasure_id: int
    at: dt.datetime
    kind: str
    person_id: int | None
    erased: dict[str, list[int | str]]
    reason: str
    entered_by: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class FalseAttempt:
    """An attempt that does not say what its last result says; None: there is no result, or no leaf."""

    attempt_id: str
    result_id: int | None
    leaf: int | None


async def misfits(
    connection: Connection, kind: str, start: int, end: int, not_before: Sequence[tuple[int, dt.datetime]]
) -> list[Misfit]:
    """Leaves of [start, end) whose row is missing, changed or erased, or says it is older than it can be.

    ``not_before``, ascending: from this leaf on, no row is older than this time.
    """
    sizes, times = [size for size, _ in not_before], [time for _, time in not_before]
    wanted = {"kind": kind, "start": start, "end": end, "sizes": sizes, "times": times}
    return await rows(connection, Misfit, of_kind(kind, "misfits"), wanted)


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
