"""A new complaint: about a call of ours, which stops the calls at once, or about calls of others to our people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from agi_app.api.resources.complaints import case_ask_answer
from agi_app.console import asked
from agi_app.console.pages import GoTo, PageCall, PageData, Pages, Shown
from agi_app.console.people import given
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.calling import stored_campaigns
from agi_app.operations.people import complaint_asks, complaints
from agi_app.operations.people import stops as stop_operations
from agi_app.operations.people.time_and_evidence import instant

pages = Pages()
OURS = ("number", "text", "source", "campaign", "said_at", "take_stop")
OF_OTHERS = ("caller", "on", "times", "text", "category", "name", "transcript")
MOST_TIMES = 100


class ComplaintFormData(PageData):
    """The campaigns that a complaint may be about."""

    campaigns: list[str]


@pages.get("/complaints/new", Scope.COMPLAINTS_CHANGE)
async def ask_complaint(call: PageCall) -> Shown:
    """What is asked of a complaint about a call of ours."""
    return await _form(call, "people/complaint.html", OURS, "agi-app complaint add NUMBER")


@pages.post("/complaints/new", Scope.COMPLAINTS_CHANGE)
async def complain(call: PageCall) -> Shown | GoTo:
    """Stop the calls at once, unless the person still wants them, and ask a worker to open a case."""
    form = call.form
    try:
        taken = await complaint_asks.ask(
            call.inst,
            given.number(form),
            given.line(form, "text", t("What was said"), given.MOST_TEXT, needed=True),
            said_at=_when(form, "said_at"),
            source=given.line(form, "source", t("How it came in")) or "by hand",
            campaign=form.get("campaign", "") if given.NAME.fullmatch(form.get("campaign", "")) else "",
            take_stop=form.get("take_stop", "yes") != "no",
        )
    except InputError as error:
        return await _form(call, "people/complaint.html", OURS, "agi-app complaint add NUMBER", str(error))
    await stop_operations.stops_take_effect(call.inst)
    return GoTo(f"/complaints/asks/{taken.ask}")


@pages.get("/complaints/received", Scope.COMPLAINTS_CHANGE)
async def ask_received(call: PageCall) -> Shown:
    """What is asked of a complaint about calls of others."""
    return await _form(call, "people/complaint_received.html", OF_OTHERS, "agi-app complaint received")


@pages.post("/complaints/received", Scope.COMPLAINTS_CHANGE)
async def received(call: PageCall) -> Shown | GoTo:
    """Ask a worker to open a case; nobody is stopped by it."""
    form = call.form
    try:
        ask = await complaint_asks.ask_received(
            call.inst,
            complaints.caller_of(form.get("caller", "")),
            given.number(form, "on"),
            _times(form.get("times", "")),
            given.line(form, "text", t("What was said"), given.MOST_TEXT, needed=True),
            category=given.line(form, "category", t("Category")),
            name=given.line(form, "name", t("Company or product that was named")),
            transcript=given.line(form, "transcript", t("Opening words"), given.MOST_TEXT),
        )
    except InputError as error:
        command = "agi-app complaint received"
        return await _form(call, "people/complaint_received.html", OF_OTHERS, command, str(error))
    return GoTo(f"/complaints/asks/{ask}")


@pages.get("/complaints/asks/{ask}", Scope.COMPLAINTS_CHANGE)
async def ended(call: PageCall) -> Shown:
    """How it ended, and which case it is."""
    number = int(call.path["ask"])
    found = await asked.ended(
        call.inst, lambda: complaint_asks.asked(call.inst, number), lambda ask: ask.state != "waiting"
    )
    return Shown("people/complaint_asked.html", case_ask_answer(found))


async def _form(call: PageCall, shown: str, fields: tuple[str, ...], command: str, fault: str = "") -> Shown:
    names = [one.campaign.name for one in await stored_campaigns.listed(call.inst)]
    typed = {name: call.form.get(name, "") for name in fields}
    more = {
        "fault": fault,
        "typed": typed,
        "campaigns": [("", t("none, or not known")), *((name, name) for name in names)],
        "stops": [
            ("yes", t("yes: never call this person again")),
            ("no", t("no: the person still wants our calls")),
        ],
    }
    return Shown(shown, ComplaintFormData(campaigns=names), command, 422 if fault else 200, more)


def _when(form: Mapping[str, str], name: str) -> dt.datetime | None:
    return instant(t("When it was said:"), form.get(name, "").strip())


def _times(text: str) -> list[dt.datetime]:
    found = [one for line in text.splitlines() if (one := instant(t("When it called:"), line.strip())) is not None]
    if not 1 <= len(found) <= MOST_TIMES:
        raise InputError(t("Say when it called: a line for each call, at most {most}.", most=MOST_TIMES))
    return found
