"""What helps who looks for a fault of a database: its server, its tables, its campaigns by state; nothing of a person.

And the words that are of people, so that they can be kept out of what is handed on.
"""

from __future__ import annotations

from typing import Any

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries

Q = load_queries("service/support")
MOST_WORDS = 1_000_000


async def figures(store: Store) -> dict[str, Any]:
    """The server, the tables by size and the campaigns by state. Raises StoreError."""
    (server,) = await store.records(Q["server"])
    return {
        "server": dict(server),
        "tables": [dict(row) for row in await store.records(Q["tables"])],
        "campaigns": {row["state"]: row["number"] for row in await store.records(Q["states"])},
    }


async def personal_words(store: Store) -> frozenset[str]:
    """The words of contacts' fields, and the names of accounts, that could be names. Raises StoreError."""
    return frozenset(
        row["word"] for row in await store.records(Q["personal"], {"most": MOST_WORDS}, limit=None) if row["word"]
    )
