"""The contacts of campaigns, with masked numbers; a search by a whole number is noted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from agi_app.api.lists import CountAnswer, CountedQuery, counted, shown, there
from agi_app.api.routes import ApiAnswer, ApiCall, Given, NoQuery, Query, Routes
from agi_app.api.texts import Number, Reason
from agi_app.messages import current
from agi_app.model.actors import Scope
from agi_app.operations.calling import contact_lists as operations
from agi_app.operations.calling import stored_campaigns
from agi_app.operations.calling.call_lists import AttemptItem, DecisionItem

routes = Routes()
ExternalId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:@-]{1,100}$")]


class ContactAnswer(ApiAnswer):
    """Where one contact stands. ``state``: pending, parked (refused until somebody fixes the reason), claimed, done,
    expired (its time was over before it was reached), cancelled (by the office).
    """

    contact_id: int
    campaign: str
    external_id: str
    person_id: int
    number: str | None = Field(description="masked; null: erased")
    language: str | None
    state: str
    attempts_made: int
    last_outcome: str | None
    disposition: str | None
    due_at: dt.datetime | None
    rules: list[str]
    last_decision_id: int | None


class ContactPage(ApiAnswer):
    """Contacts in the order in which they came."""

    data: list[ContactAnswer]
    next: str | None
    count: CountAnswer | None


class ContactQuery(CountedQuery):
    """Which contacts."""

    state: Literal["pending", "parked", "claimed", "done", "expired", "cancelled"] | None = None
    outcome: str | None = Field(None, pattern=r"^[a-z_]{1,40}$", description="of the last call")
    rule: str | None = Field(None, pattern=r"^[a-z_]{1,60}$", description="one that refused it last")


class DecisionAnswer(ApiAnswer):
    """What the gate decided, and why."""

    decision_id: int
    campaign: str
    contact_id: int
    external_id: str | None
    person_id: int
    allowed: bool
    rules: list[str]
    reasons: list[str]
    ruleset_version: str
    decided_at: dt.datetime
    recorded_at: dt.datetime


class AttemptAnswer(ApiAnswer):
    """A call, or one that was to be; times are real."""

    attempt_id: str
    campaign: str
    contact_id: int
    external_id: str
    person_id: int
    decision_id: int
    node: str
    trunk: str
    caller_id: str
    state: str
    dialled: bool
    claimed_at: dt.datetime
    marked_at: dt.datetime | None
    ringing_at: dt.datetime | None
    answered_at: dt.datetime | None
    ended_at: dt.datetime | None
    outcome: str | None
    cause: int | None
    tech_cause: int | None
    disposition: str | None
    answers: Mapping[str, str]
    note: str | None
    number_place: int = Field(description="which of the contact's numbers was called, from 1")
    number_kind: str | None = Field(description="what the list calls that number, such as mobile")


class ContactStory(ApiAnswer):
    """A contact with the newest decisions about it and the newest calls."""

    contact: ContactAnswer
    decisions: list[DecisionAnswer]
    attempts: list[AttemptAnswer]


class ContactsFound(ApiAnswer):
    """The contacts that were found, at most 1,000."""

    data: list[ContactAnswer]


class OneContactQuery(Query):
    """Which contact."""

    external_id: ExternalId


class NumberAsked(Given):
    """Whose contacts, and what for."""

    number: Number
    reason: Reason


def decision_answer(row: DecisionItem) -> DecisionAnswer:
    """With the reasons in the reader's language."""
    told = {name: getattr(row, name) for name in DecisionAnswer.model_fields if name != "reasons"}
    return DecisionAnswer(reasons=[reason.told(current()) for reason in row.reasons], **told)


def attempt_answer(row: AttemptItem) -> AttemptAnswer:
    """As it is."""
    return AttemptAnswer.model_validate({name: getattr(row, name) for name in AttemptAnswer.model_fields})


def contact_answer(row: operations.ContactItem) -> ContactAnswer:
    """As it is."""
    return ContactAnswer.model_validate({name: getattr(row, name) for name in ContactAnswer.model_fields})


@routes.get("/campaigns/{campaign}/contacts", Scope.PEOPLE_READ, ContactPage, query=ContactQuery)
async def listed(call: ApiCall[ContactQuery, None]) -> ContactPage:
    """The contacts of a campaign in the order in which they came, whatever their number."""
    asked, campaign = call.query, call.path["campaign"]
    await there(stored_campaigns.one(call.inst, campaign))
    wanted = {"state": asked.state, "outcome": asked.outcome, "rule": asked.rule}
    page = await operations.contacts(call.inst, campaign, **wanted, limit=asked.limit, after=asked.after)
    count = await counted(call, lambda: operations.count_contacts(call.inst, campaign, **wanted))
    return ContactPage(**shown(page, ContactAnswer), count=count)


@routes.get("/campaigns/{campaign}/contact", Scope.PEOPLE_READ, ContactStory, query=OneContactQuery)
async def one(call: ApiCall[OneContactQuery, None]) -> ContactStory:
    """One contact: each decision about it with its reasons, and each call."""
    return contact_story(await there(operations.contact(call.inst, call.path["campaign"], call.query.external_id)))


def contact_story(found: operations.ContactWithCalls) -> ContactStory:
    """With the reasons in the reader's language."""
    return ContactStory(
        contact=contact_answer(found.contact),
        decisions=[decision_answer(row) for row in found.decisions],
        attempts=[attempt_answer(row) for row in found.attempts],
    )


@routes.get("/contacts", Scope.PEOPLE_READ, ContactsFound, query=OneContactQuery)
async def find(call: ApiCall[OneContactQuery, None]) -> ContactsFound:
    """The contacts of all campaigns with this id."""
    found = await operations.find_contacts(call.inst, call.query.external_id)
    return ContactsFound(data=[contact_answer(row) for row in found])


@routes.look("/contacts/search", Scope.PEOPLE_READ, ContactsFound, body=NumberAsked)
async def search(call: ApiCall[NoQuery, NumberAsked]) -> ContactsFound:
    """The contacts of the person with this number, by whichever of theirs; it is noted first."""
    found = await operations.find_contacts_by_number(call.inst, call.body.number, reason=call.body.reason)
    return ContactsFound(data=[contact_answer(row) for row in found])
