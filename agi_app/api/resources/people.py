"""People: masked by id or by a number in a body; their history, and their whole number, each look noted before.

Somebody is erased by an ask; the stop that comes with it waits for no worker and no role.
"""

from __future__ import annotations

import datetime as dt

from pydantic import Field

from agi_app.api.lists import there
from agi_app.api.problems import MEDIA_TYPE, RequestRefused
from agi_app.api.resources.asks import AskAnswer, ask_answer
from agi_app.api.resources.contacts import ExternalId
from agi_app.api.resources.person_history import HistoryAnswer, history_answer
from agi_app.api.resources.stops import ON_THE_NODE, e164, take_effect
from agi_app.api.routes import ApiAnswer, ApiCall, Content, Given, Limit, NoQuery, Routes
from agi_app.api.texts import Number, Reason
from agi_app.model.actors import Scope
from agi_app.operations.people import erasure_asks
from agi_app.operations.people import person_looks as operations
from agi_app.operations.people.erasure_asks import AskedErasure

routes = Routes()


class PersonAnswer(ApiAnswer):
    """A person by one number. ``number`` null: erased; ``others``: more numbers of the same person, each by its id."""

    person_id: int
    number: str | None = Field(description="masked; null: erased")
    region: str | None
    zones: list[str]
    stopped_at: dt.datetime | None = Field(description="never called again since; null: not on the suppression list")
    others: list[int]
    created_at: dt.datetime


class PeopleFound(ApiAnswer):
    """The person with this number, or nobody."""

    data: list[PersonAnswer]


class WholeNumber(ApiAnswer):
    """A number as it is."""

    person_id: int
    number: str


class NumberLookedFor(Given):
    """Whose number, and what for."""

    number: Number
    reason: Reason


class LookGiven(Given):
    """What for."""

    reason: Reason


class ErasureGiven(Given):
    """Why somebody is erased, and a check: the number or the id of one of their contacts, typed again."""

    reason: Reason
    number: Number | None = None
    external_id: ExternalId | None = Field(None, description="instead of the number")


class ErasureAsked(ApiAnswer):
    """The ask that erases, and the stop, which is in force."""

    ask: int
    entered_stop: int


class RemainsAnswer(ApiAnswer):
    """Where the person's data may still be, and until when."""

    where: str
    until: str


class ErasureAskAnswer(AskAnswer):
    """And how many rows of each kind were erased, and what stays. Null: not done.

    ``finished``: the files are deleted and the space of old rows is free; false: a worker is at it.
    """

    erased: dict[str, int] | None
    finished: bool | None
    stays: list[RemainsAnswer] | None


@routes.look("/people/search", Scope.PEOPLE_READ, PeopleFound, body=NumberLookedFor)
async def search(call: ApiCall[NoQuery, NumberLookedFor]) -> PeopleFound:
    """The person with this number; it is noted first."""
    found = await operations.search(call.inst, e164(call.body.number), reason=call.body.reason)
    return PeopleFound(data=[] if found is None else [PersonAnswer.model_validate(found)])


@routes.look("/people/history", Scope.PEOPLE_REVEAL, HistoryAnswer, body=NumberLookedFor, more=(404,))
async def history_of_number(call: ApiCall[NoQuery, NumberLookedFor]) -> HistoryAnswer:
    """All about the person with this number: consents, calls, refusals and what came after each; it is noted first."""
    number = e164(call.body.number)
    return history_answer(await operations.history_of_number(call.inst, number, reason=call.body.reason))


@routes.get("/people/{person}", Scope.PEOPLE_READ, PersonAnswer)
async def one(call: ApiCall[NoQuery, None]) -> PersonAnswer:
    """A person, with a masked number."""
    return PersonAnswer.model_validate(await operations.one(call.inst, int(call.path["person"])))


@routes.look("/people/{person}/history", Scope.PEOPLE_REVEAL, HistoryAnswer, body=LookGiven)
async def history(call: ApiCall[NoQuery, LookGiven]) -> HistoryAnswer:
    """The same of a person by id."""
    person = int(call.path["person"])
    await there(operations.one(call.inst, person))
    return history_answer(await operations.history(call.inst, person, reason=call.body.reason))


@routes.look("/people/{person}/reveal", Scope.PEOPLE_REVEAL, WholeNumber, body=LookGiven)
async def reveal(call: ApiCall[NoQuery, LookGiven]) -> WholeNumber:
    """The whole number; it is noted first. An account sees 30 an hour, then 429."""
    person = int(call.path["person"])
    await there(operations.one(call.inst, person))
    number = await operations.reveal(call.inst, person, reason=call.body.reason)
    return WholeNumber(person_id=person, number=number)


@routes.post(
    "/people/{person}/erasure",
    Scope.STOPS_ENTER,
    ErasureAsked,
    body=ErasureGiven,
    status=202,
    limit=Limit.STOP,
    when_away=ON_THE_NODE,
    after=take_effect,
)
async def erase(call: ApiCall[NoQuery, ErasureGiven]) -> ErasureAsked | Content:
    """Stop the calls to a person, at once, and ask a worker to erase all that is stored about the number.

    An account that may erase nobody (people.erase) gets 403, and the stop is in force. A check that is not theirs: 422,
    and nothing is done. While the database is away the answer is 503, and `command` names what works on the node.
    """
    given, person = call.body, int(call.path["person"])
    number = None if given.number is None else e164(given.number)
    await there(erasure_asks.known(call.inst, person))
    check = {"number": number, "external_id": given.external_id}
    taken = await erasure_asks.ask(call.inst, person, reason=given.reason, **check)
    if taken.ask is None:
        refused = RequestRefused("forbidden", taken.refused or "")
        body = refused.answer.model_dump_json(exclude_none=True).encode()
        return Content(body, MEDIA_TYPE, status=refused.status)
    return ErasureAsked(ask=taken.ask, entered_stop=taken.stop)


@routes.get("/people/asks/{ask}", Scope.PEOPLE_ERASE, ErasureAskAnswer)
async def erasure_ask(call: ApiCall[NoQuery, None]) -> ErasureAskAnswer:
    """How an ask to erase somebody ended, what went, what stays and until when."""
    return erasure_answer(await erasure_asks.asked(call.inst, int(call.path["ask"])))


def erasure_answer(found: AskedErasure) -> ErasureAskAnswer:
    """An ask to erase somebody, with what went and what stays."""
    stays = None if found.stays is None else [RemainsAnswer.model_validate(one) for one in found.stays]
    more = {"erased": found.erased, "finished": found.finished, "stays": stays}
    return ErasureAskAnswer(**ask_answer(found.ask, None).model_dump(), **more)
