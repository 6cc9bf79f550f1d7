"""Campaigns: which there are; one with its figures and the first reason why nobody or not more is dialled."""

from __future__ import annotations

import asyncio
import datetime as dt

from agi_app.api.resources.asks import AskAnswer, ask_answer
from agi_app.api.resources.campaigns import CampaignAnswer, campaign_answer
from agi_app.console.calling.campaign_figures import CampaignNow, WaitingStart, read, waiting_start
from agi_app.console.live import ObjectPart
from agi_app.console.pages import GoTo, PageCall, PageData, Pages, Section, Shown
from agi_app.errors import NotThere
from agi_app.messages import template
from agi_app.messages.retold import retold
from agi_app.model.actors import Scope
from agi_app.model.campaign import CampaignState
from agi_app.operations.calling import approvals, asks, call_lists, campaigns, stored_campaigns
from agi_app.operations.project import drafts, project_files
from agi_app.operations.project.drafts import DraftOf

pages = Pages()
ROWS = 50
SHOWN = 5  # asks and versions on the page of one campaign


class CampaignRow(PageData):
    """One of the list. ``waits``: its start waits for a second person."""

    name: str
    state: str
    state_reason: str | None
    purpose: str
    contacts: int
    done: int
    waits: bool


class CampaignsData(PageData):
    """Campaigns by name."""

    data: list[CampaignRow]
    next: str | None


class VersionRow(PageData):
    """A text of the campaign by which contacts were decided."""

    version: str
    first_used_at: dt.datetime
    started_by: str | None


class CampaignData(PageData):
    """One campaign. ``differs``: which files are not what it runs with."""

    campaign: CampaignAnswer
    now: CampaignNow
    differs: str | None
    waiting_start: WaitingStart | None
    asks: list[AskAnswer]
    versions: list[VersionRow]


@pages.get("/campaigns", Scope.FIGURES_READ, Section.CALLS, template("Campaigns"))
async def listed(call: PageCall) -> Shown:
    """All of them by name, or those in one state."""
    found = await call_lists.campaigns(
        call.inst, state=call.query.get("state") or None, limit=ROWS, after=call.query.get("after") or None
    )
    waiting = {one.campaign for one in await approvals.waiting(call.inst)}
    rows = [
        CampaignRow(
            name=one.name,
            state=one.state,
            state_reason=None if one.state_reason in (None, "", campaigns.BY_COMMAND) else retold(one.state_reason),
            purpose=one.purpose,
            contacts=sum(one.contacts.values()),
            done=one.contacts.get("done", 0),
            waits=one.name in waiting,
        )
        for one in found.rows
    ]
    more = {"states": [state.value for state in CampaignState]}
    return Shown("calling/campaigns.html", CampaignsData(data=rows, next=found.next), more=more)


@pages.get("/campaigns/{campaign}", Scope.FIGURES_READ)
async def one(call: PageCall) -> Shown | GoTo:
    """One of them; of one that is only written yet, the editor."""
    name = call.path["campaign"]
    try:
        stored = await stored_campaigns.one(call.inst, name)
    except NotThere:
        if call.inst.actor.may(Scope.CAMPAIGNS_DRAFT) and await _is_written(call, name):
            return GoTo(f"/campaigns/{name}/edit")
        raise
    data = CampaignData(
        campaign=campaign_answer(stored),
        now=await read(call.inst, name),
        differs=await campaigns.files_differ(call.inst, stored),
        waiting_start=await waiting_start(call.inst, name),
        asks=[ask_answer(one.ask, one.note) for one in (await asks.asks(call.inst, name))[:SHOWN]],
        versions=[
            VersionRow(version=one.version, first_used_at=one.first_used_at, started_by=one.started_by)
            for one in (await stored_campaigns.versions(call.inst, name))[:SHOWN]
        ],
    )
    return Shown("calling/campaign.html", data, command=f"agi-app campaign status {name}")


async def _is_written(call: PageCall, name: str) -> bool:
    """Whether the project has its file, or the service a draft of it."""
    project = await asyncio.to_thread(project_files.unchanged, call.inst.settings.project)
    return name in project.campaigns or await drafts.draft(call.inst, DraftOf("campaign", name)) is not None


PART = ObjectPart("campaign", Scope.FIGURES_READ, read, "calling/campaign_part.html")
