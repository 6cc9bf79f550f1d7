"""Listening to a recording: why is said first, a worker notes it and gives a copy for a quarter of an hour."""

from __future__ import annotations

from agi_app.api.resources.asks import ask_answer
from agi_app.api.resources.calls import ListenAnswer
from agi_app.api.routes import SOUND
from agi_app.console import asked
from agi_app.console.pages import Download, GoTo, NoData, PageCall, Pages, Shown
from agi_app.console.people import given
from agi_app.errors import InputError
from agi_app.model.actors import Scope
from agi_app.operations.calling import listening

pages = Pages()


@pages.get("/recordings/{recording}/listen", Scope.RECORDINGS_LISTEN)
async def ask_why(call: PageCall) -> Shown:
    """What one listens for."""
    return _asking(call)


@pages.post("/recordings/{recording}/listen", Scope.RECORDINGS_LISTEN)
async def listen(call: PageCall) -> Shown | GoTo:
    """Ask a worker for a copy."""
    try:
        reason = given.reason(call.form)
    except InputError as error:
        return _asking(call, str(error))
    ask = await listening.ask(call.inst, int(call.path["recording"]), reason=reason)
    return GoTo(f"/recordings/asks/{ask}")


def _asking(call: PageCall, fault: str = "") -> Shown:
    number = call.path["recording"]
    more = {"number": number, "fault": fault, "reason": call.form.get("reason", "")}
    return Shown("people/listen.html", NoData(), "", 422 if fault else 200, more)


@pages.get("/recordings/asks/{ask}", Scope.RECORDINGS_LISTEN)
async def listened(call: PageCall) -> Shown:
    """The sound, once it is there."""
    number = int(call.path["ask"])
    found = await asked.ended(
        call.inst, lambda: listening.asked(call.inst, number), lambda one: one.ask.state != "waiting"
    )
    answer = ask_answer(found.ask, None).model_dump()
    data = ListenAnswer(**answer, recording=found.recording, until=found.until)
    over = found.until is not None and found.until <= call.inst.clock.real_now()
    return Shown("people/listened.html", data, more={"over": over})


@pages.get("/recordings/asks/{ask}/sound", Scope.RECORDINGS_LISTEN)
async def sound(call: PageCall) -> Download:
    """The copy; that it was taken is noted."""
    opened = await listening.open_sound(call.inst, int(call.path["ask"]))
    return Download(opened.file, opened.size, SOUND, f"recording-{opened.recording}.wav")
