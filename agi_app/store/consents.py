"""Consents: append-only, imported in bulk, shown with everything we know of a person."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass

import msgspec

from agi_app.model.person import Consent
from agi_app.model.phone import NotANumber, parse
from agi_app.store import queries
from agi_app.store.pool import Store
from agi_app.store.statements import Connection, count, rows

Q = queries.load("consents")
UNKNOWN_REGION = "ZZ"  # CLDR's code for it


@dataclass(frozen=True, slots=True)
class ConsentImportCount:
    """``already_there`` rows were recorded before, word for word; ``woken`` contacts are due again."""

    added: int
    already_there: int
    woken: int


@dataclass(frozen=True, slots=True)
class StoredConsent:
    """One consent with when it was recorded here and, if so, withdrawn."""

    consent_id: int
    purpose: str
    wording: str
    method: str
    given_at: dt.datetime
    source: str
    language: str | None
    evidence: str | None
    expires_at: dt.datetime | None
    entered_by: str | None
    recorded_by: str
    recorded_at: dt.datetime  # real time
    revoked_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class StoredRevocation:
    """One withdrawal; ``purpose`` None means all."""

    purpose: str | None
    at: dt.datetime
    reason: str
    via: str
    recorded_at: dt.datetime


@dataclass(frozen=True, slots=True)
class StoredSuppression:
    """The number's place on the suppression list."""

    at: dt.datetime
    reason: str
    via: str
    recorded_at: dt.datetime


@dataclass(frozen=True, slots=True)
class PersonCall:
    """A call that was dialled to this person."""

    attempt_id: str
    campaign: str
    rules_at: dt.datetime
    outcome: str | None
    disposition: str | None
    state: str


@dataclass(frozen=True, slots=True)
class PersonContact:
    """A row of a campaign that leads to this person."""

    campaign: str
    external_id: str
    state: str
    last_outcome: str | None
    disposition: str | None


@dataclass(frozen=True, slots=True)
class PersonHistory:
    """Everything recorded about a number. ``person_id`` is None when only the suppression list knows it."""

    number: str
    person_id: int | None
    caller_id_seen: str | None
    consents: tuple[StoredConsent, ...]
    revocations: tuple[StoredRevocation, ...]
    suppression: StoredSuppression | None
    calls: tuple[PersonCall, ...]
    contacts: tuple[PersonContact, ...]


@dataclass(frozen=True, slots=True)
class _Person:
    person_id: int
    number: str
    region: str
    caller_id_seen: str | None
    number_hash: bytes


async def import_consents(
    store: Store, consents: Sequence[Consent], recorded_by: str, now: dt.datetime
) -> ConsentImportCount:
    """Record consents, all or none, and let parked contacts of these persons be decided again at ``now``.

    The same row again adds nothing, and never undoes a revocation: a withdrawn consent stays
    withdrawn, a new one must have been given later. Raises StoreError.
    """
    async with store.transaction(limit=None) as connection:
        await connection.execute(Q["make_import_table"])
        await _copy(store, connection, consents)
        await connection.execute(Q["add_persons"])
        added = await count(connection, Q["add_consents"], {"recorded_by": recorded_by})
        woken = await count(connection, Q["wake_persons"], {"now": now})
    return ConsentImportCount(added, len(consents) - added, woken)


async def history(store: Store, number: str) -> PersonHistory | None:
    """All that is recorded about an E.164 number, for ``consent show``; None when nothing is."""
    async with store.transaction() as connection:
        found = await rows(connection, _Person, Q["person"], {"number": number})
        suppression = await rows(
            connection, StoredSuppression, Q["suppression_of"], {"number_hash": store.hash_number(number)}
        )
        if not found and not suppression:
            return None
        person = found[0] if found else None
        key = {"person_id": person.person_id if person else None}
        return PersonHistory(
            number=number,
            person_id=person.person_id if person else None,
            caller_id_seen=person.caller_id_seen if person else None,
            consents=tuple(await rows(connection, StoredConsent, Q["consents_of"], key)),
            revocations=tuple(await rows(connection, StoredRevocation, Q["revocations_of"], key)),
            suppression=suppression[0] if suppression else None,
            calls=tuple(await rows(connection, PersonCall, Q["calls_of"], key)),
            contacts=tuple(await rows(connection, PersonContact, Q["contacts_of_person"], key)),
        )


async def _copy(store: Store, connection: Connection, consents: Sequence[Consent]) -> None:
    text, bytes_, time = "text", "bytea", "timestamptz"
    kinds = [text, bytes_, text, "text[]", text, text, text, time, text, text, text, time, text, bytes_]
    async with connection.cursor() as cursor, cursor.copy(Q["copy_rows"]) as copy:
        copy.set_types(kinds)
        for c in consents:
            region, zones = _place(c.number)
            await copy.write_row(
                (
                    *(c.number, store.hash_number(c.number), region, zones),
                    *(c.purpose.value, c.wording, c.method, c.given_at, c.source),
                    *(c.language, c.evidence, c.expires_at, c.entered_by, content_hash(c)),
                )
            )


def content_hash(consent: Consent) -> bytes:
    """The same for two rows exactly when they say the same, at the same instant in whatever zone."""
    said = [v.astimezone(dt.UTC) if isinstance(v, dt.datetime) else v for v in astuple(consent)]
    return hashlib.sha256(msgspec.json.encode(said[1:])).digest()  # without the number: it stands in person only


def _place(number: str) -> tuple[str, list[str]]:
    try:
        parsed = parse(number)
    except NotANumber:
        return UNKNOWN_REGION, []
    return parsed.region, list(parsed.zones)
