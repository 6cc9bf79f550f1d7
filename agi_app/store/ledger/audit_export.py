"""Reads entries of the audit tree: one person's for a proof, or in bulk for a regulator's export."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agi_app.store.database.statements import Connection, pages, record, records, rows
from agi_app.store.ledger.audit import Q, of_kind

AT_ONCE = 5000
BEGINNING, END = dt.datetime.min.replace(tzinfo=dt.UTC), dt.datetime.max.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class EntryRow:
    """A row with its leaf, as a proof needs it."""

    leaf: int
    kind: str
    row_id: int
    nonce: bytes
    payload: str


@dataclass(frozen=True, slots=True)
class ExportScope:
    """What to export; times are real, as recorded. Without a campaign: all of them."""

    size: int  # of the tree that the entries must be in
    since: dt.datetime = BEGINNING
    until: dt.datetime = END
    campaign: str | None = None


async def persons_of(connection: Connection, number: str) -> list[int]:
    """The rows of the person with this E.164 number, one a number; none when it is not known."""
    return [row["person_id"] for row in await records(connection, Q["persons_of"], {"number": number})]


async def rows_of_persons(connection: Connection, kind: str, persons: Sequence[int]) -> list[int]:
    """The ids of the rows of one kind that are about these persons."""
    return [row["id"] for row in await records(connection, Q[f"of_{kind}"], {"persons": list(persons)})]


async def entries(connection: Connection, kind: str, ids: Sequence[int], size: int) -> list[EntryRow]:
    """These rows with their leaves, as far as the tree of ``size`` has them."""
    return await rows(connection, EntryRow, of_kind(kind, "entries"), {"kind": kind, "ids": list(ids), "size": size})


async def count(connection: Connection, kind: str, choice: ExportScope) -> tuple[int, int]:
    """How many entries of a kind are chosen, and how many of all kinds were erased."""
    row = await record(connection, _query("count_export", kind, choice), _values(kind, choice))
    return (row["count"], row["erased"]) if row else (0, 0)


def chosen(connection: Connection, kind: str, choice: ExportScope) -> AsyncIterator[list[EntryRow]]:
    """The chosen entries of a kind, by leaf, some thousands at a time."""
    query, values = _query("export", kind, choice), {**_values(kind, choice), "limit": AT_ONCE}
    return pages(lambda after: rows(connection, EntryRow, query, values | {"after": after}), -1, lambda row: row.leaf)


def _values(kind: str, choice: ExportScope) -> Mapping[str, Any]:
    return {
        "kind": kind,
        "size": choice.size,
        "since": choice.since,
        "until": choice.until,
        "campaign": choice.campaign,
    }


def _query(name: str, kind: str, choice: ExportScope) -> str:
    whose = "true"
    if choice.campaign is not None:
        whose = Q.get(f"campaign_{kind}", whose).replace("{people}", Q["people_of_campaign"])
    return Q[name].replace("{rows}", Q[f"rows_{kind}"]).replace("{whose}", whose)
