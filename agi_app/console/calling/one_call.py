"""One call, on or over; while it is on, all who may pause a campaign can end it, and say why."""

from __future__ import annotations

import datetime as dt

from agi_app.api.resources.asks import AskAnswer, ask_answer
from agi_app.console.asked import ended
from agi_app.console.calling.calls_now import CallNow
from agi_app.console.given import why_of
from agi_app.console.pages import GoTo, PageCall, PageData, Pages, Shown
from agi_app.errors import InputError, NotThere
from agi_app.messages import t
from agi_app.messages.retold import retold
from agi_app.model.actors import Scope
from agi_app.operations.calling import asks
from agi_app.operations.calling import calls_now as operations

pages = Pages()
OVER = "ended"


class OneCallData(CallNow):
    """A call; ``stage`` is also ended: then with its result."""

    ended_at: dt.datetime | None
    outcome: str | None
    disposition: str | None
    note: str | None


class CallEndData(PageData):
    """What was asked, and the call now."""

    ask: AskAnswer
    call: OneCallData


@pages.get("/calls/{attempt}", Scope.PEOPLE_READ)
async def show(call: PageCall) -> Shown:
    """The call, and what ending it would do."""
    return await _shown(call)


async def _read(call: PageCall) -> OneCallData:
    found = await operations.one(call.inst, call.path["attempt"])
    named = {name: getattr(found, name) for name in OneCallData.model_fields}
    return OneCallData(**named | {"note": retold(found.note) if found.note else None})


async def _shown(call: PageCall, fault: str = "") -> Shown:
    data = await _read(call)
    command = f"agi-app calls end {data.attempt_id} --reason WHY"
    more = {"fault": fault, "typed": call.form, "one": data, "ask": None}
    return Shown("calling/one_call.html", data, command, 422 if fault else 200, more)


@pages.post("/calls/{attempt}/end", Scope.CAMPAIGNS_PAUSE)
async def end(call: PageCall) -> Shown | GoTo:
    """Ask a worker to have it ended."""
    try:
        ask = await operations.ask_end(call.inst, call.path["attempt"], reason=why_of(call.form))
    except NotThere:
        raise
    except InputError as error:
        return await _shown(call, str(error))
    return GoTo(f"/calls/{call.path['attempt']}/asks/{ask}")


@pages.get("/calls/{attempt}/asks/{ask}", Scope.PEOPLE_READ)
async def asked(call: PageCall) -> Shown:
    """How the ask ended; mostly the call is over before the page is there."""
    number, attempt = int(call.path["ask"]), call.path["attempt"]

    async def look() -> CallEndData:
        found = await asks.asked(call.inst, number)
        if (found.ask.kind, found.ask.verb, found.ask.object) != (operations.KIND, operations.END, attempt):
            raise NotThere(t("there is no ask {number}", number=number))
        return CallEndData(ask=ask_answer(found.ask, found.note), call=await _read(call))

    data = await ended(call.inst, look, lambda one: one.ask.state == "refused" or one.call.stage == OVER)
    more = {"fault": "", "typed": {}, "one": data.call, "ask": data.ask}
    return Shown("calling/one_call.html", data, f"agi-app calls end {attempt} --reason WHY", more=more)
