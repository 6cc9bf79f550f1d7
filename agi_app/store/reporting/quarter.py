"""Calls, refusals, stops and complaints of a span of time, counted by campaign, trunk and reason."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries, rows
from agi_app.store.ledger.audit import snapshot

Q = load_queries("reporting/quarter")


@dataclass(frozen=True, slots=True)
class CountedRow:
    """How often something happened.

    ``what``: call (its reason is the outcome), refused (the rule), stop, withdrawal (how it was said), complaint (where
    it came from). Without a campaign: no call to that person came before.
    """

    what: str
    campaign: str | None
    trunk: str | None
    reason: str | None
    number: int


async def counted(store: Store, since: dt.datetime, until: dt.datetime) -> list[CountedRow]:
    """Everything of the span, in one snapshot; ``until`` is not in it. Raises StoreError."""
    async with snapshot(store) as connection:
        return await rows(connection, CountedRow, Q["counted"], {"since": since, "until": until})
