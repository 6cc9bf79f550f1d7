"""Marks and ends one attempt alone."""

from __future__ import annotations

import datetime as dt

from agi_app.gate.permit import MarkReceipt
from agi_app.model.call import CallResult, Claim
from agi_app.store.calling import attempts
from agi_app.store.database.pool import Store


async def mark(store: Store, claim: Claim, node: str) -> MarkReceipt | None:
    """As ``attempts.mark``."""
    return (await attempts.mark(store, [claim], node))[0]


async def finish(
    store: Store, attempt_id: str, result: CallResult, next_due: dt.datetime | None, contact_done: bool
) -> bool:
    """As ``attempts.finish``."""
    return (await attempts.finish(store, [attempts.Ended(attempt_id, result, next_due, contact_done)]))[0]
