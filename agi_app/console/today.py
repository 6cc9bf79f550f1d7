"""Today: what is going on, why nobody or not more is dialled, what is wrong; and the button that pauses everything."""

from __future__ import annotations

import datetime as dt

from agi_app.console.forms import reason_of
from agi_app.console.live import LivePart
from agi_app.console.pages import GoTo, PageCall, PageData, Pages, Section, Shown
from agi_app.installation import Installation
from agi_app.messages import t, template
from agi_app.messages.retold import retold
from agi_app.model.actors import Scope
from agi_app.operations.calling import pauses
from agi_app.operations.calling import today as operations
from agi_app.operations.calling.reports import CampaignFigures
from agi_app.operations.reporting import calls
from agi_app.operations.reporting.calls import CallsOfDay
from agi_app.operations.service import alerts

pages = Pages()


class CampaignToday(PageData):
    """One campaign that runs or is paused. ``reason``: the first why nobody, or not more, is dialled."""

    name: str
    state: str
    contacts: int
    done: int
    due_now: int
    in_call: int
    answered: float
    abandoned_percent: float | None
    reason: str | None
    nobody: bool
    more_reasons: int


class WorkerToday(PageData):
    """One worker. ``reason``: why it dials nobody."""

    name: str
    alive: bool
    seen_at: dt.datetime
    reason: str | None


class AlertToday(PageData):
    """Something that is wrong now."""

    text: str
    began_at: dt.datetime


class PauseToday(PageData):
    """The pause of everything."""

    since: dt.datetime
    entered_by: str
    reason: str


class StartToday(PageData):
    """A start that waits for a second person."""

    campaign: str
    asked_by: str
    asked_at: dt.datetime


class TodayData(PageData):
    """All of it."""

    pause: PauseToday | None
    campaigns: list[CampaignToday]
    more_campaigns: int
    ended_campaigns: int
    workers: list[WorkerToday]
    alerts: list[AlertToday]
    waiting_starts: list[StartToday]


class TodayPage(TodayData):
    """And the calls of this day in the reader's zone, which may be exported; None: not by who reads."""

    day: CallsOfDay | None
    for_you: list[str]  # campaigns whose start waits for who reads, or another like them


@pages.get("/", Scope.FIGURES_READ, Section.TODAY, template("Today"), elsewhere="/agent")
async def show(call: PageCall) -> Shown:
    """The page."""
    more = {"said": _SAID.get(call.query.get("said", ""), lambda: "")()}
    found = await read(call.inst)
    exports = call.inst.actor.may(Scope.EXPORTS_MASKED)
    day = await calls.of_day(call.inst, None, call.zone) if exports else None
    approves, account = call.inst.actor.may(Scope.CAMPAIGNS_APPROVE), call.inst.actor.account
    for_you = [one.campaign for one in found.waiting_starts if approves and one.asked_by != account]
    data = TodayPage(**dict(found), day=day, for_you=for_you)
    return Shown("today.html", data, command="agi-app campaign status CAMPAIGN", more=more)


async def read(inst: Installation) -> TodayData:
    """What the page shows, in the current language. Raises StoreError."""
    found = await operations.today(inst)
    pause = found.pause
    return TodayData(
        pause=pause and PauseToday(since=pause.recorded_at, entered_by=pause.entered_by, reason=pause.reason),
        campaigns=[_campaign(one) for one in found.campaigns],
        more_campaigns=found.more,
        ended_campaigns=found.ended,
        workers=[
            WorkerToday(
                name=one.name,
                alive=one.alive,
                seen_at=one.seen_at,
                reason=retold(one.waiting_reason) if one.waiting_reason else None,
            )
            for one in found.workers
        ],
        alerts=[AlertToday(text=alerts.title(one), began_at=one.began_at) for one in found.alerts],
        waiting_starts=[StartToday.model_validate(one) for one in found.waiting],
    )


def _campaign(figures: CampaignFigures) -> CampaignToday:
    totals, reasons = figures.totals, figures.held_back
    return CampaignToday(
        name=totals.campaign,
        state=totals.state,
        contacts=totals.contacts,
        done=totals.done,
        due_now=figures.view.due_now,
        in_call=totals.in_call,
        answered=totals.answer_rate,
        abandoned_percent=None if totals.agents is None else totals.agents.abandoned_percent,
        reason=reasons[0].text if reasons else None,
        nobody=bool(figures.nobody_because),
        more_reasons=max(0, len(reasons) - 1),
    )


PART = LivePart("today", Scope.FIGURES_READ, read, "today_part.html")


@pages.get("/pause", Scope.CAMPAIGNS_PAUSE)
async def ask_pause(call: PageCall) -> Shown:
    """Says what the button will do before it is pressed."""
    return await _asking(call, "pause.html", "agi-app pause --all")


@pages.post("/pause", Scope.CAMPAIGNS_PAUSE)
async def pause(call: PageCall) -> Shown | GoTo:
    """Pause everything on all nodes: in force when the next page is shown."""
    if (reason := reason_of(call.form)) is None:
        return await _asking(call, "pause.html", "agi-app pause --all", t("Say why: it is kept for good."))
    await pauses.pause_by_service(call.inst, reason)
    return GoTo("/", "paused")


@pages.get("/resume", Scope.CAMPAIGNS_START)
async def ask_resume(call: PageCall) -> Shown:
    """What ending the pause does."""
    return await _asking(call, "resume.html", "agi-app resume --all")


@pages.post("/resume", Scope.CAMPAIGNS_START)
async def resume(call: PageCall) -> Shown | GoTo:
    """Ask a worker to end the pause."""
    if (reason := reason_of(call.form)) is None:
        return await _asking(call, "resume.html", "agi-app resume --all", t("Say why: it is kept for good."))
    await pauses.ask_resume(call.inst, reason)
    return GoTo("/", "resumed")


async def _asking(call: PageCall, template: str, command: str, fault: str = "") -> Shown:
    more = {"fault": fault, "reason": call.form.get("reason", "")}
    return Shown(template, await read(call.inst), command=command, status=422 if fault else 200, more=more)


_SAID = {
    "paused": lambda: t("Everything is paused."),
    "resumed": lambda: t("A worker was asked to go on; it takes that within a second or two."),
}
