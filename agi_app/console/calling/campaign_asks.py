"""What was asked of workers about a campaign, and how each ended; a start that needs a second person says who may."""

from __future__ import annotations

from agi_app.api.resources.asks import AskAnswer, AsksAnswer, ask_answer
from agi_app.console.asked import ended
from agi_app.console.calling.campaign_figures import WaitingStart, waiting_start
from agi_app.console.pages import PageCall, PageData, Pages, Shown
from agi_app.errors import NotThere
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.calling import asks as operations
from agi_app.operations.calling import stored_campaigns

pages = Pages()


class CampaignAskData(PageData):
    """One ask. ``waiting_start``: the start that it was for, which waits for a second person."""

    campaign: str
    state: str
    ask: AskAnswer
    waiting_start: WaitingStart | None


@pages.get("/campaigns/{campaign}/asks", Scope.FIGURES_READ)
async def listed(call: PageCall) -> Shown:
    """The newest first, at most 100."""
    name = call.path["campaign"]
    await stored_campaigns.one(call.inst, name)
    found = [ask_answer(one.ask, one.note) for one in await operations.asks(call.inst, name)]
    return Shown("calling/asks.html", AsksAnswer(data=found), more={"campaign": name})


@pages.get("/campaigns/{campaign}/asks/{ask}", Scope.FIGURES_READ)
async def one(call: PageCall) -> Shown:
    """How one of them goes."""
    name, number = call.path["campaign"], int(call.path["ask"])
    found = await ended(call.inst, lambda: operations.asked(call.inst, number), lambda one: one.ask.state != "waiting")
    if (found.ask.kind, found.ask.object) != (operations.CAMPAIGN, name):
        raise NotThere(t("there is no ask {number}", number=number))
    waits = await waiting_start(call.inst, name) if found.request is not None else None
    data = CampaignAskData(
        campaign=name,
        state=(await stored_campaigns.one(call.inst, name)).state.value,
        ask=ask_answer(found.ask, found.note),
        waiting_start=waits if waits is not None and waits.request == found.request else None,
    )
    return Shown("calling/ask.html", data, command=f"agi-app campaign status {name}")
