"""A stop: recorded, and passed to every worker that is calling that person right now.

The person's head row is locked, as the claim and the mark do: after the commit no attempt at any of their
numbers can become ``dialling``, and each that already was is in the answer and in the notification.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace

from psycopg.rows import DictRow

from agi_app.messages import template
from agi_app.model.campaign import Purpose
from agi_app.store.calling.attempts import CLAIMED, give_back
from agi_app.store.database.listen import STOP_CHANNEL
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, count, load_queries, record, records, rows
from agi_app.store.requested_calls.staff_calls import add_person

Q = load_queries("people/stops")
BY_HAND = "entered by hand"
SUPPRESS_AT_ONCE = 10_000  # rows in one statement


@dataclass(frozen=True, slots=True)
class Suppression:
    """One number, as its keyed hash, that is never to be called again."""

    number_hash: bytes
    at: dt.datetime
    reason: str
    via: str  # key press, command line, stop list, journal …


@dataclass(frozen=True, slots=True)
class Details:
    """What is known of a refusal that did not come from a call: how and where it was said, and its proof."""

    method: str | None = None
    source: str | None = None
    evidence: str | None = None
    evidence_sha256: bytes | None = None
    evidence_file: str | None = None
    entered_by: str | None = None


NO_DETAILS = Details()


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """An attempt that is claimed or being dialled now."""

    attempt_id: str
    person_id: int
    contact_id: int
    campaign: str
    node: str
    state: str  # claimed | dialling


@dataclass(frozen=True, slots=True)
class RevokeResult:
    """What a stop met: the person if we know them, attempts taken back in time, and calls that must be ended."""

    person_id: int | None  # of the number itself
    cancelled: tuple[str, ...]
    dialling: tuple[OpenAttempt, ...]


async def revoke(
    store: Store,
    number: str,
    purpose: Purpose | None,
    at: dt.datetime,
    *,
    reason: str,
    via: str,
    details: Details = NO_DETAILS,
) -> RevokeResult:
    """Withdraw the consent of the person with this E.164 number for one purpose, or (None) take a permanent stop.

    A permanent stop also suppresses the number, known to us or not. ``at`` is when the person said it.
    With ``details`` the person is known from here on; free text then is in the refusal alone,
    because the suppression list outlives an erasure.
    Raises StoreError; then nothing was stored and the caller's journal must keep it.
    """
    number_hash = store.hash_number(number)
    entry = Suppression(number_hash, at, reason if details is NO_DETAILS else BY_HAND, via)
    async with store.transaction() as connection:
        if details is not NO_DETAILS:
            await add_person(store, connection, number)
        person = await record(connection, Q["lock_person_by_number"], {"number": number})
        if purpose is None:
            await _insert(connection, [entry])
        if person:
            return await _withdraw(connection, person, purpose, replace(entry, reason=reason), details)
    if purpose is None:  # the person may have been imported while we stored it: look once more
        await _stop_calls(store, [entry.number_hash])
    return RevokeResult(None, (), ())


async def suppress(store: Store, entries: Sequence[Suppression]) -> int:
    """Add numbers to the suppression list and stop calls to them; returns how many were new.

    For stop lists and for replaying the journal: doing it again changes nothing.
    """
    added = 0
    for start in range(0, len(entries), SUPPRESS_AT_ONCE):
        chunk = entries[start : start + SUPPRESS_AT_ONCE]
        async with store.transaction() as connection:
            added += await _insert(connection, chunk)
        # After the commit: a claim sees the suppression from here on, an earlier one is found now.
        await _stop_calls(store, [e.number_hash for e in chunk])
    return added


async def live_check(store: Store, attempt_ids: Sequence[str]) -> dict[str, str]:
    """Which of our running attempts must end, and why; for when notifications may have been missed.

    ``person_stopped`` and ``listed`` (a do-not-call list came into force) end at once, ``campaign_stopped`` only while
    it rings, ``not_ours`` was swept.
    """
    found = await store.records(Q["live_check"], {"attempts": list(attempt_ids)})
    return {row["attempt_id"]: row["reason"] for row in found if row["reason"]}


async def number_of(store: Store, number_hash: bytes) -> str | None:
    """The E.164 number of this keyed hash, if its person is known here. Raises StoreError."""
    return await store.value(str, Q["number_of"], {"number_hash": number_hash})


async def is_suppressed(store: Store, number: str) -> bool:
    """Whether this E.164 number is on the suppression list."""
    return bool(await store.value(bool, Q["is_suppressed"], {"number_hash": store.hash_number(number)}))


async def count_missing(store: Store, hashes: Collection[bytes]) -> int:
    """How many of these keyed hashes are not on the suppression list. Raises StoreError."""
    return await store.value(int, Q["count_missing"], {"hashes": list(hashes)}) or 0


async def _insert(connection: Connection, entries: Sequence[Suppression]) -> int:
    ordered = sorted({e.number_hash: e for e in entries}.values(), key=lambda e: e.number_hash)
    return await count(
        connection,
        Q["add_suppressions"],
        {
            "hashes": [e.number_hash for e in ordered],
            "times": [e.at for e in ordered],
            "reasons": [e.reason for e in ordered],
            "vias": [e.via for e in ordered],
        },
    )


async def end_calls(connection: Connection, heads: Sequence[int]) -> None:
    """Take back what is claimed and tell who dials; the caller has locked these heads and stored the reason."""
    await _end_attempts(connection, heads, None)
    for head in heads:
        await _tell(connection, head)


async def _withdraw(
    connection: Connection, person: DictRow, purpose: Purpose | None, entry: Suppression, details: Details
) -> RevokeResult:
    person_id, head = person["person_id"], person["head"]
    about = purpose.value if purpose else None
    await connection.execute(
        Q["add_revocation"],
        {"person_id": person_id, "purpose": about, "at": entry.at, "reason": entry.reason, "via": entry.via}
        | asdict(details),
    )
    cancelled, dialling = await _end_attempts(connection, [head], about)
    if purpose is None or dialling:
        await _tell(connection, head)
    return RevokeResult(person_id, cancelled, dialling)


async def _stop_calls(store: Store, hashes: list[bytes]) -> None:
    async with store.transaction() as connection:
        called = await records(connection, Q["lock_called_persons"], {"hashes": hashes})
        await end_calls(connection, [row["head"] for row in called])


async def _end_attempts(
    connection: Connection, heads: Sequence[int], purpose: str | None
) -> tuple[tuple[str, ...], tuple[OpenAttempt, ...]]:
    """Take back what is claimed; return that and what is being dialled."""
    found = await rows(connection, OpenAttempt, Q["open_attempts"], {"persons": list(heads), "purpose": purpose})
    claimed = [a.attempt_id for a in found if a.state in CLAIMED]
    cancelled = await give_back(connection, claimed, template("the person said stop"), CLAIMED) if claimed else []
    return tuple(cancelled), tuple(a for a in found if a.attempt_id not in cancelled)


async def _tell(connection: Connection, head: int) -> None:
    await connection.execute(Q["tell"], {"channel": STOP_CHANNEL, "head": head})


@dataclass(frozen=True, slots=True)
class OwnList:
    """Our own suppression list; ``newest`` (real time) is None while it is empty."""

    entries: int
    newest: dt.datetime | None


async def own_list(store: Store) -> OwnList:
    """The size of our own suppression list, and when it last grew."""
    return (await store.rows(OwnList, Q["own_list"]))[0]
