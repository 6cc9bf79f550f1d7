"""People: masked by id or by a number in a body; their history, and their whole number, each look noted before."""

from __future__ import annotations

import datetime as dt

from pydantic import Field

from agi_app.api.resources.lists import there
from agi_app.api.resources.person_history import HistoryAnswer, history_answer
from agi_app.api.resources.stops import e164
from agi_app.api.routes import ApiAnswer, ApiCall, Given, NoQuery, Routes
from agi_app.api.texts import Number, Reason
from agi_app.model.actors import Scope
from agi_app.operations.people import person_looks as operations

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


@routes.look("/people/search", Scope.PEOPLE_READ, PeopleFound, body=NumberLookedFor)
async def search(call: ApiCall[NoQuery, NumberLookedFor]) -> PeopleFound:
    """The person with this number; it is noted first."""
    found = await operations.search(call.inst, e164(call.body.number), reason=call.body.reason)
    return PeopleFound(data=[] if found is None else [PersonAnswer.model_validate(found)])


@routes.look("/people/history", Scope.PEOPLE_REVEAL, HistoryAnswer, body=NumberLookedFor)
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
