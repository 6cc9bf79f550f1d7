"""Campaigns: start, pause, resume, stop, how far one is and what holds it back.

The audit records each version of a campaign and each change of its state. Nobody is called here: workers do it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from agi_app.authoring.suggestions import suggest
from agi_app.campaigns.campaign_file.load import CampaignDocument
from agi_app.campaigns.changed_files import differs
from agi_app.campaigns.checks.campaign_times import check_over
from agi_app.campaigns.project.called_flows import concerns, parts_of
from agi_app.campaigns.project.read_project import Project, Source
from agi_app.consent.caller_id_proof import standing
from agi_app.errors import AuthorError, InputError
from agi_app.flow.language.definition import FlowDocument
from agi_app.gate.caller_id_rules import numbers_of
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.model.approvals import StartTexts
from agi_app.model.campaign import CampaignState
from agi_app.operations.acting import noted, reads
from agi_app.operations.calling.approvals import ApprovalWanted, second_person
from agi_app.operations.calling.reports import CampaignFigures, figures
from agi_app.operations.project import project_files
from agi_app.store.calling import campaigns as table
from agi_app.store.calling import tallies
from agi_app.store.calling.campaigns import known_campaign, load_campaign, save_campaign, set_state
from agi_app.store.database.statements import as_json
from agi_app.store.people.caller_ids import proofs

__all__ = [
    "ApprovalWanted",
    "StartedCampaign",
    "files_differ",
    "pause",
    "resume",
    "start",
    "status",
    "stop",
]


BY_COMMAND = "by command"


@dataclass(frozen=True, slots=True)
class StartedCampaign:
    """A campaign that runs: its contacts, and how many of them are still to be called or refused."""

    contacts: int
    left: int


async def _stored(inst: Installation, name: str) -> object:
    return await load_campaign(inst.store, name)


@noted(Scope.CAMPAIGNS_START, "campaign start", "name", state=_stored)
async def start(inst: Installation, project: Project, name: str) -> StartedCampaign | ApprovalWanted:
    """Check the campaign, store it as it is in its file now and let it run, or keep a request for a second person.

    Raises AuthorError when its files have faults, InputError when something else is missing, StoreError.
    """
    campaign, flow = _checked(project, name)
    _not_over(inst, campaign)
    await _proved(inst, campaign)
    kept = await tallies.of_campaign(inst.store, name)
    if not kept.total:
        raise InputError(
            t("campaign {name} has no contacts; `agi-app contacts import {name} FILE` adds them", name=name)
        )
    parts = {part.file: part.text for part in parts_of(project, flow)}
    wanted = campaign.parsed.campaign
    texts = StartTexts(as_json(wanted), flow.file, flow.text, parts)
    limit = await second_person(inst, wanted, texts, kept.total)
    if isinstance(limit, ApprovalWanted):
        return limit
    await save_campaign(inst.store, wanted, flow.file, flow.text, parts)
    await set_state(inst.store, name, CampaignState.RUNNING, None, inst.clock.now(), limit)
    over = sum(kept.contacts.get(state, 0) for state in ("done", "expired", "cancelled"))
    return StartedCampaign(kept.total, kept.total - over)


@noted(Scope.CAMPAIGNS_PAUSE, "campaign pause", "name", state=_stored)
async def pause(inst: Installation, name: str) -> None:
    """Make no new call from here on. Raises InputError when the campaign does not run, StoreError."""
    stored = await known_campaign(inst.store, name)
    if stored.state is not CampaignState.RUNNING:
        raise InputError(t("campaign {name} is {state}: there is nothing to pause", name=name, state=stored.state))
    await set_state(inst.store, name, CampaignState.PAUSED, BY_COMMAND, inst.clock.now())


@noted(Scope.CAMPAIGNS_START, "campaign resume", "name", state=_stored)
async def resume(inst: Installation, name: str) -> None:
    """Go on after a pause, as it was started: contacts that wait for an approval go on waiting.

    Raises InputError when the campaign is not paused, StoreError."""
    stored = await known_campaign(inst.store, name)
    if stored.state is not CampaignState.PAUSED:
        raise InputError(
            t(
                "campaign {name} is {state}, not paused; `agi-app campaign start {name}` starts it",
                name=name,
                state=stored.state,
            )
        )
    await table.resume(inst.store, name, BY_COMMAND, inst.clock.now())


@noted(Scope.CAMPAIGNS_PAUSE, "campaign stop", "name", state=_stored)
async def stop(inst: Installation, name: str) -> None:
    """Make no new call and cancel those that ring. Raises InputError when there is no such campaign, StoreError."""
    await known_campaign(inst.store, name)
    await set_state(inst.store, name, CampaignState.STOPPED, BY_COMMAND, inst.clock.now())


@reads(Scope.FIGURES_READ)
async def status(inst: Installation, project: Project, name: str) -> tuple[CampaignFigures, str | None]:
    """How far a campaign is and what holds it back now; and which files are not what it runs with.

    Raises InputError when there is no such campaign, StoreError.
    """
    return await figures(inst, name), differs(project, await known_campaign(inst.store, name))


@reads(Scope.FIGURES_READ)
async def files_differ(inst: Installation, stored: table.StoredCampaign) -> str | None:
    """Which files are not what it runs with; None: they are, or it never started. Raises ConfigError, InputError."""
    return await asyncio.to_thread(lambda: differs(project_files.unchanged(inst.settings.project), stored))


_PROVE = (
    "`agi-app callerid prove {number}` records one by a call, while `agi-app run` runs; with the carrier's letter write"
    " `agi-app callerid prove {number} --letter FILE`"
)


def _not_over(inst: Installation, source: Source[CampaignDocument]) -> None:
    """InputError when the campaign's days are past: nobody would be called."""
    if faults := [*check_over(source.parsed, inst.clock.now())]:
        raise InputError(
            t(
                "{fault}; write a later day there, then start it",
                fault="\n".join(f"{f.file}: {f.message}" for f in faults),
            )
        )


async def _proved(inst: Installation, source: Source[CampaignDocument]) -> None:
    """Every number that the campaign may show has a valid proof; InputError names each that has none."""
    campaign, found = source.parsed.campaign, await proofs(inst.store)
    faults = []
    for number in numbers_of(campaign):
        held = standing(found, number, inst.clock.now())
        if not held.valid:
            key = "caller_id" if number == campaign.caller_id else "local_caller_ids"
            what = t("has no ownership proof") if held.proof is None else t("the proof has expired")
            faults.append(f"{source.file}: {key} {number}: {what}; {t(_PROVE, number=number)}")
    if faults:
        raise InputError("\n".join(faults))


def _checked(project: Project, name: str) -> tuple[Source[CampaignDocument], Source[FlowDocument]]:
    campaign = project.campaigns.get(name)
    if campaign is None:
        if faults := [p for p in project.errors if p.file.startswith("campaigns/")]:
            raise AuthorError(*faults)
        raise InputError(
            t(
                "there is no campaign {name!r}{suggest}",
                name=name,
                suggest=suggest(name, project.campaigns) or t("; there is none here"),
            )
        )
    flow = project.flows.get(campaign.parsed.campaign.flow)
    faults = [
        p
        for p in project.errors
        if p.file == campaign.file or p.file.startswith("rules/") or (flow and concerns(project, p, flow))
    ]
    if flow is None:
        faults += [p for p in project.errors if p.file.startswith("flows/")]
    if faults or flow is None:
        raise AuthorError(*faults)
    return campaign, flow
