"""Start, pause, resume, stop: what must be true before a campaign may run, and its row."""

from __future__ import annotations

from agi_app.authoring.suggestions import suggest
from agi_app.campaigns.campaign_file.load import CampaignDocument
from agi_app.campaigns.project.called_flows import concerns, parts_of
from agi_app.campaigns.project.read import Project, Source
from agi_app.clock import Clock
from agi_app.consent.caller_id_proof import standing
from agi_app.errors import AuthorError, InputError
from agi_app.flow.language.definition import FlowDocument
from agi_app.gate.caller_id import numbers_of
from agi_app.model.campaign import Campaign, CampaignState
from agi_app.printable import count_of
from agi_app.store.calling.campaigns import StoredCampaign, load_campaign, not_stored, save_campaign, set_state
from agi_app.store.calling.decision_texts import spec_of
from agi_app.store.database.pool import Store
from agi_app.store.people.caller_ids import proofs
from agi_app.store.people.contacts import contacts_of


async def start(store: Store, clock: Clock, project: Project, name: str) -> str:
    """Check the campaign, store it as it is in its file now and let it run; returns a line for people.

    Raises AuthorError when its files have faults, InputError when something else is missing.
    """
    campaign, flow = _checked(project, name)
    await _proved(store, clock, campaign)
    before = await load_campaign(store, name)
    counts = await contacts_of(store, name) if before else None
    if counts is None or counts.total == 0:
        raise InputError(f"campaign {name} has no contacts; `agi-app contacts import {name} FILE` adds them")
    parts = {part.file: part.text for part in parts_of(project, flow)}
    await save_campaign(store, campaign.parsed.campaign, flow.file, flow.text, parts)
    await set_state(store, name, CampaignState.RUNNING, None, clock.now())
    left = f"{counts.total - counts.done} of {count_of(counts.total, 'contact')}"
    return f"{name} is running: {left} {'is' if counts.total == 1 else 'are'} still to be called or refused"


async def change(store: Store, clock: Clock, name: str, state: CampaignState) -> str:
    """Pause, resume or stop a stored campaign; returns a line for people."""
    stored = await known(store, name)
    if state is CampaignState.RUNNING and stored.state is not CampaignState.PAUSED:
        raise InputError(f"campaign {name} is {stored.state}, not paused; `agi-app campaign start {name}` starts it")
    if state is CampaignState.PAUSED and stored.state is not CampaignState.RUNNING:
        raise InputError(f"campaign {name} is {stored.state}: there is nothing to pause")
    await set_state(store, name, state, "by command", clock.now())
    words = {
        CampaignState.RUNNING: "is running again",
        CampaignState.PAUSED: "makes no new call; calls in progress go on",
        CampaignState.STOPPED: "is stopped: ringing calls are cancelled, answered ones finish",
    }
    return f"{name} {words[state]}"


async def known(store: Store, name: str) -> StoredCampaign:
    """The stored campaign; InputError when there is none."""
    stored = await load_campaign(store, name)
    if stored is None:
        raise await not_stored(store, name)
    return stored


def as_edited(project: Project, stored: Campaign) -> tuple[Campaign, str | None]:
    """The campaign as its file says it now, and a line for people when that is not what is stored."""
    source = project.campaigns.get(stored.name)
    if source is None:
        faults = [str(p) for p in project.errors if p.file.startswith("campaigns/")]
        return stored, "judged as it was stored: " + ("; ".join(faults) or f"no file in campaigns/ is of {stored.name}")
    edited = source.parsed.campaign
    if spec_of(edited) == spec_of(stored):
        return stored, None
    return edited, (
        f"judged as {source.file} is now, which is not what is stored; `agi-app campaign start {stored.name}` stores it"
    )


def differs(project: Project, stored: StoredCampaign) -> str | None:
    """A line for people when the files are not what the campaign runs with; None: they are, or it never started."""
    if stored.state is CampaignState.DRAFT:
        return None
    edited = []
    source = project.campaigns.get(stored.campaign.name)
    if source is not None and spec_of(source.parsed.campaign) != spec_of(stored.campaign):
        edited.append(source.file)
    runs = {stored.flow_file: stored.flow_text, **stored.sub_flows} if stored.flow_text else {}
    for file, text in runs.items():
        try:
            now: str | None = (project.folder / file).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            now = None
        if now != text:
            edited.append(file)
    if not edited:
        return None
    verb = "differs" if len(edited) == 1 else "differ"
    name = stored.campaign.name
    return (
        f"{', '.join(edited)} {verb} from what {name} runs with; `agi-app campaign start {name}` stores what is there"
    )


async def _proved(store: Store, clock: Clock, source: Source[CampaignDocument]) -> None:
    """Every number that the campaign may show has a valid proof; InputError names each that has none."""
    campaign, found = source.parsed.campaign, await proofs(store)
    faults = []
    for number in numbers_of(campaign):
        held = standing(found, number, clock.now())
        if not held.valid:
            key = "caller_id" if number == campaign.caller_id else "local_caller_ids"
            what = "has no ownership proof" if held.proof is None else "the proof has expired"
            faults.append(f"{source.file}: {key} {number}: {what}; `agi-app callerid prove {number}` records one")
    if faults:
        raise InputError("\n".join(faults))


def _checked(project: Project, name: str) -> tuple[Source[CampaignDocument], Source[FlowDocument]]:
    campaign = project.campaigns.get(name)
    if campaign is None:
        faults = [p for p in project.errors if p.file.startswith("campaigns/")]
        if faults:
            raise AuthorError(*faults)
        raise InputError(f"there is no campaign {name!r}{suggest(name, project.campaigns) or '; there is none here'}")
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


def no_faults(project: Project, flow: Source[FlowDocument]) -> None:
    """Raises AuthorError with every fault of the flow, of those that it calls, and of their prompts."""
    faults = [problem for problem in project.errors if concerns(project, problem, flow)]
    if faults:
        raise AuthorError(*faults)
