"""Events that time alone makes: a worker that is lost, a proof that ends soon. Each is told once, if asked for."""

from __future__ import annotations

import datetime as dt

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries

Q = load_queries("webhooks/notices")
QUICK = (
    "node_lost",
    "campaign_finished",
    "complaint_due",
    "caller_id_expiring",
    "audit_checkpoint_late",
    "feed_late",
)
SLOW = ("consent_expiring",)  # reads every consent


async def look(store: Store, now: dt.datetime, queries: tuple[str, ...]) -> None:
    """Tell what has become true by ``now`` (rules time). Raises StoreError."""
    for query in queries:
        async with store.transaction(limit=None) as connection:
            await connection.execute(Q["no_time_limit"])
            await connection.execute(Q[query], {"now": now})
