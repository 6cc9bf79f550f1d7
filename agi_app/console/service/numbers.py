"""The numbers that we show: how each was proved to be ours, until when, and which campaigns show it."""

from __future__ import annotations

from agi_app.api.resources import service as resource
from agi_app.api.resources.asks import AskAnswer, ask_answer
from agi_app.api.resources.service import CallerIdAnswer
from agi_app.api.routes import ApiCall, NoQuery
from agi_app.console.asked import ended
from agi_app.console.pages import PageCall, PageData, Pages, Section, Shown
from agi_app.errors import Forbidden, InputError
from agi_app.messages import template
from agi_app.model.actors import Scope
from agi_app.operations.calling import asks, call_asks, caller_ids

pages = Pages()
SOON_DAYS = 30
KINDS = {
    "letter": template("a letter of the carrier, which nobody has verified"),
    "call": template("a call to the number, on which a code was keyed"),
    "rehearsal": template("for rehearsals only"),
}


RESULTS = {
    "proved": template("the number is proved"),
    "wrong_code": template("a wrong code was keyed"),
    "no_code": template("it was answered, but the whole code was not keyed"),
    "stopped": template("who answered keyed *9: the number is never called again"),
    "no_answer": template("nobody answered"),
    "busy": template("the line was busy"),
    "rejected": template("the call was declined"),
    "invalid_number": template("the network says that there is no such number"),
    "refused": template("it was not called"),
    "expired": template("no worker took it"),
}


class ShownNumber(CallerIdAnswer):
    """A proof, and the campaigns that show its number."""

    campaigns: list[str]


class NumbersData(PageData):
    """All proofs, also expired ones; ``unproved``: numbers that campaigns show without any."""

    data: list[ShownNumber]
    unproved: dict[str, list[str]]


class NumberCalled(PageData):
    """A call by which a number is to be proved. ``code``: shown on the page that follows the form, and kept nowhere."""

    ask: AskAnswer
    code: str | None
    result: str | None
    note: str | None


@pages.get("/service/numbers", Scope.FIGURES_READ, Section.SERVICE, template("Numbers shown"))
async def show(call: PageCall) -> Shown:
    """All of them."""
    return await _all(call)


@pages.post("/service/numbers", Scope.CALLER_IDS_PROVE)
async def prove(call: PageCall) -> Shown:
    """Ask for a call to the number, on which the code is keyed that this page shows; the gate decides."""
    number, trunk = call.form.get("number", "").strip(), call.form.get("trunk", "") or None
    try:
        ask, code = await call_asks.ask_caller_id_proof(call.inst, number, trunk=trunk)
    except InputError as error:
        return await _all(call, str(error))
    return await _called(call, ask, code)


@pages.get("/service/numbers/asks/{ask}", Scope.CALLER_IDS_PROVE)
async def asked(call: PageCall) -> Shown:
    """How the call goes."""
    return await _called(call, int(call.path["ask"]), None)


async def _called(call: PageCall, ask: int, code: str | None) -> Shown:
    found = await asks.asked(call.inst, ask)
    if code is None:
        found = await ended(call.inst, lambda: asks.asked(call.inst, ask), lambda one: one.ask.state != "waiting")
    try:
        status = await call_asks.called(call.inst, ask)
    except (InputError, Forbidden):
        status = None
    data = NumberCalled(
        ask=ask_answer(found.ask, found.note),
        code=code,
        result=None if status is None else status.result,
        note=None if status is None else status.note,
    )
    return Shown("service/number_called.html", data, "agi-app callerid prove NUMBER", more={"results": RESULTS})


async def _all(call: PageCall, fault: str = "") -> Shown:
    found = await resource.numbers(ApiCall(call.inst, {}, NoQuery(), None))
    used = await caller_ids.used_by(call.inst)
    proved = [
        ShownNumber.model_validate(one.model_dump() | {"campaigns": list(used.get(one.number, ()))})
        for one in found.data
    ]
    ours = {one.number for one in proved if one.kind != "rehearsal"}
    unproved = {number: list(names) for number, names in used.items() if number not in ours}
    data = NumbersData(data=proved, unproved=unproved)
    more = {
        "kinds": KINDS,
        "soon": SOON_DAYS,
        "fault": fault,
        "number": call.form.get("number", ""),
        "trunks": [("", "–"), *((one, one) for one in sorted(call.inst.settings.trunks))],
    }
    return Shown("service/numbers.html", data, "agi-app callerid list", 422 if fault else 200, more)
