"""Campaigns: which there are, how far each is, and what holds it back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from pydantic import Field

from agi_app.api.cursors import of_whole
from agi_app.api.resources.flows import YAML, text_of
from agi_app.api.routes import ApiAnswer, ApiCall, Content, NoQuery, PageQuery, Routes
from agi_app.model.actors import Scope
from agi_app.model.campaign import Campaign
from agi_app.operations.calling import campaigns as operations
from agi_app.operations.calling import reports, stored_campaigns
from agi_app.operations.calling.stored_campaigns import StoredCampaign

routes = Routes()


class DueAnswer(ApiAnswer):
    """When contacts are due: before the time in a column of theirs, or at it (`at` is empty)."""

    by: str = Field(description="contact.COLUMN")
    at: list[str] = Field(description="how long before it, such as 48h")


class QuotaTermsAnswer(ApiAnswer):
    """How many contacts of each group are to be completed."""

    by: str = Field(description="contact.COLUMN")
    completed: int | None = Field(description="of each group; null: `groups` names all that are called")
    groups: Mapping[str, int]
    dispositions: list[str]


class CampaignAnswer(ApiAnswer):
    """A campaign as it is stored. `starts`: nobody is called before; `ends`: nobody from then on."""

    name: str
    state: str
    state_reason: str | None
    purpose: str
    flow: str
    trunk: str
    caller_id: str
    jurisdictions: list[str]
    calls_per_second: float
    concurrent: int
    priority: int = Field(
        description="its part where campaigns compete: with 3 it gets three calls for each of one with 1"
    )
    by_agents: bool
    zone: str | None = Field(description="of all times in the list that have no offset")
    starts: dt.datetime | None
    ends: dt.datetime | None
    due: DueAnswer | None = Field(description="null: a contact is due as soon as it is imported")
    quota: QuotaTermsAnswer | None = Field(description="null: all contacts are called")


class CampaignPage(ApiAnswer):
    """Campaigns by name."""

    data: list[CampaignAnswer]
    next: str | None


class GroupAnswer(ApiAnswer):
    """One group of a quota; ``wanted`` null: the quota names no number for it. ``closed``: nobody of it is called."""

    group: str
    wanted: int | None
    completed: int
    under_way: int
    waiting: int
    closed: bool


class QuotaAnswer(ApiAnswer):
    """A quota: the column that has the group, the dispositions that count as completed, and all groups."""

    by: str
    dispositions: list[str]
    groups: list[GroupAnswer]


class NumberAnswer(ApiAnswer):
    """Calls to the contacts' first (``place`` 1), second or third numbers; those that go on are not counted."""

    place: int
    called: int
    rang: int
    answered: int
    reached: int = Field(description="answered by no machine")


class FiguresAnswer(ApiAnswer):
    """How far a campaign is. ``refused`` counts a contact under each rule that refused it last."""

    campaign: str
    state: str
    purpose: str
    caller_id: str
    caller_id_proof: str
    contacts: int
    done: int
    waiting: int
    not_called: int
    in_call: int
    expired: int
    cancelled: int
    attempts: int
    answer_rate: float
    machine_rate: float
    outcomes: Mapping[str, int]
    dispositions: Mapping[str, int]
    refused: Mapping[str, int]
    local_caller_ids: Mapping[str, str]
    quota: QuotaAnswer | None
    numbers: list[NumberAnswer]


class WaitingReasonAnswer(ApiAnswer):
    """One thing that keeps more calls from being made; ``until`` when it ends on its own."""

    by: str
    text: str
    until: dt.datetime | None
    worker: str | None


class HeldBackAnswer(ApiAnswer):
    """Why nobody is dialled, or why not more are, the first cause first."""

    due_now: int
    later: int
    open_attempts: int
    nobody_because: list[str]
    held_back: list[WaitingReasonAnswer]


class StatusAnswer(ApiAnswer):
    """A campaign's state, and which files of the project are not what it runs with."""

    campaign: str
    state: str
    differs: str | None


def campaign_answer(stored: StoredCampaign) -> CampaignAnswer:
    """A campaign as the API shows it."""
    found = stored.campaign
    return CampaignAnswer(
        name=found.name,
        state=stored.state.value,
        state_reason=stored.state_reason,
        purpose=found.purpose.value,
        flow=found.flow,
        trunk=found.trunk,
        caller_id=found.caller_id,
        jurisdictions=list(found.jurisdictions),
        calls_per_second=found.pace.calls_per_second,
        concurrent=found.pace.concurrent,
        priority=found.pace.priority,
        by_agents=found.by_agents,
        zone=found.zone,
        starts=found.starts,
        ends=found.ends,
        due=_due(found),
        quota=_quota(found),
    )


def held_back_answer(found: reports.CampaignFigures) -> HeldBackAnswer:
    """Why nobody, or not more, is dialled, as the API shows it."""
    return HeldBackAnswer(
        due_now=found.view.due_now,
        later=found.view.later,
        open_attempts=found.view.open_attempts,
        nobody_because=list(found.nobody_because),
        held_back=[WaitingReasonAnswer.model_validate(one) for one in found.held_back],
    )


def _due(campaign: Campaign) -> DueAnswer | None:
    if (due := campaign.due) is None:
        return None
    return DueAnswer(by=f"contact.{due.column}", at=[_length(span) for span in due.before])


def _quota(campaign: Campaign) -> QuotaTermsAnswer | None:
    if (quota := campaign.quota) is None:
        return None
    return QuotaTermsAnswer(
        by=f"contact.{quota.column}",
        completed=quota.completed,
        groups=dict(quota.groups),
        dispositions=list(quota.dispositions),
    )


def _length(span: dt.timedelta) -> str:
    """As a campaign's file has it: ``48h``, ``90m``."""
    seconds = round(span.total_seconds())
    unit, name = next((of, name) for of, name in ((3600, "h"), (60, "m"), (1, "s")) if seconds % of == 0)
    return f"{seconds // unit}{name}"


@routes.get("/campaigns", Scope.FIGURES_READ, CampaignPage, query=PageQuery)
async def listed(call: ApiCall[PageQuery, None]) -> CampaignPage:
    """All campaigns that were ever stored, by name."""
    found = await stored_campaigns.listed(call.inst)
    rows, following = await of_whole(call.query, str, found, lambda row: row.campaign.name)
    return CampaignPage(data=[campaign_answer(row) for row in rows], next=following)


@routes.get("/campaigns/{campaign}", Scope.FIGURES_READ, CampaignAnswer)
async def one(call: ApiCall[NoQuery, None]) -> CampaignAnswer:
    """One campaign."""
    return campaign_answer(await stored_campaigns.one(call.inst, call.path["campaign"]))


@routes.get("/campaigns/{campaign}/text", Scope.FIGURES_READ, YAML)
async def text(call: ApiCall[NoQuery, None]) -> Content:
    """The file of a campaign, byte for byte; it may differ from what is stored."""
    return await text_of(call, "campaign")


@routes.get("/campaigns/{campaign}/figures", Scope.FIGURES_READ, FiguresAnswer)
async def figures(call: ApiCall[NoQuery, None]) -> FiguresAnswer:
    """Contacts by state, calls by outcome, refusals by rule: from kept figures, whatever its size."""
    found = await reports.figures(call.inst, call.path["campaign"])
    return FiguresAnswer.model_validate(found.totals)


@routes.get("/campaigns/{campaign}/held-back", Scope.FIGURES_READ, HeldBackAnswer)
async def held_back(call: ApiCall[NoQuery, None]) -> HeldBackAnswer:
    """Why nobody is called now, or why not more people are."""
    return held_back_answer(await reports.figures(call.inst, call.path["campaign"]))


@routes.get("/campaigns/{campaign}/status", Scope.FIGURES_READ, StatusAnswer)
async def status(call: ApiCall[NoQuery, None]) -> StatusAnswer:
    """Its state, and whether its files were changed since it was started."""
    name = call.path["campaign"]
    stored = await stored_campaigns.one(call.inst, name)
    return StatusAnswer(
        campaign=name, state=stored.state.value, differs=await operations.files_differ(call.inst, stored)
    )
