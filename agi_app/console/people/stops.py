"""The stops that are kept, the newest first; and a stop of a number that perhaps nobody here has."""

from __future__ import annotations

from agi_app.api.lists import shown
from agi_app.api.resources.records import StopItemAnswer, StopPage
from agi_app.console.pages import GoTo, PageCall, Pages, Section, Shown
from agi_app.console.people import given
from agi_app.errors import InputError
from agi_app.messages import t, template
from agi_app.model.actors import Scope
from agi_app.operations.people import record_lists, stops
from agi_app.operations.people.time_and_evidence import refused_at

pages = Pages()
ROWS = 50
FIELDS = ("number", "method", "source", "said_at", "reason")


@pages.get("/stops", Scope.PEOPLE_READ, Section.PEOPLE, template("Stops"))
async def listed(call: PageCall) -> Shown:
    """How each was said, and when."""
    page = await record_lists.stops(call.inst, limit=ROWS, after=call.query.get("after") or None)
    said = t("The stop is in force: this number is never called again.") if call.query.get("said") else ""
    data = StopPage(**shown(page, StopItemAnswer))
    return Shown("people/stops.html", data, "agi-app suppression status", more={"said": said})


@pages.get("/stops/enter", Scope.STOPS_ENTER)
async def ask_number(call: PageCall) -> Shown:
    """Which number is never to be called again."""
    return await _form(call)


@pages.post("/stops/enter", Scope.STOPS_ENTER)
async def enter(call: PageCall) -> Shown | GoTo:
    """Never call this number again: in force on all nodes when the next page is shown."""
    form = call.form
    try:
        await stops.enter_stop(
            call.inst,
            given.number(form),
            given.reason(form),
            said=refused_at(t("When it was said:"), form.get("said_at", "").strip()),
            method=given.line(form, "method", t("How it was said")),
            source=given.line(form, "source", t("Where it came from")),
        )
    except InputError as error:
        return await _form(call, str(error))
    await stops.stops_take_effect(call.inst)
    return GoTo("/stops", "stopped")


async def _form(call: PageCall, fault: str = "") -> Shown:
    typed = {name: call.form.get(name, "") for name in FIELDS}
    more = {"fault": fault, "typed": typed}
    page = StopPage(data=[], next=None)
    return Shown("people/stop_number.html", page, "agi-app stop NUMBER", 422 if fault else 200, more)
