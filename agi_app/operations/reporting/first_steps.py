"""The way of a new project to its first call: which steps are done, and what is missing of each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agi_app.authoring.suggestions import no_such
from agi_app.contacts.tables.opening import SentFile
from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.messages.retold import retold
from agi_app.model.actors import Scope
from agi_app.operations.acting import reads
from agi_app.operations.calling import caller_ids, reports, stored_campaigns
from agi_app.operations.people import contacts
from agi_app.operations.project import project_files
from agi_app.store.calling import nodes
from agi_app.store.reporting import first_steps as table

SAMPLE = "contacts.csv"  # as `agi-app init` makes it
MOST_BYTES = 2 * 1024 * 1024
MOST_FAULTS = 5


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """Of one campaign of the project. ``faults`` forbid a start; ``waits``: why no worker dials."""

    campaigns: Sequence[str]
    campaign: str | None
    worker: bool
    waits: str | None
    faults: Sequence[str]
    more_faults: int
    caller_id: str | None
    proved: bool
    agreed: bool  # somebody has, to anything
    contacts: int
    sample: bool  # the project has a list to begin with
    state: str | None  # None: it was never started, nor got contacts
    calls: int


@reads(Scope.FIGURES_READ)
async def first_steps(inst: Installation, campaign: str | None = None) -> FirstSteps:
    """How far this campaign is; without a name the first of the project's.

    Raises InputError when there is none of this name, StoreError, ConfigError.
    """
    project = await asyncio.to_thread(project_files.read, inst.settings.project)
    names = sorted(project.campaigns)
    if campaign is not None and campaign not in names:
        raise no_such("campaign", campaign, names)
    chosen = campaign or next(iter(names), None)
    workers = [one for one in await nodes.all_nodes(inst.store) if one.alive]
    waits = [one.waiting_reason for one in workers if one.waiting_reason]
    stored = {one.campaign.name for one in await stored_campaigns.listed(inst)}
    figures = (await reports.figures(inst, chosen)).totals if chosen in stored and chosen else None
    shown = None if chosen is None else project.campaigns[chosen].parsed.campaign.caller_id
    held = {one.proof.e164 for one in await caller_ids.held(inst) if one.days_left > 0}
    faults = [f"{p.file}:{p.line}:{p.column}: {p.message}" for p in project.errors]
    return FirstSteps(
        names,
        chosen,
        bool(workers),
        retold(waits[0]) if waits and len(waits) == len(workers) else None,
        faults[:MOST_FAULTS],
        len(faults[MOST_FAULTS:]),
        shown,
        shown in held,
        await table.anybody_agreed(inst.store),
        0 if figures is None else figures.contacts,
        (inst.settings.project / SAMPLE).is_file(),
        None if figures is None else figures.state,
        0 if figures is None else figures.attempts,
    )


@reads(Scope.CONTACTS_IMPORT)  # the ask for it is noted
async def ask_sample(inst: Installation, campaign: str) -> int:
    """Ask a worker to import the project's own list into this campaign; returns the ask's id.

    Raises InputError when there is no such campaign, or no list that can be sent, AuthorError for one without the
    columns, StoreError.
    """
    project = await asyncio.to_thread(project_files.read, inst.settings.project)
    written = contacts.campaign_of(project, campaign)
    content = await asyncio.to_thread(_content, inst.settings.project / SAMPLE)
    return await contacts.ask(inst, written, SentFile(SAMPLE, content), dry_run=False)


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as source:
            content = source.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(t("{file}: cannot be read: {strerror}", file=file, strerror=error.strerror)) from error
    if len(content) > MOST_BYTES:
        raise InputError(t("{file}: is larger than 2 MiB; import it with `agi-app contacts import`", file=file))
    return content
