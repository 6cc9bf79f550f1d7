"""Whom the guard lets through and whom it blocks, until when and why; and how calls to each line are screened."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from pydantic import ValidationError

from agi_app.api.resources import guard as resource
from agi_app.api.resources.guard import EntryGiven, EntryQuery, LineGiven
from agi_app.api.routes import ApiCall, NoQuery
from agi_app.console.given import faults_of, query_of, why_of
from agi_app.console.pages import GoTo, PageCall, Pages, Section, Shown
from agi_app.errors import InputError
from agi_app.messages import template
from agi_app.model.actors import Scope
from agi_app.operations.guard import guard_asks

pages = Pages()
DAYS = 90
LEVELS = {
    "notice": template("only warns"),
    "low": template("low"),
    "standard": template("standard"),
    "strict": template("strict"),
}
ON_OR_OFF = {"": None, "yes": True, "no": False}


@pages.get("/guard/lists", Scope.GUARD_READ, Section.GUARD, template("Allowed and blocked"))
async def show(call: PageCall) -> Shown:
    """The lists, with a form for who may change them."""
    return await _lists(call)


async def _lists(call: PageCall, fault: str = "") -> Shown:
    query = query_of(call, EntryQuery)
    found = await resource.entries(ApiCall(call.inst, {}, query, None))
    more = {"asked": query, "fault": fault, "typed": {"days": str(DAYS), **call.form}, "days": DAYS}
    return Shown("guard/lists.html", found, "agi-app guard list show", 422 if fault else 200, more)


@pages.post("/guard/lists", Scope.GUARD_CHANGE)
async def put(call: PageCall) -> Shown | GoTo:
    """Ask to let numbers through, or to block them; without a number of days for 90."""
    form = call.form
    given: dict[str, Any] = {"pattern": form.get("pattern", "").replace(" ", ""), "allow": form.get("allow") == "yes"}
    given |= {"line": form.get("line", "").strip() or None, "days": form.get("days", "").strip() or DAYS}
    try:
        body = EntryGiven.model_validate(given | {"reason": why_of(form)})
        made = await resource.put(ApiCall(call.inst, {}, NoQuery(), body))
    except ValidationError as error:
        return await _lists(call, faults_of(error))
    except InputError as error:
        return await _lists(call, str(error))
    return GoTo(f"/guard/asks/{made.ask}")


@pages.get("/guard/lists/{entry}", Scope.GUARD_CHANGE)
async def ask_remove(call: PageCall) -> Shown:
    """One entry, and what taking it off does."""
    return await _entry(call)


async def _entry(call: PageCall, fault: str = "") -> Shown:
    found = await resource.entry(ApiCall(call.inst, call.path, NoQuery(), None))
    more = {"fault": fault, "reason": call.form.get("reason", "")}
    return Shown("guard/entry.html", found, "agi-app guard unblock NUMBER", 422 if fault else 200, more)


@pages.post("/guard/lists/{entry}", Scope.GUARD_CHANGE)
async def remove(call: PageCall) -> Shown | GoTo:
    """Ask to take it off."""
    try:
        reason = why_of(call.form)
    except InputError as error:
        return await _entry(call, str(error))
    return GoTo(f"/guard/asks/{await guard_asks.ask_remove(call.inst, int(call.path['entry']), reason=reason)}")


@pages.get("/guard/lines", Scope.GUARD_READ, Section.GUARD, template("Lines"))
async def lines(call: PageCall) -> Shown | GoTo:
    """How calls to each of our numbers are screened, where somebody has set it; or the page of one that is named."""
    if named := query_of(call, EntryQuery).line:
        return GoTo(f"/guard/lines/{quote(named, safe='')}")
    found = await resource.lines(ApiCall(call.inst, {}, NoQuery(), None))
    return Shown("guard/lines.html", found, "agi-app guard line NUMBER", more={"levels": LEVELS})


@pages.get("/guard/lines/{line}", Scope.GUARD_READ)
async def line(call: PageCall) -> Shown:
    """One of them."""
    return await _line(call)


async def _line(call: PageCall, fault: str = "") -> Shown:
    found = await resource.line(ApiCall(call.inst, call.path, NoQuery(), None))
    more = {"levels": LEVELS, "fault": fault, "typed": call.form}
    return Shown("guard/line.html", found, f"agi-app guard line {found.line}", 422 if fault else 200, more)


@pages.post("/guard/lines/{line}", Scope.GUARD_CHANGE)
async def change_line(call: PageCall) -> Shown | GoTo:
    """Ask to change it."""
    form = call.form
    given: dict[str, Any] = {name: ON_OR_OFF.get(form.get(name, "")) for name in ("enabled", "mailbox")}
    given["level"] = form.get("level") or None
    try:
        body = LineGiven.model_validate(given | {"reason": why_of(form)})
        made = await resource.change_line(ApiCall(call.inst, call.path, NoQuery(), body))
    except ValidationError as error:
        return await _line(call, faults_of(error))
    except InputError as error:
        return await _line(call, str(error))
    return GoTo(f"/guard/asks/{made.ask}")
