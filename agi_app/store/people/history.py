"""Everything recorded about one number and the other numbers of its person, for ``consent show``.

The service reads it too, by the id of the person and with masked numbers: it reads no whole one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from agi_app.gate.case import Reason
from agi_app.gate.facts import ListState
from agi_app.gate.stored_reasons import reasons_of
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, load_queries, records, rows, value

Q = load_queries("people/history")


@dataclass(frozen=True, slots=True)
class StoredConsent:
    """One consent with when it was recorded here and, if so, withdrawn; an erased one is not one."""

    consent_id: int
    purpose: str
    wording: str
    wording_id: int
    wording_label: str | None  # name/version when it is registered
    seller: str | None
    method: str
    given_at: dt.datetime
    source: str
    language: str | None
    evidence: str | None
    evidence_file: str | None
    evidence_sha256: str | None  # hex
    expires_at: dt.datetime | None
    entered_by: str | None
    recorded_by: str
    recorded_at: dt.datetime  # real time
    revoked_at: dt.datetime | None
    wrong_number: bool = False  # why it ended
    import_name: str | None = None  # of the file that it came from; None: none, or from before files were noted
    import_sha256: str | None = None  # hex
    import_account: str | None = None
    import_os_user: str | None = None
    import_at: dt.datetime | None = None  # rules time


@dataclass(frozen=True, slots=True)
class StoredRevocation:
    """One refusal, by whichever number of the person; ``purpose`` None means all."""

    number: str
    purpose: str | None
    at: dt.datetime  # rules time, when the person said so
    recorded_at: dt.datetime  # real time
    via: str
    reason: str
    method: str | None
    source: str | None
    evidence: str | None
    evidence_file: str | None
    evidence_sha256: str | None  # hex
    entered_by: str | None


@dataclass(frozen=True, slots=True)
class StoredSuppression:
    """The number's place on the suppression list."""

    at: dt.datetime
    reason: str
    via: str
    recorded_at: dt.datetime


@dataclass(frozen=True, slots=True)
class PersonCall:
    """A call that was dialled to this person; times are real, except ``rules_at``.

    ``purpose`` rehearsal: to a telephone of ours, by no campaign; ``campaign`` says what for.
    """

    attempt_id: str
    number: str
    campaign: str
    purpose: str
    caller_id: str
    rules_at: dt.datetime
    marked_at: dt.datetime | None
    ringing_at: dt.datetime | None
    answered_at: dt.datetime | None
    ended_at: dt.datetime | None
    outcome: str | None
    disposition: str | None
    state: str
    number_place: int | None = None  # of the contact's numbers, from 1; None: no contact was called
    number_kind: str | None = None  # what the list calls it


@dataclass(frozen=True, slots=True)
class RefusedLegs:
    """How often one of our people was not rung at a number of this person, and why the last time."""

    destination: str
    times: int
    last_at: dt.datetime  # rules time
    reasons: Sequence[Reason]


@dataclass(frozen=True, slots=True)
class PersonContact:
    """A row of a campaign that leads to this number, and what the gate said last (``rules`` empty: yes)."""

    campaign: str
    external_id: str
    state: str
    last_outcome: str | None
    disposition: str | None
    decided_at: dt.datetime | None  # rules time
    rules: list[str]
    reasons: Sequence[Reason]


_R = TypeVar("_R", RefusedLegs, PersonContact)


@dataclass(frozen=True, slots=True)
class OtherNumber:
    """Another number of the same person."""

    person_id: int
    number: str
    suppressed_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class PersonCase:
    """A complaint of this person, without its words; ``kind``: ours is about our calls, received about others'."""

    complaint_id: int
    number: str
    kind: str
    received_at: dt.datetime  # rules time
    due_at: dt.datetime | None
    source: str
    campaign: str | None
    state: str


@dataclass(frozen=True, slots=True)
class PersonHistory:
    """Everything recorded about a number. ``person_id`` is None when only lists of hashes know it."""

    number: str
    person_id: int | None
    person_key: str | None
    region: str | None
    zones: tuple[str, ...]
    caller_id_seen: str | None
    consents: tuple[StoredConsent, ...]
    revocations: tuple[StoredRevocation, ...]
    suppression: StoredSuppression | None
    lists: tuple[ListState, ...]  # do-not-call lists of others that have this number
    calls: tuple[PersonCall, ...]
    contacts: tuple[PersonContact, ...]
    others: tuple[OtherNumber, ...]
    refused_legs: tuple[RefusedLegs, ...] = ()
    complaints: tuple[PersonCase, ...] = ()

    @property
    def person_ids(self) -> list[int]:
        """Whose whole numbers are in here."""
        own = [] if self.person_id is None else [self.person_id]
        return own + [other.person_id for other in self.others]


async def person_history(store: Store, number: str) -> PersonHistory | None:
    """All that is recorded about an E.164 number; None when nothing is. Raises StoreError."""
    known = {"number_hash": store.hash_number(number)}
    async with store.transaction() as connection:
        person_id = await value(connection, int, Q["id_of"], {"number": number})
        suppressions = await rows(connection, StoredSuppression, Q["suppression_of"], known)
        lists = tuple(await rows(connection, ListState, Q["lists_of"], known))
        if person_id is None and not suppressions and not lists:
            return None
        suppression = suppressions[0] if suppressions else None
        if person_id is None:
            return PersonHistory(number, None, None, None, (), None, (), (), suppression, lists, (), (), ())
        return await _whole(connection, person_id, "whole_numbers", suppression, lists)


async def masked_history(store: Store, person_id: int) -> PersonHistory | None:
    """The same of a person, with masked numbers; None when there is no such person. Raises StoreError."""
    key = {"person_id": person_id}
    async with store.transaction() as connection:
        if not await records(connection, Q["person"], key):
            return None
        suppressions = await rows(connection, StoredSuppression, Q["suppression_of_person"], key)
        lists = tuple(await rows(connection, ListState, Q["lists_of_person"], key))
        suppression = suppressions[0] if suppressions else None
        return await _whole(connection, person_id, "masked_numbers", suppression, lists)


async def _whole(
    connection: Connection,
    person_id: int,
    numbers: str,
    suppression: StoredSuppression | None,
    lists: tuple[ListState, ...],
) -> PersonHistory:
    """``numbers``: the query that tells them by the ids that the other queries have in their place."""
    key = {"person_id": person_id}
    person = (await records(connection, Q["person"], key))[0]
    revocations = await rows(connection, StoredRevocation, Q["revocations_of"], key)
    calls = await rows(connection, PersonCall, Q["calls_of"], key)
    others = await rows(connection, OtherNumber, Q["others_of"], key)
    cases = await rows(connection, PersonCase, Q["complaints_of"], key)
    ids = {person_id, *(int(row.number) for found in (revocations, calls, others, cases) for row in found)}
    told = await records(connection, Q[numbers], key | {"person_ids": list(ids)})
    named = {str(row["person_id"]): row["number"] for row in told}
    return PersonHistory(
        number=named[str(person_id)],
        person_id=person_id,
        person_key=person["person_key"],
        region=person["region"],
        zones=tuple(person["zones"]),
        caller_id_seen=person["caller_id_seen"],
        consents=tuple(await rows(connection, StoredConsent, Q["consents_of"], key)),
        revocations=tuple(replace(row, number=named[row.number]) for row in revocations),
        suppression=suppression,
        lists=lists,
        calls=tuple(
            replace(row, number=named[row.number], caller_id=row.caller_id or named[row.number]) for row in calls
        ),
        contacts=tuple(_told(await rows(connection, PersonContact, Q["contacts_of"], key))),
        others=tuple(replace(row, number=named[row.number]) for row in others),
        refused_legs=tuple(_told(await rows(connection, RefusedLegs, Q["refused_legs_of"], key))),
        complaints=tuple(replace(row, number=named[row.number]) for row in cases),
    )


def _told(found: list[_R]) -> Iterator[_R]:
    """The same with the reasons of the gate, which came as JSON."""
    return (replace(row, reasons=reasons_of(row.reasons)) for row in found)
