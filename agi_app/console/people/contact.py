"""One contact: each decision about it with its reasons and what it was judged by, its calls, answers and recordings."""

from __future__ import annotations

import json
from typing import Any

from agi_app.api.resources.calls import RecordingAnswer
from agi_app.api.resources.contacts import AttemptAnswer, ContactAnswer, DecisionAnswer, contact_story, decision_answer
from agi_app.console.pages import PageCall, PageData, Pages, Shown
from agi_app.console.people import given
from agi_app.console.people.words import word
from agi_app.errors import InputError, NotThere
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.calling import call_lists, contact_lists

pages = Pages()


class ContactData(PageData):
    """A contact with the newest decisions about it, the newest calls, and what is kept of their sound."""

    contact: ContactAnswer
    decisions: list[DecisionAnswer]
    attempts: list[AttemptAnswer]
    recordings: list[RecordingAnswer]


class DecisionData(PageData):
    """A decision with the facts that it was made by, without the number."""

    decision: DecisionAnswer
    campaign_version: str | None
    inputs: dict[str, Any]


@pages.get("/campaigns/{campaign}/contact", Scope.PEOPLE_READ)
async def show(call: PageCall) -> Shown:
    """All about one contact."""
    data = await contact_of(call)
    command = f"agi-app report {data.contact.campaign}"
    return Shown("people/contact.html", data, command, more={"word": word})


async def contact_of(call: PageCall) -> ContactData:
    """The contact that the address names. Raises NotThere, StoreError."""
    external_id = call.query.get("external_id", "")[: given.LONGEST_ID]
    try:
        found = await contact_lists.contact(call.inst, call.path["campaign"], external_id)
    except InputError as error:
        raise NotThere(str(error)) from error
    story = contact_story(found)
    sounds = await contact_lists.recordings_of(call.inst, found.contact.contact_id)
    return ContactData(
        contact=story.contact,
        decisions=story.decisions,
        attempts=story.attempts,
        recordings=[RecordingAnswer.model_validate(one) for one in sounds],
    )


@pages.get("/contacts/decisions/{id}", Scope.PEOPLE_READ)
async def decision(call: PageCall) -> Shown:
    """One decision of the gate, and what it knew."""
    number = call.path["id"]
    if not number.isdecimal() or len(number) > 15:
        raise NotThere(t("there is no decision {number}", number=number))
    item, inputs = await call_lists.decision(call.inst, int(number))
    data = DecisionData(decision=decision_answer(item), campaign_version=item.campaign_version, inputs=inputs)
    facts = [(name, _fact(value)) for name, value in inputs.items()]
    return Shown(
        "people/decision.html", data, f"agi-app rules replay --campaign {item.campaign}", more={"facts": facts}
    )


def _fact(value: Any) -> str:
    """A fact for people: nothing as a dash, a word or a number as it is, all else as JSON."""
    if value is None or value in ([], {}):
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
