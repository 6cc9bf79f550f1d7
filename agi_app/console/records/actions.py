"""Who did what: each change, each export and each look at whole numbers, by page, command and API; the newest first."""

from __future__ import annotations

from agi_app.api.resources import service as resource
from agi_app.api.resources.service import ActionQuery
from agi_app.api.routes import ApiCall, NoQuery
from agi_app.console.given import query_of
from agi_app.console.pages import PageCall, Pages, Section, Shown
from agi_app.console.records.verbs import WAYS
from agi_app.messages import spoken, template
from agi_app.model.actors import Scope

pages = Pages()
MASKED = "…"  # behind what is shown of a keyed hash: nothing can be found by that


@pages.get("/records/actions", Scope.ACTIONS_READ, Section.RECORDS, template("Who did what"))
async def show(call: PageCall) -> Shown:
    """Of all, of one account, or what was done to one object."""
    query = query_of(call, ActionQuery)
    found = await resource.actions(ApiCall(call.inst, {}, query, None))
    known = {one.name for one in (await resource.who(ApiCall(call.inst, {}, NoQuery(), None))).data}
    names = sorted(known | ({query.account} if query.account else set()))
    command = "agi-app actions"
    command += f" --account {query.account}" if query.account else ""
    command += f" --object {query.object}" if query.object else ""
    more = {"asked": query, "names": names, "way": lambda via: spoken(WAYS.get(via, via or "–"))}
    return Shown("records/actions.html", found, command, more=more | {"masked": MASKED})
