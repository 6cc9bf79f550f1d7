"""The kept recordings of calls: which there are, and which may go."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agi_app.audit.erasures import Erasure
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries, records
from agi_app.store.people.erasure import PURGED_AT_ONCE, RETENTION, Sign, Why, by_region, write_erasure

Q = load_queries("calling/call_recordings")


@dataclass(frozen=True, slots=True)
class RecordingRow:
    """One recording; ``sha256`` is None when it was erased."""

    recording_id: int
    attempt_id: str
    person_id: int
    external_id: str
    name: str
    kind: str
    seconds: float
    sha256: bytes | None
    ended_at: dt.datetime | None


async def recordings_of(store: Store, campaign: str) -> list[RecordingRow]:
    """All that were made in the calls of a campaign, in order."""
    return await store.rows(RecordingRow, Q["of_campaign"], {"campaign": campaign})


async def one_recording(store: Store, recording_id: int) -> RecordingRow | None:
    """One, whatever campaign it is of."""
    return next(iter(await store.rows(RecordingRow, Q["one"], {"recording_id": recording_id})), None)


async def held(store: Store, recording_id: int) -> bytes | None:
    """The hash of a recording that nothing erases until this transaction ends; None: it was erased."""
    return await store.value(bytes, Q["held"], {"recording_id": recording_id})


async def old_recordings(store: Store, until: Mapping[str, dt.datetime]) -> int:
    """How many recordings ``purge_recordings`` would take off."""
    return await store.value(int, Q["count_old"], by_region(until), limit=None) or 0


async def purge_recordings(store: Store, until: Mapping[str, dt.datetime], why: Why, sign: Sign) -> list[bytes]:
    """Forget some recordings whose calls lie before ``until``; their files are the caller's to delete. StoreError."""
    async with store.transaction(limit=None) as connection:
        if found := await records(connection, Q["purge"], {**by_region(until), "limit": PURGED_AT_ONCE}):
            named = {"recording": [row["id"] for row in found]}
            await write_erasure(connection, Erasure(why.at, RETENTION, None, named, why.reason, why.entered_by), sign)
    return [row["sha256"] for row in found]


async def named_recordings(store: Store, digests: Sequence[bytes]) -> set[bytes]:
    """Which of these files some call names."""
    return {row["sha256"] for row in await store.records(Q["named"], {"digests": list(digests)}, limit=None)}
