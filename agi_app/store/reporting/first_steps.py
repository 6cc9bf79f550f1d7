"""What a new project has in its database."""

from __future__ import annotations

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries

Q = load_queries("reporting/first_steps")


async def anybody_agreed(store: Store) -> bool:
    """Whether there is a consent, to anything. Raises StoreError."""
    return bool(await store.value(bool, Q["anybody_agreed"]))
