"""Everything recorded about one number and the other numbers of its person, for ``consent show``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from agi_app.gate.case import Reason
from agi_app.gate.facts import ListState
from agi_app.gate.stored_reasons import reasons_of
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, load_queries, records, rows

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

    @property
    def person_ids(self) -> list[int]:
        """Whose whole numbers are in here."""
        own = [] if self.person_id is None else [self.person_id]
        return own + [other.person_id for other in self.others]


async def person_history(store: Store, number: str) -> PersonHistory | None:
    """All that is recorded about an E.164 number; None when nothing is. Raises StoreError."""
    known = {"number_hash": store.hash_number(number)}
    async with store.transaction() as connection:
        found = await records(connection, Q["person"], {"number": number})
        suppressions = await rows(connection, StoredSuppression, Q["suppression_of"], known)
        lists = tuple(await rows(connection, ListState, Q["lists_of"], known))
        if not found and not suppressions and not lists:
            return None
        suppression = suppressions[0] if suppressions else None
        if not found:
            return PersonHistory(number, None, None, None, (), None, (), (), suppression, lists, (), (), ())
        return await _whole(connection, number, found[0], suppression, lists)


async def _whole(
    connection: Connection,
    number: str,
    person: dict[str, Any],
    suppression: StoredSuppression | None,
    lists: tuple[ListState, ...],
) -> PersonHistory:
    key = {"person_id": person["person_id"]}
    return PersonHistory(
        number=number,
        person_id=person["person_id"],
        person_key=person["person_key"],
        region=person["region"],
        zones=tuple(person["zones"]),
        caller_id_seen=person["caller_id_seen"],
        consents=tuple(await rows(connection, StoredConsent, Q["consents_of"], key)),
        revocations=tuple(await rows(connection, StoredRevocation, Q["revocations_of"], key)),
        suppression=suppression,
        lists=lists,
        calls=tuple(await rows(connection, PersonCall, Q["calls_of"], key)),
        contacts=tuple(_told(await rows(connection, PersonContact, Q["contacts_of"], key))),
        others=tuple(await rows(connection, OtherNumber, Q["others_of"], key)),
        refused_legs=tuple(_told(await rows(connection, RefusedLegs, Q["refused_legs_of"], key))),
    )


def _told(found: list[_R]) -> Iterator[_R]:
    """The same with the reasons of the gate, which came as JSON."""
    return (replace(row, reasons=reasons_of(row.reasons)) for row in found)
