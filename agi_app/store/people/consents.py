"""Consents in bulk: append-only, each pointing to the wording that the person agreed to."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass

import msgspec

from agi_app.audit.stamps import Stamper
from agi_app.model.person import Consent
from agi_app.model.phone import region_and_zones
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, count, load_queries, records
from agi_app.store.people.imported_files import stored
from agi_app.store.people.persons import link_persons

Q = load_queries("people/consents")
FIRST_FIELDS = 9  # of a consent without its number, in the first version of the program
COPIED = [
    *("text", "bytea", "text", "text[]", "text"),
    *("text", "text", "bytea", "text", "timestamptz"),
    *("text", "text", "text", "timestamptz", "text"),
    *("text", "bytea", "text", "bytea", "bytea"),
]


@dataclass(frozen=True, slots=True)
class ConsentImportCount:
    """``already_there`` rows were recorded before, word for word; ``woken`` contacts are due again."""

    added: int
    already_there: int
    woken: int


async def import_consents(
    store: Store, consents: Sequence[Consent], recorded_by: str, now: dt.datetime, import_id: int | None = None
) -> ConsentImportCount:
    """Record consents, all or none, and let parked contacts of these persons be decided again at ``now``.

    The same row again adds nothing, and never undoes a revocation: a withdrawn consent stays
    withdrawn, a new one must have been given later. ``import_id`` is that of the file
    that they are of. Raises StoreError.
    """
    stamper = await store.stamper()
    async with store.transaction(limit=None) as connection:
        await connection.execute(Q["make_import_table"])
        await _copy(store, connection, consents, stamper)
        await connection.execute(Q["add_persons"])
        await link_persons(connection, "import_consent", stamper)
        await connection.execute(Q["add_wordings"], {"recorded_by": recorded_by})
        (found,) = await records(connection, Q["add_consents"], {"recorded_by": recorded_by})
        added = int(found["added"])
        if import_id is not None:
            there = len(consents) - added
            await stored(connection, import_id, added, 0, there, consents=found["ids"], finished=False)
        woken = await count(connection, Q["wake_persons"], {"now": now})
    return ConsentImportCount(added, len(consents) - added, woken)


async def _copy(store: Store, connection: Connection, consents: Sequence[Consent], stamper: Stamper) -> None:
    async with connection.cursor() as cursor, cursor.copy(Q["copy_rows"]) as copy:
        copy.set_types(COPIED)
        for c in consents:
            region, zones = region_and_zones(c.number)
            number_hash, said = store.hash_number(c.number), content_hash(c)
            await copy.write_row(
                (
                    *(c.number, number_hash, region, zones, c.person_key),
                    *(c.purpose.value, c.wording, hashlib.sha256(c.wording.encode()).digest(), c.method, c.given_at),
                    *(c.source, c.language, c.evidence, c.expires_at, c.entered_by),
                    *(c.seller, c.evidence_sha256, c.evidence_file, said, stamper.consent(number_hash, said)),
                )
            )


def content_hash(consent: Consent) -> bytes:
    """The same for two rows exactly when they say the same, at the same instant in whatever zone."""
    said = [v.astimezone(dt.UTC) if isinstance(v, dt.datetime) else v for v in astuple(consent)]
    said = said[1:-1]  # without the number and the person's id: they stand in person only
    while len(said) > FIRST_FIELDS and said[-1] is None:  # as it was before there were these fields
        said.pop()
    return hashlib.sha256(msgspec.json.encode(said)).digest()
