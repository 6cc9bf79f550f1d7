"""Calls that come in and were screened: what the guard did with each and why, and a word about a caller."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from markupsafe import Markup

from agi_app.api.resources import calls as resource
from agi_app.api.resources.asks import AskAnswer, ask_answer
from agi_app.api.resources.calls import LineCallQuery, ScreenedCallAnswer, ScreenedCallQuery
from agi_app.api.routes import ApiCall
from agi_app.console.asked import ended
from agi_app.console.charts import Bar, bars
from agi_app.console.given import query_of, why_of
from agi_app.console.pages import GoTo, NoData, PageCall, PageData, Pages, Section, Shown
from agi_app.console.rendering import number
from agi_app.errors import InputError
from agi_app.messages import spoken, t, template
from agi_app.messages.retold import retold
from agi_app.model.actors import Scope
from agi_app.operations.calling import asks
from agi_app.operations.guard import call_list, guard_asks

pages = Pages()
DAYS = 30
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
ACTIONS = {
    "allow": template("let through"),
    "mark": template("rang with a warning"),
    "challenge": template("had to press a key"),
    "voicemail": template("went to the mailbox"),
    "reject": template("was rejected"),
}
RESULTS = {"answered": template("answered"), "given_back": template("given back to the dialplan")}
CHALLENGES = {"passed": template("pressed the key"), "failed": template("did not press it")}


class GuardedCall(ScreenedCallAnswer):
    """A screened call, and why."""

    why: str


class ActionCount(PageData):
    """How many calls met an action; ``reported``: of them as a nuisance, ``appealed``: as none."""

    action: str
    calls: int
    unjudged: int
    passed: int
    failed: int
    reported: int
    appealed: int


class GuardCallsData(PageData):
    """The newest first. ``totals`` are of ``days``; of the three counts only actions that were taken are there."""

    days: int
    last_hour: list[ActionCount]
    last_day: list[ActionCount]
    totals: list[ActionCount]
    data: list[GuardedCall]
    next: str | None


@pages.get("/guard", Scope.GUARD_READ, Section.GUARD, template("Screened calls"))
async def show(call: PageCall) -> Shown:
    """What was let through, marked, challenged and rejected."""
    query = query_of(call, ScreenedCallQuery)
    asked = {name: getattr(query, name) for name in ScreenedCallQuery.model_fields}
    page = await call_list.screened_calls(call.inst, **asked)
    names = set(ScreenedCallAnswer.model_fields)
    data = GuardCallsData(
        days=DAYS,
        last_hour=await _counted(call, HOUR),
        last_day=await _counted(call, DAY),
        totals=await _counted(call, dt.timedelta(days=DAYS)),
        data=[
            GuardedCall.model_validate({n: getattr(row, n) for n in names} | {"why": call_list.why(row)})
            for row in page.rows
        ],
        next=page.next,
    )
    spans = {
        "hour": (t("What the guard did in the last hour"), data.last_hour),
        "day": (t("What the guard did in the last 24 hours"), data.last_day),
        "totals": (t("What the guard did in {days} days", days=DAYS), data.totals),
    }
    drawn = [(name, title, _picture(title, counts), counts) for name, (title, counts) in spans.items()]
    more = {"asked": query, "actions": ACTIONS, "challenges": CHALLENGES, "spans": drawn}
    return Shown("guard/calls.html", data, f"agi-app guard report --days {DAYS}", more=more)


async def _counted(call: PageCall, within: dt.timedelta) -> list[ActionCount]:
    return [ActionCount.model_validate(one) for one in await call_list.totals(call.inst, within)]


def _picture(title: str, counts: Sequence[ActionCount]) -> Markup:
    """A bar for each action, also for those that no call met; nothing when no call came."""
    calls = {one.action: one.calls for one in counts}
    drawn = [Bar(spoken(told), calls.get(key, 0), number(calls.get(key, 0))) for key, told in ACTIONS.items()]
    return bars(title, drawn if calls else [])


@pages.get("/guard/answered", Scope.PEOPLE_READ, Section.GUARD, template("Answered by flows"))
async def answered(call: PageCall) -> Shown:
    """Calls that our lines answered by a flow: people who call back, and the stops that they said."""
    query = query_of(call, LineCallQuery)
    found = await resource.line_calls(ApiCall(call.inst, {}, query, None))
    more = {"asked": query, "results": RESULTS, "retold": retold}
    return Shown("guard/answered.html", found, "agi-app line report", more=more)


@pages.get("/guard/vote", Scope.GUARD_CHANGE)
async def ask_vote(call: PageCall) -> Shown:
    """Says what a word about the caller of a call does."""
    return _voting(call)


def _voting(call: PageCall, fault: str = "") -> Shown:
    given = {**call.query, **call.form}
    about = given.get("call", "")[:150]
    more = {"fault": fault, "about": about, "nuisance": given.get("nuisance") == "yes", "typed": call.form}
    verb = "complain" if more["nuisance"] else "appeal"
    return Shown("guard/vote.html", NoData(), f"agi-app guard {verb} {about or 'CALL'}", 422 if fault else 200, more)


@pages.post("/guard/vote", Scope.GUARD_CHANGE)
async def vote(call: PageCall) -> Shown | GoTo:
    """Ask to note it."""
    nuisance = call.form.get("nuisance") == "yes"
    try:
        reason = why_of(call.form)
        ask = await guard_asks.ask_vote(call.inst, call.form.get("call", ""), nuisance=nuisance, reason=reason)
    except InputError as error:
        return _voting(call, str(error))
    return GoTo(f"/guard/asks/{ask}")


@pages.get("/guard/asks/{ask}", Scope.GUARD_READ)
async def asked(call: PageCall) -> Shown:
    """What a worker did with an ask about the guard."""

    async def look() -> AskAnswer:
        found = await asks.asked(call.inst, int(call.path["ask"]))
        return ask_answer(found.ask, found.note)

    found = await ended(call.inst, look, lambda one: one.state != "waiting")
    return Shown("guard/ask.html", found, "agi-app guard list show")
