"""Contacts of a campaign by state, outcome and rule, in the order in which they came; and the search for some."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from agi_app.model import lists
from agi_app.model.lists import MOST_ROWS, Count, Page
from agi_app.store.calling import tallies
from agi_app.store.database.plans import along_indexes
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries
from agi_app.store.lists.paging import PageOf, secret

NAME = "contacts"
COUNTED = 2_000  # by outcome: each is a row anywhere in the table
_PARTS = load_queries("lists/contacts")
Q = {
    name: query.replace("{classes}", _PARTS["classes"]).replace("{columns}", _PARTS["columns"])
    for name, query in _PARTS.items()
}


@dataclass(frozen=True, slots=True)
class ContactItem:
    """Where one contact stands."""

    contact_id: int
    campaign: str
    external_id: str
    person_id: int
    number: str | None  # as messages show it, with its middle hidden; None: erased
    language: str | None
    state: str  # pending, parked (refused until somebody fixes it), claimed, done, expired, cancelled
    attempts_made: int
    last_outcome: str | None
    disposition: str | None
    due_at: dt.datetime | None  # rules time; None: never, unless somebody fixes the reason
    rules: Sequence[str]  # that refused it last
    last_decision_id: int | None


@dataclass(frozen=True, slots=True)
class ContactFilter:
    """Which contacts of a campaign; None: all."""

    campaign: str
    state: str | None = None
    outcome: str | None = None
    rule: str | None = None


async def page(store: Store, wanted: ContactFilter, asked: PageOf) -> Page[ContactItem]:
    """Some of them. Raises InputError for a wrong limit or cursor, StoreError."""
    rows = lists.checked_limit(asked.limit) + 1
    key, filters, after = await secret(store), asdict(wanted), 0
    if asked.after is not None:
        (after,) = lists.decode(key, NAME, filters, tuple[int], asked.after)
    found = [
        ContactItem(**row) for row in await along_indexes(store, Q["page"], {**filters, "after": after, "rows": rows})
    ]
    shown = found[: asked.limit]
    more = len(found) > asked.limit
    return Page(shown, lists.encode(key, NAME, filters, [shown[-1].contact_id]) if more else None)


async def count(store: Store, wanted: ContactFilter) -> Count:
    """How many: of one state or rule, or of all, exactly; else as far as ``COUNTED``. Raises StoreError."""
    if wanted.outcome is None and (wanted.state is None or wanted.rule is None):
        kept = await tallies.of_campaign(store, wanted.campaign)
        if wanted.state is not None:
            return Count(kept.contacts.get(wanted.state, 0))
        return Count(kept.total if wanted.rule is None else kept.refused.get(wanted.rule, 0))
    (found,) = await along_indexes(store, Q["count"], {**asdict(wanted), "rows": COUNTED + 1})
    return Count(min(found["number"], COUNTED), found["number"] > COUNTED)


async def one(store: Store, campaign: str, external_id: str) -> ContactItem | None:
    """The contact with this id of the operator's. Raises StoreError."""
    found = await store.rows(ContactItem, Q["one"], {"campaign": campaign, "external_id": external_id})
    return found[0] if found else None


async def by_external_id(store: Store, external_id: str) -> list[ContactItem]:
    """Those of all campaigns with this id. Raises StoreError."""
    return await store.rows(ContactItem, Q["by_external_id"], {"external_id": external_id, "rows": MOST_ROWS})


async def by_ids(store: Store, contacts: Sequence[int]) -> list[ContactItem]:
    """Those that there are of these. Raises StoreError."""
    return await store.rows(ContactItem, Q["by_ids"], {"contacts": list(contacts)})


async def of_person(store: Store, person_id: int) -> list[ContactItem]:
    """The contacts in all campaigns of a person, with any of their numbers. Raises StoreError."""
    return await store.rows(ContactItem, Q["of_person"], {"person_id": person_id, "rows": MOST_ROWS})
