"""What a campaign is at this moment, for pages about it: figures, reasons, its agents, a start that waits."""

from __future__ import annotations

import datetime as dt

from agi_app.api.resources.campaigns import FiguresAnswer, HeldBackAnswer, held_back_answer
from agi_app.console.pages import PageData
from agi_app.installation import Installation
from agi_app.messages.retold import retold
from agi_app.model.campaign import CampaignState
from agi_app.operations.calling import approvals, previews, reports, stored_campaigns
from agi_app.operations.calling.campaigns import BY_COMMAND


class WaitingStart(PageData):
    """A start that waits for a second person. ``may``: the accounts that can approve it."""

    request: int
    asked_by: str
    contacts: int
    why: list[str]
    may: list[str]


class AgentsOfCampaign(PageData):
    """Its agents as workers see them, and what happened to its calls for them in the last 30 days."""

    to: str
    pacing: str
    seen: list[str]
    under_way: int
    waiting: int
    answered: int
    abandoned: int
    abandoned_percent: float


class ProjectedEnd(PageData):
    """When it would be through, by the newest preview; ``end`` None: not within a year."""

    preview: int
    made_at: dt.datetime
    end: dt.datetime | None
    calls: int


class EndedBy(PageData):
    """Who paused or stopped it; ``reason`` None: by a command, which asks for none."""

    account: str
    at: dt.datetime
    reason: str | None


class CampaignNow(PageData):
    """What changes while one looks. ``state_reason``: why it was paused automatically."""

    figures: FiguresAnswer
    state_reason: str | None
    ended_by: EndedBy | None
    held_back: HeldBackAnswer
    approval: str
    agents: AgentsOfCampaign | None
    projected: ProjectedEnd | None


async def read(inst: Installation, name: str) -> CampaignNow:
    """What changes of a campaign, in the current language. Raises NotThere, StoreError."""
    found = await reports.figures(inst, name)
    why = found.view.state_reason
    by_itself = None if why in (None, "", BY_COMMAND) else why
    state = CampaignState(found.totals.state)
    ended = await stored_campaigns.ended_by(inst, name, state) if by_itself is None else None
    return CampaignNow(
        figures=FiguresAnswer.model_validate(found.totals),
        state_reason=None if by_itself is None else retold(by_itself),
        ended_by=None if ended is None else EndedBy.model_validate(ended),
        held_back=held_back_answer(found),
        approval=found.totals.approval,
        agents=_agents(found.totals.agents),
        projected=await _projected(inst, name),
    )


def _agents(found: reports.AgentFigures | None) -> AgentsOfCampaign | None:
    if found is None:
        return None
    seen = [f"{one.worker}: {retold(one.unknown) if one.unknown else f'{one.free} / {one.busy}'}" for one in found.seen]
    names = ("to", "pacing", "under_way", "waiting", "answered", "abandoned", "abandoned_percent")
    return AgentsOfCampaign(seen=seen, **{name: getattr(found, name) for name in names})


async def _projected(inst: Installation, name: str) -> ProjectedEnd | None:
    made = await previews.newest(inst, name)
    projection = None if made is None else (previews.figures_of(made) or {}).get("projection")
    if made is None or made.answered_at is None or projection is None:
        return None
    return ProjectedEnd(preview=made.ask_id, made_at=made.answered_at, end=projection["end"], calls=projection["calls"])


async def waiting_start(inst: Installation, name: str) -> WaitingStart | None:
    """The start of a campaign that waits for a second person; None: there is none. Raises StoreError."""
    found = await approvals.of_campaign(inst, name)
    if found is None:
        return None
    return WaitingStart(
        request=found.request,
        asked_by=found.asked_by,
        contacts=found.contacts,
        why=list(found.why),
        may=await approvals.may_approve(inst, found),
    )
