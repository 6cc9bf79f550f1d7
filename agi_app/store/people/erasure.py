"""Erases one person's number with all that was recorded about it, or what has been kept long enough.

Rows of the append-only tables are emptied, never deleted: their leaves stay in the audit tree, and a
signed row in ``erasure`` names them. What remains of a person cannot be traced to anybody: the number is
gone, and its hash on the suppression list is keyed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agi_app.audit.entries import TABLES
from agi_app.audit.erasures import LEFT, Erasure, left
from agi_app.errors import InputError, StoreError
from agi_app.messages import t
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, as_json, count, load_queries, record, records
from agi_app.store.ledger import audit

Q, R = load_queries("people/erasure"), load_queries("calling/call_recordings")
L, C = load_queries("calling/inbound_calls"), load_queries("people/complaints")
F = load_queries("feeds/erasure")
EMPTIED = {  # kind of rows -> the query that empties a person's, in the order in which they are emptied
    **{kind: Q[f"erase_{kind}"] for kind in ("result", "wording", "consent", "revocation", "attempt", "contact")},
    "complaint": C["erase_case"],
    "complaint_note": C["erase_note"],
    **{f"line_{kind}": L[f"erase_{kind}"] for kind in ("call", "stop")},
}
RETENTION = "retention"
PERSON = "person"
PURGED_AT_ONCE = 1000  # rows that one erasure row names
Sign = Callable[[Erasure], bytes]  # with the audit key
Named = Mapping[str, Sequence[int | str]]


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure emptied, by kind, and the files (SHA-256) that nobody needs."""

    rows: dict[str, int]
    evidence: tuple[bytes, ...]
    recordings: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Why:
    """What the erasure's row says: when (real time), why, and who did it."""

    at: dt.datetime
    reason: str
    entered_by: str


async def erase_person(store: Store, number: str, why: Why, sign: Sign) -> Erased | None:
    """Erase what is stored about an E.164 number, all or nothing; None when nothing is.

    Other numbers of the person keep their records and are suppressed: an erasure is a stop. The
    files in the answer are for the caller to delete. Raises InputError while the person is
    being called, StoreError.
    """
    async with store.transaction(limit=None) as connection:
        if (person_id := await _locked(connection, number)) is None:
            return None
        values = {"person_id": person_id}
        if await record(connection, Q["open_attempt"], values):
            raise InputError(
                t(
                    "a call to this person is going on; nothing was erased. The stop is taken, so the call is being"
                    " ended: run this again in a moment"
                )
            )
        await connection.execute(Q["suppress_group"], values | {"at": why.at})
        await connection.execute(Q["begin"])
        await connection.execute(Q["wait_for_imports"])
        evidence = [row["sha256"] for row in await records(connection, Q["evidence_of"], values)]
        recorded = await records(connection, R["erase"], values)
        await connection.execute(Q["erase_sent_results"], values)
        erased = {PERSON: [person_id], "recording": [row["id"] for row in recorded]}
        for kind, query in EMPTIED.items():
            erased[kind] = [row["id"] for row in await records(connection, query, values)]
        await connection.execute(L["erase_open"], values)
        await connection.execute(F["forget_person"], values)
        await connection.execute(Q["move_keys"], values)
        await connection.execute(Q["drop_keys"], values)
        await connection.execute(Q["erase_person"], values)
        needed = {row["sha256"] for row in await records(connection, Q["still_named"], {"digests": evidence})}
        free = [digest for digest in evidence if digest not in needed]
        named: dict[str, Sequence[int | str]] = {kind: ids for kind, ids in erased.items() if ids}
        if free:
            named["evidence"] = [digest.hex() for digest in free]
        await write_erasure(connection, Erasure(why.at, PERSON, person_id, named, why.reason, why.entered_by), sign)
        spoken = tuple(row["sha256"] for row in recorded)
        return Erased({kind: len(ids) for kind, ids in named.items()}, tuple(free), spoken)


async def number_of(
    store: Store, person_id: int, number: str | None, external_id: str | None
) -> tuple[str, bool] | None:
    """A person's E.164 number, and whether what was typed is theirs; None when there is none, or theirs was erased."""
    values = {"person_id": person_id, "number": number, "external_id": external_id}
    found = await store.record(Q["is_theirs"], values)
    return None if found is None else (found["e164"], found["theirs"])


async def has_contact(store: Store, person_id: int, external_id: str) -> bool:
    """Whether a contact with this id is this person."""
    values = {"person_id": person_id, "external_id": external_id}
    return await store.value(bool, Q["has_contact"], values) or False


async def named_evidence(store: Store, digests: Sequence[bytes]) -> set[bytes]:
    """Which of these evidence files a consent, a refusal or a complaint names."""
    return {row["sha256"] for row in await store.records(Q["still_named"], {"digests": list(digests)}, limit=None)}


async def kept_evidence(store: Store, digests: Sequence[bytes], until: Mapping[str, dt.datetime]) -> set[bytes]:
    """Which of these evidence files must stay: some consent or refusal needs them.

    ``until`` has, by region, the rules time before which a consent must have ended, or a refusal have
    been said, for its evidence to go; the key ``""`` is for every other region.
    """
    found = await store.records(Q["needed_evidence"], {"digests": list(digests), **by_region(until)}, limit=None)
    return {row["sha256"] for row in found}


async def purge_evidence(store: Store, digests: Sequence[bytes], why: Why, sign: Sign) -> None:
    """Note that these evidence files are deleted because they were kept long enough."""
    async with store.transaction() as connection:
        named = {"evidence": [digest.hex() for digest in digests]}
        await write_erasure(connection, Erasure(why.at, RETENTION, None, named, why.reason, why.entered_by), sign)


async def old_rows(store: Store, kind: str, until: Mapping[str, dt.datetime]) -> int:
    """How many rows of a kind (``contact``, ``attempt``) ``purge_rows`` would empty."""
    return await store.value(int, Q[f"count_{kind}"], by_region(until), limit=None) or 0


async def purge_rows(store: Store, kind: str, until: Mapping[str, dt.datetime], why: Why, sign: Sign) -> int:
    """Empty some rows whose last use lies before ``until``; returns how many, 0 when none is left. StoreError."""
    async with store.transaction(limit=None) as connection:
        await connection.execute(Q["begin"])
        values = {**by_region(until), "limit": PURGED_AT_ONCE}
        if not (found := [row["id"] for row in await records(connection, Q[f"old_{kind}"], values)]):
            return 0
        named: dict[str, Sequence[int | str]] = {kind: found}
        if kind == "attempt":
            results = [row["id"] for row in await records(connection, Q["results_of"], {"ids": found})]
            named |= {"result": results} if results else {}
        await count(connection, Q[f"purge_{kind}"], {"ids": found})
        await write_erasure(connection, Erasure(why.at, RETENTION, None, named, why.reason, why.entered_by), sign)
        return len(found)


async def _locked(connection: Connection, number: str) -> int | None:
    """The person's row id, its head locked like a claim does; None when the number is not known."""
    if (found := await record(connection, Q["lock_head"], {"number": number})) is None:
        if await record(connection, Q["known"], {"number": number}):
            raise StoreError(t("the person was being joined with another one; run this again"))
        return None
    person_id: int = found["person_id"]
    return person_id


async def write_erasure(connection: Connection, erasure: Erasure, sign: Sign) -> None:
    """Name emptied rows, sealed ones with what they say since; in the transaction that emptied them."""
    said = {
        LEFT + kind: [left(text) for text in await audit.payloads(connection, kind, ids)]
        for kind, ids in erasure.erased.items()
        if kind in TABLES
    }
    erasure = replace(erasure, erased={**erasure.erased, **said})
    await connection.execute(
        Q["add"],
        {
            "at": erasure.at,
            "kind": erasure.kind,
            "person_id": erasure.person_id,
            "erased": as_json(erasure.erased),
            "reason": erasure.reason,
            "entered_by": erasure.entered_by,
            "signature": sign(erasure),
        },
    )


def by_region(until: Mapping[str, dt.datetime]) -> dict[str, Any]:
    return {"regions": list(until), "times": list(until.values())}
