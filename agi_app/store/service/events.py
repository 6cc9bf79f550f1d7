"""The leaves of the audit tree as events: which row was recorded, in the order in which it was sealed."""

from __future__ import annotations

from dataclasses import dataclass

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries

Q = load_queries("service/events")


@dataclass(frozen=True, slots=True)
class SealedRow:
    """One row of an append-only table; ``leaf`` counts without a gap."""

    leaf: int
    kind: str
    row_id: int


async def after(store: Store, leaf: int, limit: int) -> list[SealedRow]:
    """What was sealed behind this leaf, the oldest first. Raises StoreError."""
    return await store.rows(SealedRow, Q["after"], {"after": leaf, "limit": limit})


async def newest(store: Store) -> int:
    """The last leaf, -1 when there is none. Raises StoreError."""
    return await store.the_value(int, Q["newest"], None, "the audit tree has no leaf")
