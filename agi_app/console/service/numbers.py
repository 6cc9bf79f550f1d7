"""The numbers that we show: how each was proved to be ours, until when, and which campaigns show it."""

from __future__ import annotations

from agi_app.api.resources import service as resource
from agi_app.api.resources.service import CallerIdAnswer
from agi_app.api.routes import ApiCall, NoQuery
from agi_app.console.pages import PageCall, PageData, Pages, Section, Shown
from agi_app.messages import template
from agi_app.model.actors import Scope
from agi_app.operations.calling import caller_ids

pages = Pages()
SOON_DAYS = 30
KINDS = {
    "letter": template("a letter of the carrier, which nobody has verified"),
    "call": template("a call to the number, on which a code was keyed"),
    "rehearsal": template("for rehearsals only"),
}


class ShownNumber(CallerIdAnswer):
    """A proof, and the campaigns that show its number."""

    campaigns: list[str]


class NumbersData(PageData):
    """All proofs, also expired ones; ``unproved``: numbers that campaigns show without any."""

    data: list[ShownNumber]
    unproved: dict[str, list[str]]


@pages.get("/service/numbers", Scope.FIGURES_READ, Section.SERVICE, template("Numbers shown"))
async def show(call: PageCall) -> Shown:
    """All of them."""
    found = await resource.numbers(ApiCall(call.inst, {}, NoQuery(), None))
    used = await caller_ids.used_by(call.inst)
    proved = [
        ShownNumber.model_validate(one.model_dump() | {"campaigns": list(used.get(one.number, ()))})
        for one in found.data
    ]
    ours = {one.number for one in proved if one.kind != "rehearsal"}
    unproved = {number: list(names) for number, names in used.items() if number not in ours}
    data = NumbersData(data=proved, unproved=unproved)
    more = {"kinds": KINDS, "soon": SOON_DAYS}
    return Shown("service/numbers.html", data, "agi-app callerid list", more=more)
