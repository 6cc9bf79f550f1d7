"""What a campaign did: figures, every contact, and the recordings of its calls.

The audit records who listened to a recording, and what for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from agi_app.errors import ConfigError, InputError
from agi_app.installation import Installation
from agi_app.model.waiting_reason import WaitingReason
from agi_app.recordings.files import RecordingFiles
from agi_app.reports.status import status_of
from agi_app.reports.totals import AgentFigures, Totals, contact_record, to_csv, to_json
from agi_app.reports.why_waiting import Standstill, held_back, why_nobody
from agi_app.store.calling.call_recordings import RecordingRow, recordings_of
from agi_app.store.calling.campaigns import known_campaign
from agi_app.store.calling.reports import attempt_rows, contact_rows
from agi_app.store.people.access_log import Access, log_access
from agi_app.store.requested_calls import agent_calls
from agi_app.store.requested_calls.agent_calls import AgentCallRow

__all__ = [
    "AgentCallRow",
    "AgentFigures",
    "CampaignFigures",
    "CampaignReport",
    "Totals",
    "as_csv",
    "as_json",
    "figures",
    "recording",
    "report",
    "watch",
]
WATCH_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class CampaignFigures:
    """How far a campaign is; why nobody is dialled, or what holds it back."""

    totals: Totals
    view: Standstill
    nobody_because: Sequence[str]
    held_back: Sequence[WaitingReason]


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """A campaign with every contact; ``recordings`` are those that were not erased."""

    figures: CampaignFigures
    contacts: Sequence[Mapping[str, str]]
    agent_calls: Sequence[AgentCallRow]
    recordings: Sequence[RecordingRow]


async def figures(inst: Installation, campaign: str) -> CampaignFigures:
    """How far it is now. Raises InputError when there is no such campaign, StoreError."""
    totals, view = await status_of(inst.store, inst.clock, campaign)
    return CampaignFigures(totals, view, why_nobody(view), held_back(view))


async def watch(inst: Installation, campaign: str) -> AsyncIterator[CampaignFigures]:
    """The figures, twice a second until nobody is left to call. Raises as ``figures``."""
    while True:
        now = await figures(inst, campaign)
        yield now
        if not now.view.open_attempts and (not now.view.due_now or now.view.state != "running"):
            return
        await asyncio.sleep(WATCH_EVERY_S)


async def report(inst: Installation, campaign: str) -> CampaignReport:
    """Outcomes, dispositions, refusals with reasons, each contact, what was recorded. Raises as ``figures``."""
    seen = await figures(inst, campaign)
    contacts = await _contacts(inst, campaign)
    asked = await agent_calls.of_campaign(inst.store, campaign)
    spoken = [row for row in await recordings_of(inst.store, campaign) if row.sha256 is not None]
    return CampaignReport(seen, contacts, asked, spoken)


async def as_csv(inst: Installation, campaign: str) -> str:
    """One line a contact. Raises as ``figures``."""
    await known_campaign(inst.store, campaign)
    return to_csv(await _contacts(inst, campaign))


async def as_json(inst: Installation, campaign: str) -> str:
    """Totals, contacts, attempts and agents' calls as one JSON object. Raises as ``figures``."""
    totals = (await figures(inst, campaign)).totals
    contacts = await _contacts(inst, campaign)
    asked = await agent_calls.of_campaign(inst.store, campaign)
    return to_json(totals, contacts, await attempt_rows(inst.store, campaign), asked)


async def _contacts(inst: Installation, campaign: str) -> list[dict[str, str]]:
    return [contact_record(row) for row in await contact_rows(inst.store, campaign)]


async def recording(inst: Installation, campaign: str, number: int, *, entered_by: str, reason: str) -> bytes:
    """The WAV file of a campaign's recording, once the look at it is noted.

    Raises InputError, ConfigError when its file is missing, StoreError.
    """
    rows = {row.recording_id: row for row in await recordings_of(inst.store, campaign)}
    if number not in rows:
        raise InputError(f"campaign {campaign} has no recording {number}; `agi-app report {campaign}` lists them")
    row = rows[number]
    if row.sha256 is None:
        raise InputError(f"recording {number} was erased")
    noted = Access(f"report --recording {number}", 0, [row.person_id], entered_by, reason.strip() or None)
    await log_access(inst.store, noted)
    content = await asyncio.to_thread(RecordingFiles(inst.settings.data).read, row.sha256)
    if content is None:
        raise ConfigError(f"the file of recording {number} is missing; put {row.sha256.hex()}.enc back from a backup")
    return content
