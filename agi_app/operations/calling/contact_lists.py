"""The contacts of a campaign, a page at a time, one contact with all that was done, and the search for some.

The audit records a search by a whole number, before anything is shown.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from agi_app.authoring.suggestions import no_such
from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.model.call import Outcome
from agi_app.model.lists import Count, Page
from agi_app.model.phone import NotANumber, parse, shown_text
from agi_app.operations.acting import noted, reads
from agi_app.store.calling import tallies
from agi_app.store.calling.campaigns import known_campaign
from agi_app.store.calling.tallies import Tallies
from agi_app.store.database.pool import Store
from agi_app.store.lists import calls
from agi_app.store.lists import contacts as table
from agi_app.store.lists.calls import AttemptFilter, AttemptItem, DecisionFilter, DecisionItem, RecordingItem
from agi_app.store.lists.contacts import ContactFilter, ContactItem
from agi_app.store.lists.paging import PageOf
from agi_app.store.people import looks

__all__ = [
    "ContactItem",
    "ContactWithCalls",
    "RecordingItem",
    "Tallies",
    "contact",
    "contacts",
    "contacts_of_person",
    "count_contacts",
    "find_contacts",
    "find_contacts_by_number",
    "kept_counts",
    "recordings_of",
]
STATES = ("pending", "parked", "claimed", "done", "expired", "cancelled")
MOST_RECORDINGS = 100
OUTCOMES = tuple(outcome.value for outcome in Outcome)


@dataclass(frozen=True, slots=True)
class ContactWithCalls:
    """A contact with the newest decisions about it and the newest calls; their lists have the older ones."""

    contact: ContactItem
    decisions: Sequence[DecisionItem]
    attempts: Sequence[AttemptItem]


@reads(Scope.PEOPLE_READ)
async def contacts(
    inst: Installation,
    campaign: str,
    *,
    state: str | None = None,
    outcome: str | None = None,
    rule: str | None = None,
    limit: int = 100,
    after: str | None = None,
) -> Page[ContactItem]:
    """Contacts in the order in which they came; ``outcome`` of the last call, ``rule``: one that refused it last.

    A page ends with the cursor of the next one; ``limit`` is at most 1,000. Raises InputError for a wrong limit, cursor
    or filter and when there is no such campaign, StoreError.
    """
    wanted = await _filter(inst, campaign, state, outcome, rule)
    return await table.page(inst.store, wanted, PageOf(limit, after))


@reads(Scope.FIGURES_READ)
async def count_contacts(
    inst: Installation, campaign: str, *, state: str | None = None, outcome: str | None = None, rule: str | None = None
) -> Count:
    """How many fit: exactly for a state, a rule or all, else up to 2,000. Raises as ``contacts``."""
    return await table.count(inst.store, await _filter(inst, campaign, state, outcome, rule))


@reads(Scope.FIGURES_READ)
async def kept_counts(inst: Installation, campaign: str) -> Tallies:
    """How many contacts are in each state, and refused by each rule. InputError without such a campaign, StoreError."""
    await known_campaign(inst.store, campaign)
    return await tallies.of_campaign(inst.store, campaign)


@reads(Scope.PEOPLE_READ)
async def contact(inst: Installation, campaign: str, external_id: str) -> ContactWithCalls:
    """One contact. Raises InputError when there is none, StoreError."""
    found = await find(inst.store, campaign, external_id)
    decisions = await calls.decisions(inst.store, DecisionFilter(campaign, found.contact_id), PageOf())
    attempts = await calls.attempts(inst.store, AttemptFilter(campaign, found.contact_id), PageOf())
    return ContactWithCalls(found, decisions.rows, attempts.rows)


@reads(Scope.PEOPLE_READ)
async def recordings_of(inst: Installation, contact_id: int) -> Sequence[RecordingItem]:
    """The newest recordings of a contact's calls, at most 100; of what was erased without its sound. StoreError."""
    return await calls.recordings_of_contact(inst.store, contact_id, MOST_RECORDINGS)


@reads(Scope.PEOPLE_READ)
async def contacts_of_person(inst: Installation, person_id: int) -> Sequence[ContactItem]:
    """The contacts in all campaigns, at most 1,000, of a person who is known by id. Raises StoreError."""
    return await table.of_person(inst.store, person_id)


@reads(Scope.PEOPLE_READ)
async def find_contacts(inst: Installation, external_id: str) -> Sequence[ContactItem]:
    """The contacts of all campaigns with this id, at most 1,000. Raises StoreError."""
    return await table.by_external_id(inst.store, external_id)


@noted(Scope.PEOPLE_READ, "contacts.find")  # the service has no key to note the number by; the look names the person
async def find_contacts_by_number(inst: Installation, number: str, *, reason: str) -> Sequence[ContactItem]:
    """The contacts, at most 1,000, of the person with this number, whichever of theirs; the look is noted.

    Raises InputError for what is no whole number, without a reason and after too many looks, StoreError.
    """
    try:
        e164 = parse(number).e164
    except NotANumber as error:
        raise InputError(f"{shown_text(number)}: {error}") from error
    person_id = await looks.find_by_number(inst.store, e164, inst.actor.account, reason)
    return [] if person_id is None else await table.of_person(inst.store, person_id)


async def find(store: Store, campaign: str, external_id: str) -> ContactItem:
    """The contact of this id. Raises InputError when there is none, StoreError."""
    found = await table.one(store, campaign, external_id)
    if found is None:
        await known_campaign(store, campaign)
        raise InputError(
            t("campaign {campaign} has no contact {contact}", campaign=campaign, contact=shown_text(external_id))
        )
    return found


def known(name: str, value: str | None, there: Collection[str]) -> None:
    """Nothing, if a filter may have this value; else InputError, which tells the right ones."""
    if value is not None and value not in there:
        raise no_such(name, value, there)


async def _filter(
    inst: Installation, campaign: str, state: str | None, outcome: str | None, rule: str | None
) -> ContactFilter:
    await known_campaign(inst.store, campaign)
    known("state", state, STATES)
    known("outcome", outcome, OUTCOMES)
    return ContactFilter(campaign, state, outcome, rule)
