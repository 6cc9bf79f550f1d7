"""What goes on now: campaigns, the first reason why nobody or not more is dialled, workers, what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agi_app.installation import Installation
from agi_app.model.actors import Scope
from agi_app.model.campaign import CampaignState
from agi_app.operations.acting import reads
from agi_app.operations.calling.reports import CampaignFigures, figures_of_all
from agi_app.store.calling import approvals, nodes, pauses
from agi_app.store.calling.approvals import StartRequest
from agi_app.store.calling.campaigns import load_campaigns
from agi_app.store.calling.nodes import NodeRow
from agi_app.store.calling.pauses import Pause
from agi_app.store.service import alerts
from agi_app.store.service.alerts import AlertRow

OPEN = (CampaignState.RUNNING, CampaignState.PAUSED)
MOST_OPEN = 50  # campaigns that are shown with all figures


@dataclass(frozen=True, slots=True)
class Today:
    """The installation at one moment; nothing in it is about a person."""

    pause: Pause | None  # of everything
    campaigns: Sequence[CampaignFigures]  # that run or are paused, by name
    more: int  # open campaigns beyond those
    ended: int  # campaigns that are neither
    workers: Sequence[NodeRow]
    alerts: Sequence[AlertRow]  # what is wrong now
    waiting: Sequence[StartRequest]  # starts that wait for a second person


@reads(Scope.FIGURES_READ)
async def today(inst: Installation) -> Today:
    """All of it. Raises StoreError."""
    stored = await load_campaigns(inst.store)
    now = [one for one in stored if one.state in OPEN]
    return Today(
        await pauses.in_force(inst.store),
        await figures_of_all(inst, now[:MOST_OPEN]),
        len(now[MOST_OPEN:]),
        len(stored) - len(now),
        await nodes.all_nodes(inst.store),
        [one for one in await alerts.shown(inst.store) if one.ended_at is None],
        await approvals.waiting(inst.store),
    )
