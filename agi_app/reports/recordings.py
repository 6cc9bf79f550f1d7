"""A recording of a call for somebody's ears: found, noted who listens, opened."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from agi_app.errors import ConfigError, InputError
from agi_app.recordings.files import RecordingFiles
from agi_app.store.calling.call_recordings import recordings_of
from agi_app.store.database.pool import Store
from agi_app.store.people.access_log import Access, log_access


@dataclass(frozen=True, slots=True)
class RecordingAccess:
    """Who listens, and what for."""

    entered_by: str
    reason: str


async def fetched(store: Store, files: RecordingFiles, campaign: str, number: int, look: RecordingAccess) -> bytes:
    """The WAV file of a campaign's recording, once the look at it is noted.

    Raises InputError, ConfigError, StoreError.
    """
    rows = {row.recording_id: row for row in await recordings_of(store, campaign)}
    if number not in rows:
        raise InputError(f"campaign {campaign} has no recording {number}; `agi-app report {campaign}` lists them")
    row = rows[number]
    if row.sha256 is None:
        raise InputError(f"recording {number} was erased")
    noted = Access(f"report --recording {number}", 0, [row.person_id], look.entered_by, look.reason.strip() or None)
    await log_access(store, noted)
    content = await asyncio.to_thread(files.read, row.sha256)
    if content is None:
        raise ConfigError(f"the file of recording {number} is missing; put {row.sha256.hex()}.enc back from a backup")
    return content
