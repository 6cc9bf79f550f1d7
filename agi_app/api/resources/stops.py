"""Stops: everybody but viewers and agents enters them; nothing delays one, and none is ever queued in silence."""

from __future__ import annotations

from typing import Any

from pydantic import AwareDatetime, Field

from agi_app.api.routes import ApiAnswer, ApiCall, Given, Limit, NoQuery, Routes
from agi_app.api.texts import Number, Text, Word
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.model.campaign import Purpose
from agi_app.model.phone import NotANumber, mask, parse
from agi_app.operations.people import stops as operations
from agi_app.operations.people.time_and_evidence import SaidAt

routes = Routes()
ON_THE_NODE = "agi-app stop NUMBER"


class StopGiven(Given):
    """Who is never to be called again."""

    number: Number
    purpose: Purpose | None = Field(None, description="withdraw the consent for this alone; without it: everything")
    reason: Text = operations.BY_HAND
    method: Word | None = Field(None, description="how it was said: letter, telephone, in person …")
    source: Word | None = Field(None, description="the system or list that it comes from")
    reference: Word | None = Field(None, description="of the proof")
    said_at: AwareDatetime | None = Field(None, description="when it was said; without it: now")


class WithdrawalGiven(StopGiven):
    """Who takes a consent back, and for what."""


class StoppedAnswer(ApiAnswer):
    """The stop is in force. ``entered_stop`` numbers what was entered: GET /stops and events have other ids."""

    entered_stop: int
    number: str
    purpose: Purpose | None


class StopsGiven(Given):
    """Many who are never to be called again."""

    numbers: list[Number] = Field(min_length=1, max_length=1000)
    reason: Text = operations.BY_HAND


class StopsAnswer(ApiAnswer):
    """So many stops are in force."""

    stops: int


def e164(text: str) -> str:
    """A number as it is stored; InputError when nobody can have it."""
    try:
        return parse(text).e164
    except NotANumber as error:
        raise InputError(t("{number}: {fault}", number=mask(text), fault=error)) from None


async def take_effect(call: ApiCall[Any, Any]) -> None:
    """Behind the commit: what is under way to these persons ends, and a repeated request asks for it again."""
    await operations.stops_take_effect(call.inst)


_MORE: dict[str, Any] = {"limit": Limit.STOP, "when_away": ON_THE_NODE, "after": take_effect}


@routes.post("/stops", Scope.STOPS_ENTER, StoppedAnswer, body=StopGiven, **_MORE)
async def stop(call: ApiCall[NoQuery, StopGiven]) -> StoppedAnswer:
    """Never call this number again: in force, on all nodes, once this is answered.

    GET /stops shows it at once, or, when nobody here has the number, once a worker keeps it, before it dials.
    While the database is away the answer is 503, nothing is kept, and `command` names what works on the node.
    """
    return await _entered(call)


@routes.post("/withdrawals", Scope.STOPS_ENTER, StoppedAnswer, body=WithdrawalGiven, **_MORE)
async def withdraw(call: ApiCall[NoQuery, WithdrawalGiven]) -> StoppedAnswer:
    """Withdraw the consent for one purpose, or all of them as a stop does; it holds as soon as a stop.

    While the database is away the answer is 503 and nothing is kept: `command` then stops all calls to the number.
    """
    return await _entered(call)


async def _entered(call: ApiCall[NoQuery, Any]) -> StoppedAnswer:
    given, number = call.body, e164(call.body.number)
    entered = await operations.enter_stop(
        call.inst,
        number,
        given.reason,
        purpose=given.purpose,
        said=SaidAt(given.said_at, "said_at") if given.said_at else SaidAt(),
        method=given.method or "",
        source=given.source or "",
        reference=given.reference or "",
    )
    return StoppedAnswer(entered_stop=entered, number=mask(number), purpose=given.purpose)


@routes.post("/stops/lists", Scope.STOPS_ENTER, StopsAnswer, body=StopsGiven, **_MORE)
async def stop_list(call: ApiCall[NoQuery, StopsGiven]) -> StopsAnswer:
    """Never call any of these numbers again; all of them, or none when one is no number.

    GET /stops shows those of numbers that nobody here has once a worker keeps them, which it does before it dials.
    """
    numbers = list(dict.fromkeys(e164(number) for number in call.body.numbers))
    for number in numbers:
        await operations.enter_stop(call.inst, number, call.body.reason, source="list")
    return StopsAnswer(stops=len(numbers))
