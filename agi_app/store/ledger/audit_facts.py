"""Reads the facts that decisions rest on, for ``audit verify``; trusts nothing that it reads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal

from psycopg.rows import DictRow

from agi_app.model.campaign import Purpose
from agi_app.model.person import Consent
from agi_app.store.database.statements import Connection, load_queries, pages, records
from agi_app.store.people.consents import content_hash

Q = load_queries("ledger/audit_facts")
AT_ONCE = 5000
PURPOSES = frozenset(purpose.value for purpose in Purpose)


async def all_of(
    connection: Connection, facts: Literal["database_facts", "caller_id_proofs", "phones", "links", "lists_in_force"]
) -> list[DictRow]:
    """All facts of one kind: what is always true of the database, the proofs of numbers that we show and of telephones
    of our staff, which numbers became one person's (in their order), the newest import of every do-not-call list."""
    return await records(connection, Q[facts])


def consents(connection: Connection) -> AsyncIterator[list[DictRow]]:
    """All consents with what their stamps are of, some thousands at a time."""
    return pages(
        lambda after: records(connection, Q["consents"], {"after": after, "limit": AT_ONCE}), 0, lambda row: row["id"]
    )


def said_by(row: DictRow) -> bytes | None:
    """The content hash of a consent, computed again from the columns of its row; None: there is no such consent."""
    if row["purpose"] not in PURPOSES:
        return None
    consent = Consent(
        number="",
        purpose=Purpose(row["purpose"]),
        **{name: row[name] for name in ("wording", "method", "given_at", "source", "language", "evidence")},
        **{name: row[name] for name in ("expires_at", "entered_by", "seller", "evidence_file")},
        evidence_sha256=None if row["evidence_sha256"] is None else bytes(row["evidence_sha256"]),
    )
    return content_hash(consent)


async def linked(connection: Connection) -> dict[int, int]:
    """Each number that belongs to another one's person, as it is now: person_id -> head."""
    return {row["person_id"]: row["same_as"] for row in await records(connection, Q["linked"])}


async def stray_entries(connection: Connection, lists: list[int]) -> list[DictRow]:
    """Entries of imports that are not in force: list_id, entries."""
    return await records(connection, Q["stray_entries"], {"lists": lists})
