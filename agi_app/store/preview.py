"""What the gate would say of every waiting contact now; reads only."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import replace

from agi_app.gate.decide import Decision
from agi_app.model.campaign import Campaign, CampaignState
from agi_app.store.facts import Decide, Due, Q, begin, judge
from agi_app.store.pool import Store
from agi_app.store.statements import records

AT_ONCE = 1000


async def preview(
    store: Store, campaign: Campaign, offset: dt.timedelta, decide: Decide
) -> AsyncIterator[tuple[str, Decision]]:
    """(external id, decision) of each waiting contact, as if the campaign ran at this moment."""
    after = 0
    async with store.connection(limit=None) as connection:
        start = await begin(connection, campaign, offset)
        if start is None:
            return
        as_if = replace(start, state=CampaignState.RUNNING)
        while True:
            page = {"campaign": campaign.name, "after": after, "limit": AT_ONCE}
            found = await records(connection, Q["pending_contacts"], page)
            if not found:
                return
            names = {row["contact_id"]: row["external_id"] for row in found}
            due = [Due(row["contact_id"], row["head"]) for row in found]
            for judged in await judge(connection, due, as_if, decide, len(names) + 1):
                yield names[judged.facts.contact_id], judged.decision
            after = found[-1]["contact_id"]
