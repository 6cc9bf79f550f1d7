"""Looks at people by a process that reads no whole number: masked, or noted first, as the service does.

The audit records each search, each history and each whole number that was shown, before it is shown.
"""

from __future__ import annotations

from agi_app.consent.calls_after_refusal import refusals
from agi_app.consent.person_record_text import story
from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.messages import current, t
from agi_app.model.actors import Scope
from agi_app.model.phone import NotANumber, parse, shown_text
from agi_app.operations.acting import noted, reads
from agi_app.operations.people.person_records import PersonStory, StoryLanguage
from agi_app.store.people import history as table
from agi_app.store.people import looks, person_views
from agi_app.store.people.person_views import MaskedPerson

__all__ = ["MaskedPerson", "PersonStory", "history", "history_of_number", "one", "reveal", "search"]


@noted(Scope.PEOPLE_READ, "person search")  # the service has no key to note the number by; the look names the person
async def search(inst: Installation, number: str, *, reason: str) -> MaskedPerson | None:
    """The person with this number; None when nobody here has it. The look is noted.

    Raises InputError for what is no whole number, LimitReached after too many looks, StoreError.
    """
    return await person_views.by_id(inst.store, found) if (found := await _search(inst, number, reason)) else None


@reads(Scope.PEOPLE_READ)
async def one(inst: Installation, person_id: int) -> MaskedPerson:
    """A person with a masked number. Raises InputError when there is none, StoreError."""
    found = await person_views.by_id(inst.store, person_id)
    if found is None:
        raise InputError(t("there is no person {person}", person=person_id))
    return found


@noted(Scope.PEOPLE_REVEAL, "person history", "person_id")
async def history(inst: Installation, person_id: int, *, reason: str) -> PersonStory:
    """What `consent show` says about a number, with masked numbers; the look is noted first.

    Raises InputError when there is no such person, LimitReached after too many looks, StoreError.
    """
    await one(inst, person_id)
    await looks.note(inst.store, person_id, inst.actor.account, reason)
    return await _story(inst, person_id)


@noted(Scope.PEOPLE_REVEAL, "person history by number")
async def history_of_number(inst: Installation, number: str, *, reason: str) -> PersonStory:
    """The same of the person with this number; without a history when nobody here has it.

    Raises InputError for what is no whole number, LimitReached after too many looks, StoreError.
    """
    if found := await _search(inst, number, reason):
        return await _story(inst, found)
    unknown = t("nobody here has this number; on a worker's host `agi-app consent show` looks into the lists, too")
    return PersonStory(None, (), [unknown])


@noted(Scope.PEOPLE_REVEAL, "person reveal", "person_id")
async def reveal(inst: Installation, person_id: int, *, reason: str) -> str:
    """The whole number; the look is noted first.

    Raises InputError when there is no such person, or the number was erased, LimitReached after too many looks,
    StoreError.
    """
    if (await one(inst, person_id)).number is None:
        raise InputError(t("the number of person {person} was erased", person=person_id))
    number = await looks.reveal(inst.store, person_id, inst.actor.account, reason)
    if number is None:
        raise InputError(t("the number of person {person} was erased", person=person_id))
    return number


async def _search(inst: Installation, number: str, reason: str) -> int | None:
    try:
        e164 = parse(number).e164
    except NotANumber as error:
        raise InputError(f"{shown_text(number)}: {error}") from error
    return await looks.find_by_number(inst.store, e164, inst.actor.account, reason)


async def _story(inst: Installation, person_id: int) -> PersonStory:
    found = await table.masked_history(inst.store, person_id)
    if found is None:
        raise InputError(t("there is no person {person}", person=person_id))
    return PersonStory(found, refusals(found), story(found, StoryLanguage(current()).value, inst.clock.now()))
