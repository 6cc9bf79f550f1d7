"""Start, pause, go on, stop: each says what it will do, with its numbers, before it is asked of a worker."""

from __future__ import annotations

from agi_app.api.resources.previews import FiguresShown, preview_answer
from agi_app.console.calling.campaign_figures import CampaignNow, read
from agi_app.console.calling.previews import of_campaign
from agi_app.console.forms import reason_of
from agi_app.console.pages import GoTo, PageCall, PageData, Pages, Shown
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.model.campaign import Purpose
from agi_app.operations.acting import works_alone
from agi_app.operations.calling import asks, stored_campaigns

pages = Pages()


class ChangeData(PageData):
    """What a campaign is now; of a start the figures of the preview that it names."""

    campaign: str
    purpose: str
    verb: str
    now: CampaignNow
    preview: int | None
    figures: FiguresShown | None


@pages.get("/campaigns/{campaign}/start", Scope.CAMPAIGNS_START)
async def ask_start(call: PageCall) -> Shown:
    """The numbers that the start would have."""
    return await _asking(call, "start", call.query.get("preview", ""))


@pages.post("/campaigns/{campaign}/start", Scope.CAMPAIGNS_START)
async def start(call: PageCall) -> Shown | GoTo:
    """Ask a worker to start it as the preview shows it."""
    return await _asked(call, "start", call.form.get("preview", ""))


def _declare(verb: str) -> None:
    async def show(call: PageCall) -> Shown:
        return await _asking(call, verb)

    async def do(call: PageCall) -> Shown | GoTo:
        return await _asked(call, verb)

    scope, path = asks.SCOPES[verb], f"/campaigns/{{campaign}}/{verb}"
    pages.get(path, scope)(show)
    pages.post(path, scope)(do)


for _verb in ("pause", "resume", "stop"):
    _declare(_verb)


async def _asking(call: PageCall, verb: str, preview: str = "", fault: str = "") -> Shown:
    name = call.path["campaign"]
    stored = await stored_campaigns.one(call.inst, name)
    number, figures = await _figures(call, preview)
    data = ChangeData(
        campaign=name,
        purpose=stored.campaign.purpose.value,
        verb=verb,
        now=await read(call.inst, name),
        preview=number,
        figures=figures,
    )
    many = data.now.figures.contacts > call.inst.settings.approve_above
    second = many or stored.campaign.purpose is Purpose.MARKETING
    more: dict[str, object] = {"fault": fault, "reason": call.form.get("reason", "")}
    more["second"] = second and not await works_alone(call.inst)
    command = f"agi-app campaign {verb} {name}"
    return Shown("calling/change.html", data, command=command, status=422 if fault else 200, more=more)


async def _figures(call: PageCall, preview: str) -> tuple[int | None, FiguresShown | None]:
    if not (preview.isascii() and preview.isdecimal() and len(preview) <= 9):
        return None, None
    answer = preview_answer(await of_campaign(call.inst, call.path["campaign"], int(preview)))
    return (answer.ask, answer.preview) if answer.preview is not None else (None, None)


async def _asked(call: PageCall, verb: str, preview: str = "") -> Shown | GoTo:
    name = call.path["campaign"]
    number, figures = await _figures(call, preview) if verb == "start" else (None, None)
    if verb == "start" and figures is None:
        return await _asking(call, verb, fault=t("Look first who would be called."))
    if (reason := reason_of(call.form)) is None:
        return await _asking(call, verb, preview, t("Say why: it is kept for good."))
    return GoTo(f"/campaigns/{name}/asks/{await asks.ask(call.inst, name, verb, reason=reason, preview=number)}")
