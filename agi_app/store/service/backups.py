"""Notes when a backup was made, and when one failed; ``alerts.backups`` reads it. What was done is in the audit."""

from __future__ import annotations

import datetime as dt

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries

Q = load_queries("service/backups")


async def note(store: Store, at: dt.datetime, *, made: bool) -> None:
    """Note that a backup was made, or failed, at this real time. Raises StoreError."""
    key = "backup_made_at" if made else "backup_failed_at"
    await store.execute(Q["note"], {"key": key, "at": at.astimezone(dt.UTC).isoformat()})
