"""What a campaign did: figures, every contact, and the recordings of its calls.

The audit records who listened to a recording, and what for.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from agi_app.clock import Clock
from agi_app.consent.caller_id_proof import standing
from agi_app.errors import InputError
from agi_app.gate.caller_id_rules import numbers_of
from agi_app.installation import Installation
from agi_app.messages import current, t
from agi_app.model.actors import Scope
from agi_app.model.campaign import Campaign, CampaignState
from agi_app.model.waiting_reason import WaitingReason
from agi_app.operations.acting import noted, reads
from agi_app.operations.calling.approvals import standing as standing_of
from agi_app.operations.calling.listening import given
from agi_app.reports.csv_and_json import answer_column, answer_record, contact_record, json_figures, json_items, to_csv
from agi_app.reports.totals import (
    AgentFigures,
    AgentsSeen,
    GroupFigures,
    NumberFigures,
    QuotaFigures,
    Totals,
    by_number,
)
from agi_app.reports.why_waiting import Standstill, held_back, why_nobody
from agi_app.store.calling import agents, nodes, pauses, quotas
from agi_app.store.calling import reports as table
from agi_app.store.calling.call_recordings import RecordingRow, recordings_of
from agi_app.store.calling.campaigns import StoredCampaign, known_campaign
from agi_app.store.calling.nodes import NodeRow
from agi_app.store.calling.pauses import Pause
from agi_app.store.calling.tallies import Tallies
from agi_app.store.database.pool import Store
from agi_app.store.feeds import feeds
from agi_app.store.people.caller_ids import CallerIdProof, proofs
from agi_app.store.requested_calls import agent_calls
from agi_app.store.requested_calls.agent_calls import AgentCallRow

__all__ = [
    "AgentCallRow",
    "AgentFigures",
    "CampaignFigures",
    "CampaignReport",
    "NumberFigures",
    "QuotaFigures",
    "Totals",
    "as_csv",
    "as_json",
    "figures",
    "figures_of_all",
    "recording",
    "report",
    "watch",
]
WATCH_EVERY_S = 0.5
MOST_SHOWN = 1000  # contacts on the screen; files have all


@dataclass(frozen=True, slots=True)
class CampaignFigures:
    """How far a campaign is; why nobody is dialled, or what holds it back."""

    totals: Totals
    view: Standstill
    nobody_because: Sequence[str]
    held_back: Sequence[WaitingReason]


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """A campaign with its first contacts; ``recordings`` are those that were not erased."""

    figures: CampaignFigures
    contacts: Sequence[Mapping[str, str]]
    agent_calls: Sequence[AgentCallRow]
    recordings: Sequence[RecordingRow]


@dataclass(frozen=True, slots=True)
class _Around:
    """What is the same for all campaigns. ``now`` is rules time."""

    workers: Sequence[NodeRow]
    pause: Pause | None
    proofs: Sequence[CallerIdProof]
    now: dt.datetime


@reads(Scope.FIGURES_READ)
async def figures(inst: Installation, campaign: str) -> CampaignFigures:
    """How far it is now. Raises InputError when there is no such campaign, StoreError."""
    return _read(*await status_of(inst.store, inst.clock, campaign))


@reads(Scope.FIGURES_READ)
async def figures_of_all(inst: Installation, campaigns: Sequence[StoredCampaign]) -> list[CampaignFigures]:
    """Of each of them; what is the same for all is asked for once. Raises StoreError."""
    around = await _around(inst.store, inst.clock)
    return [_read(*await _status_of(inst.store, stored, around)) for stored in campaigns]


def _read(totals: Totals, view: Standstill) -> CampaignFigures:
    return CampaignFigures(totals, view, why_nobody(view), held_back(view))


@reads(Scope.FIGURES_READ)
async def watch(inst: Installation, campaign: str) -> AsyncIterator[CampaignFigures]:
    """The figures, twice a second until nobody is left to call. Raises as ``figures``."""
    while True:
        now = await figures(inst, campaign)
        yield now
        if not now.view.open_attempts and (not now.view.due_now or now.view.state != "running"):
            return
        await asyncio.sleep(WATCH_EVERY_S)


@reads(Scope.FIGURES_READ)
async def report(inst: Installation, campaign: str) -> CampaignReport:
    """Outcomes, dispositions, refusals with reasons, the first contacts, what was recorded. Raises as ``figures``."""
    return CampaignReport(
        figures=(now := await figures(inst, campaign)),
        contacts=[
            contact_record(row, current(), now.view.zone)
            for row in await table.contact_rows(inst.store, campaign, MOST_SHOWN)
        ],
        agent_calls=await agent_calls.of_campaign(inst.store, campaign),
        recordings=[row for row in await recordings_of(inst.store, campaign) if row.sha256 is not None],
    )


@noted(Scope.EXPORTS_MASKED, "report csv", "campaign")
async def as_csv(inst: Installation, campaign: str, file: Path) -> None:
    """One line a contact, with its answers, into a file, for people: reasons in the current language.

    Raises as ``figures``, and OSError.
    """
    zone = (await known_campaign(inst.store, campaign)).campaign.zone
    async with table.all_rows(inst.store, campaign) as all_rows, _writing(file) as write:
        answers = [answer_column(name) for name in await all_rows.answer_names()]
        await write(to_csv([], answers=answers))
        async for some in all_rows.contacts():
            rows = [contact_record(row, current(), zone) | answer_record(row) for row in some]
            await write(to_csv(rows, answers=answers, titles=False))


@noted(Scope.EXPORTS_MASKED, "report json", "campaign")
async def as_json(inst: Installation, campaign: str, file: Path) -> None:
    """Totals, contacts, attempts and agents' calls as one JSON object, into a file. Raises as ``as_csv``."""
    totals = (await figures(inst, campaign)).totals
    asked = await agent_calls.of_campaign(inst.store, campaign)
    async with table.all_rows(inst.store, campaign) as all_rows, _writing(file) as write:
        await write(json_figures(totals))
        await write(', "contact_list": [')
        between = "\n"
        async for contacts in all_rows.contacts():
            await write(between + json_items([contact_record(row) for row in contacts]))
            between = ",\n"
        await write('], "attempt_list": [')
        between = "\n"
        async for attempts in all_rows.attempts():
            await write(between + json_items(attempts))
            between = ",\n"
        await write(f'], "agent_calls": [{json_items(asked)}]}}\n')


@asynccontextmanager
async def _writing(file: Path) -> AsyncIterator[Callable[[str], Awaitable[None]]]:
    """Writes texts one after another."""
    with file.open("w", encoding="utf-8", newline="") as out:

        async def write(text: str) -> None:
            await asyncio.to_thread(out.write, text)

        yield write


@noted(Scope.RECORDINGS_LISTEN, "report recording", "number")
async def recording(inst: Installation, campaign: str, number: int, *, reason: str) -> bytes:
    """The WAV file of a campaign's recording, once the look at it is noted.

    Raises InputError, ConfigError when its file is missing, StoreError.
    """
    row = next((row for row in await recordings_of(inst.store, campaign) if row.recording_id == number), None)
    if row is None:
        raise InputError(
            t(
                "campaign {campaign} has no recording {number}; `agi-app report {campaign}` lists them",
                campaign=campaign,
                number=number,
            )
        )
    return await given(inst, row, f"report --recording {number}", reason)


async def status_of(store: Store, clock: Clock, name: str) -> tuple[Totals, Standstill]:
    """The campaign's figures and its standstill view; InputError when there is no such campaign."""
    return await _status_of(store, await known_campaign(store, name), await _around(store, clock))


async def _around(store: Store, clock: Clock) -> _Around:
    return _Around(await nodes.all_nodes(store), await pauses.in_force(store), await proofs(store), clock.now())


async def _status_of(store: Store, stored: StoredCampaign, around: _Around) -> tuple[Totals, Standstill]:
    """The campaign's figures and its standstill view."""
    campaign, now = stored.campaign, around.now
    kept = await table.tallies_of(store, campaign.name)
    waiting = await table.why_waiting(store, campaign, now, kept)
    totals = await _totals(store, stored, kept, around)
    workers = around.workers
    view = Standstill(
        **asdict(waiting),
        expired=totals.expired,
        cancelled=totals.cancelled,
        state=stored.state.value,
        state_reason=stored.state_reason,
        everything_paused=None if around.pause is None else around.pause.words,
        late_feed=await feeds.late_of(store, campaign.name, now) if stored.state is CampaignState.RUNNING else None,
        workers=[(n.name, n.alive, n.waiting_reason) for n in workers],
        slots=campaign.pace.concurrent,
        zone=campaign.zone,
        by_time=campaign.due is not None,
        trunk=campaign.trunk,
        calls_per_second=campaign.pace.calls_per_second,
        waiting_reasons=[why for n in workers if n.alive and (why := n.waiting_reason_of(campaign.name)) is not None],
    )
    return totals, view


async def _totals(store: Store, stored: StoredCampaign, kept: Tallies, around: _Around) -> Totals:
    campaign, now, found = stored.campaign, around.now, around.proofs
    return Totals(
        campaign=campaign.name,
        state=stored.state.value,
        purpose=campaign.purpose.value,
        caller_id=campaign.caller_id,
        caller_id_proof=standing(found, campaign.caller_id, now).words,
        agents=await figures_of(store, campaign, around.workers, now),
        approval=await standing_of(store, stored),
        local_caller_ids={number: standing(found, number, now).words for number in numbers_of(campaign)[1:]},
        contacts=kept.total,
        done=kept.contacts.get("done", 0),
        waiting=kept.contacts.get("pending", 0),
        not_called=kept.contacts.get("parked", 0),
        in_call=kept.contacts.get("claimed", 0),
        expired=kept.contacts.get("expired", 0),
        cancelled=kept.contacts.get("cancelled", 0),
        attempts=sum(kept.outcomes.values()),
        outcomes=kept.outcomes,
        dispositions=kept.dispositions,
        refused=kept.refused,
        quota=await _quota_of(store, campaign),
        numbers=by_number({o: n for o, n in kept.outcomes.items() if o != "dialling"}, kept.numbers, kept.rang),
    )


async def _quota_of(store: Store, campaign: Campaign) -> QuotaFigures | None:
    if (quota := campaign.quota) is None:
        return None
    found = await quotas.groups_of(store, campaign)
    groups = [GroupFigures(g.name, g.wanted, g.completed, g.under_way, g.waiting, g.closed) for g in found]
    return QuotaFigures(f"contact.{quota.column}", quota.dispositions, groups)


# The agents of a campaign and how its calls for them went, as the status and the report show it.


async def figures_of(
    store: Store, campaign: Campaign, workers: Sequence[NodeRow], now: dt.datetime
) -> AgentFigures | None:
    """None: the campaign has no agents. ``now`` is rules time."""
    wanted = campaign.agents
    if wanted is None:
        return None
    counts = await agents.counts(store, wanted.to, campaign.name, now)
    wrap_up = max(
        (float(w.agents[wanted.to].get("wrap_up_s", 0)) for w in workers if wanted.to in w.agents), default=0.0
    )
    return AgentFigures(
        to=wanted.to,
        pacing=wanted.pacing.value,
        seen=[_seen(worker, wanted.to) for worker in workers if worker.alive],
        under_way=counts.under_way,
        waiting=counts.waiting,
        ended=counts.ended,
        answered=counts.answered,
        abandoned=counts.abandoned,
        met=counts.met,
        handling_s=round(counts.talk_s / counts.met + wrap_up, 1) if counts.met else None,
        answer_rate=round(counts.answered / counts.ended, 4) if counts.ended else 0.0,
        abandoned_percent=round(100 * counts.abandoned / counts.answered, 2) if counts.answered else 0.0,
    )


def _seen(worker: NodeRow, to: str) -> AgentsSeen:
    told = worker.agents.get(to, {"unknown": "it does not call for them now"})
    if "unknown" in told:
        return AgentsSeen(worker.name, None, None, str(told["unknown"]))
    return AgentsSeen(worker.name, int(told["free"]), int(told["busy"]))
