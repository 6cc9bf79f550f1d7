"""The agents of a campaign and how its calls for them went, as the status and the report show it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from agi_app.model.campaign import Campaign
from agi_app.reports.totals import AgentFigures, AgentsSeen
from agi_app.store.calling import agents
from agi_app.store.calling.nodes import NodeRow
from agi_app.store.database.pool import Store


async def figures_of(
    store: Store, campaign: Campaign, workers: Sequence[NodeRow], now: dt.datetime
) -> AgentFigures | None:
    """None: the campaign has no agents. ``now`` is rules time."""
    wanted = campaign.agents
    if wanted is None:
        return None
    counts = await agents.counts(store, wanted.to, campaign.name, now)
    wrap_up = max(
        (float(w.agents[wanted.to].get("wrap_up_s", 0)) for w in workers if wanted.to in w.agents), default=0.0
    )
    return AgentFigures(
        to=wanted.to,
        pacing=wanted.pacing.value,
        seen=[_seen(worker, wanted.to) for worker in workers if worker.alive],
        under_way=counts.under_way,
        waiting=counts.waiting,
        ended=counts.ended,
        answered=counts.answered,
        abandoned=counts.abandoned,
        met=counts.met,
        handling_s=round(counts.talk_s / counts.met + wrap_up, 1) if counts.met else None,
        answer_rate=round(counts.answered / counts.ended, 4) if counts.ended else 0.0,
        abandoned_percent=round(100 * counts.abandoned / counts.answered, 2) if counts.answered else 0.0,
    )


def _seen(worker: NodeRow, to: str) -> AgentsSeen:
    told = worker.agents.get(to, {"unknown": "it does not call for them now"})
    if "unknown" in told:
        return AgentsSeen(worker.name, None, None, str(told["unknown"]))
    return AgentsSeen(worker.name, int(told["free"]), int(told["busy"]))
