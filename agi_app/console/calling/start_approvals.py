"""Starts that wait for a second person, and the approval by another account, with its own secret."""

from __future__ import annotations

import datetime as dt

from agi_app.api.resources.asks import AskAnswer, ask_answer
from agi_app.console.asked import ended
from agi_app.console.calling.campaign_figures import WaitingStart, waiting_start
from agi_app.console.pages import GoTo, PageCall, PageData, Pages, Section, Shown
from agi_app.errors import InputError, NotThere
from agi_app.messages import t, template
from agi_app.model.actors import Scope
from agi_app.operations.calling import approvals as operations
from agi_app.operations.calling import previews, stored_campaigns

pages = Pages()
MOST_SECRET = 200  # characters


class WaitingRow(PageData):
    """A start that waits for a second person."""

    campaign: str
    asked_by: str
    asked_at: dt.datetime
    contacts: int


class WaitingStarts(PageData):
    """All of them, by campaign."""

    data: list[WaitingRow]


class ApproveData(PageData):
    """What would be approved. ``preview``: the newest look ahead; ``own``: the reader asked for it."""

    campaign: str
    purpose: str
    caller_id: str
    waiting_start: WaitingStart | None
    preview: int | None
    own: bool


class ApprovedData(PageData):
    """How an approval ended."""

    campaign: str
    state: str
    ask: AskAnswer


@pages.get("/approvals", Scope.FIGURES_READ, Section.CALLS, template("Starts to approve"))
async def listed(call: PageCall) -> Shown:
    """All that wait."""
    rows = [
        WaitingRow(campaign=one.campaign, asked_by=one.asked_by, asked_at=one.asked_at, contacts=one.contacts)
        for one in await operations.waiting(call.inst)
    ]
    return Shown("calling/approvals.html", WaitingStarts(data=rows), command="agi-app campaign approve CAMPAIGN")


@pages.get("/campaigns/{campaign}/approve", Scope.CAMPAIGNS_APPROVE)
async def ask_approve(call: PageCall) -> Shown:
    """What was asked for, and by whom."""
    return await _asking(call)


@pages.post("/campaigns/{campaign}/approve", Scope.CAMPAIGNS_APPROVE)
async def approve(call: PageCall) -> Shown | GoTo:
    """Hand the approval to a worker, sealed with the secret."""
    name, secret, request = call.path["campaign"], call.form.get("secret", ""), call.form.get("request", "")
    if not 1 <= len(secret) <= MOST_SECRET:
        return await _asking(call, t("Type your password: with it you approve."))
    if not (request.isascii() and request.isdecimal() and len(request) <= 9):
        return await _asking(call, t("nobody waits for an approval of {campaign}", campaign=name))
    try:
        ask = await operations.approve(call.inst, name, secret, request=int(request))
    except NotThere:
        raise
    except InputError as error:
        return await _asking(call, str(error))
    return GoTo(f"/campaigns/{name}/approvals/{ask}")


async def _asking(call: PageCall, fault: str = "") -> Shown:
    name = call.path["campaign"]
    stored = await stored_campaigns.one(call.inst, name)
    waits, seen = await waiting_start(call.inst, name), await previews.newest(call.inst, name)
    data = ApproveData(
        campaign=name,
        purpose=stored.campaign.purpose.value,
        caller_id=stored.campaign.caller_id,
        waiting_start=waits,
        preview=None if seen is None else seen.ask_id,
        own=waits is not None and waits.asked_by == call.inst.actor.account,
    )
    command = f"agi-app campaign approve {name}"
    return Shown("calling/approve.html", data, command=command, status=422 if fault else 200, more={"fault": fault})


@pages.get("/campaigns/{campaign}/approvals/{ask}", Scope.CAMPAIGNS_APPROVE)
async def approved(call: PageCall) -> Shown:
    """What a worker said to it."""
    name, number = call.path["campaign"], int(call.path["ask"])
    found = await ended(call.inst, lambda: operations.approved(call.inst, number), lambda one: one.state != "waiting")
    if found.object != name:
        raise NotThere(t("there is no ask {number}", number=number))
    state = (await stored_campaigns.one(call.inst, name)).state.value
    data = ApprovedData(campaign=name, state=state, ask=ask_answer(found, None))
    return Shown("calling/approved.html", data, command=f"agi-app campaign status {name}")
