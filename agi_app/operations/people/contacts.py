"""The people of a campaign: a file of contacts, never of their consent.

One that is sent by the service is an ask: the rows are private data of it, and a worker imports or checks them.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agi_app.authoring.suggestions import no_such
from agi_app.campaigns.calling_rules.rule_files import load_ruleset
from agi_app.campaigns.campaign_file.load import CampaignDocument
from agi_app.campaigns.left_by_caps import left_uncalled, told_left
from agi_app.campaigns.project.read_project import Project, Source
from agi_app.contacts.columns import Columns
from agi_app.contacts.import_batches import ImportSummary, Progress
from agi_app.contacts.importer import check_header, import_contacts_file
from agi_app.contacts.tables.opening import SentFile, SentSheet
from agi_app.contacts.time_columns import EVENT
from agi_app.contacts.whole_list import Whole
from agi_app.due.planner import Planner, planner
from agi_app.errors import AuthorError, InputError
from agi_app.event_loop import in_background
from agi_app.flow.language.definition import FlowDocument
from agi_app.installation import Installation
from agi_app.log import without_numbers
from agi_app.messages import current, speaking, t
from agi_app.model.actors import Scope
from agi_app.model.campaign import Campaign
from agi_app.operations.acting import imported_by, noted, reads
from agi_app.store.calling import tallies
from agi_app.store.calling.campaigns import load_campaign, save_campaign
from agi_app.store.calling.preview import several_contacts
from agi_app.store.database.pool import Store
from agi_app.store.feeds import fed_contacts
from agi_app.store.people.imported_files import ImportedBy
from agi_app.store.requested_calls import asks
from agi_app.store.requested_calls.asks import Ask, NewAsk

__all__ = [
    "COUNTS",
    "Ask",
    "ImportSummary",
    "SentFile",
    "SentSheet",
    "Whole",
    "WrittenCampaign",
    "ask",
    "asked",
    "campaign_of",
    "check_sent",
    "import_file",
    "import_made",
    "planner_for",
    "take",
]
KIND, IMPORT, CHECK = "contacts", "import", "check"
COUNTS = ("rows", "added", "updated", "unchanged", "rejected", "held", "cancelled", "unapproved")  # that an answer has


@dataclass(frozen=True, slots=True)
class WrittenCampaign:
    """A campaign's file and its flow's, if it can be read."""

    source: Source[CampaignDocument]
    flow: Source[FlowDocument] | None

    @property
    def name(self) -> str:
        """The campaign's."""
        return self.source.parsed.campaign.name


def campaign_of(project: Project, name: str) -> WrittenCampaign:
    """The campaign of this name; AuthorError when its file may be one with faults, else InputError."""
    if name not in project.campaigns:
        faults = [p for p in project.errors if p.file.startswith("campaigns/")]
        raise AuthorError(*faults) if faults else no_such("campaign", name, project.campaigns)
    source = project.campaigns[name]
    return WrittenCampaign(source, project.flows.get(source.parsed.campaign.flow))


@noted(Scope.CONTACTS_IMPORT, "contacts import", "campaign")
async def import_file(
    inst: Installation,
    campaign: WrittenCampaign,
    file: Path,
    *,
    sheet: str | None = None,
    reading: Progress | None = None,
    storing: Progress | None = None,
    whole: Whole | None = None,
) -> ImportSummary:
    """Import or update contacts, CSV or XLSX; rows with a fault go into a file beside it. Never creates consent.

    ``whole``: it is the whole list, and who is not in it is cancelled. ``reading`` gets how much of the file is read,
    ``storing`` how many rows are done. One that broke off goes on where it was. Raises AuthorError or
    InputError when the file as a whole will not do (then nothing was written), StoreError.
    """
    return await _import(inst, campaign, file, sheet=sheet, reading=reading, storing=storing, whole=whole)


@reads(Scope.CONTACTS_IMPORT)  # what made it is noted
async def import_made(inst: Installation, campaign: WrittenCampaign, file: SentFile, by: ImportedBy) -> ImportSummary:
    """Import a list that another operation made, and notes: by the same rules, under its own account of it."""
    return await _import(inst, campaign, file, by=by)


async def _import(inst: Installation, campaign: WrittenCampaign, file: Path | SentFile, **more: Any) -> ImportSummary:
    by = more.pop("by", None) or imported_by(inst)
    wanted, flow = campaign.source.parsed.campaign, campaign.flow
    if (feed := await fed_contacts.of_campaign(inst.store, wanted.name)) is not None:
        told = (
            "the contacts of {campaign} come by feed {feed}: enter them in the system that it reads, or take the feed"
            " away with `agi-app feed end {feed}`"
        )
        raise InputError(t(told, campaign=wanted.name, feed=feed))
    storing = more.pop("storing", None)
    if await load_campaign(inst.store, wanted.name) is None:  # a stored one is changed by its start only
        await save_campaign(inst.store, wanted, flow.file if flow else "", flow.text if flow else "")
    summary = await import_contacts_file(
        inst.store,
        wanted,
        flow.parsed.flow.languages if flow else (),
        file,
        inst.clock.now(),
        progress=storing,
        flow=flow.parsed.flow if flow else None,
        by=by,
        planner_for=await planner_for(inst.store, inst.settings.project, wanted),
        **more,
    )
    return replace(summary, notes=(*summary.notes, *await _left(inst, wanted)))


async def _left(inst: Installation, campaign: Campaign) -> tuple[str, ...]:
    """Names contacts that the caps of one person will leave uncalled; of those that have a time."""
    if campaign.due is None and campaign.ends is None:
        return ()
    now = inst.clock.now()
    async with inst.store.connection() as connection:
        several = await several_contacts(connection, campaign, now)
    ruleset = load_ruleset(inst.settings.project)
    return told_left(await in_background(left_uncalled, campaign, ruleset, several, now))


async def planner_for(store: Store, project: Path, campaign: Campaign) -> Callable[[int], Planner]:
    """When contacts are due, by the rules of a project: so many come to those that the campaign has. StoreError."""
    there = sum((await tallies.of_campaign(store, campaign.name)).contacts.values())
    ruleset = load_ruleset(project)
    return lambda more: planner(campaign, ruleset, there + more)


@noted(Scope.CONTACTS_IMPORT, "contacts ask", "campaign")
async def ask(
    inst: Installation, campaign: WrittenCampaign, sent: SentFile, *, dry_run: bool, whole: Whole | None = None
) -> int:
    """Ask a worker to import contacts, or with ``dry_run`` to say what an import would do; returns the ask's id.

    ``whole``: it is the whole list, and who is not in it is cancelled.
    Raises AuthorError for a file without the columns of contacts, StoreError.
    """
    with _masked():
        columns = await in_background(check_header, sent, campaign.source.parsed.campaign)
    digest = sent.workbook if isinstance(sent, SentSheet) else hashlib.sha256(sent.content).digest()
    told: dict[str, Any] = {"file": sent.name, "sha256": digest.hex(), "language": current(), **_titles(columns)}
    told |= {} if whole is None else {"whole": whole.value}
    told |= {"sheet": True} if isinstance(sent, SentSheet) else {}
    private = {"content": base64.b64encode(sent.content).decode()}
    verb = CHECK if dry_run else IMPORT
    return await asks.add(inst.store, NewAsk(KIND, verb, campaign.name, sent.name, told, private), inst.actor)


@reads(Scope.CONTACTS_IMPORT)
async def asked(inst: Installation, ask_id: int) -> Ask:
    """An ask to import or check contacts, and its answer. Raises InputError when there is none, StoreError."""
    found = await asks.by_id(inst.store, ask_id)
    if found is None or found.kind != KIND or found.verb not in (IMPORT, CHECK):
        raise InputError(t("there is no ask {number}", number=ask_id))
    return found


@reads(Scope.CONTACTS_IMPORT)  # the import itself is noted
async def take(inst: Installation, campaign: WrittenCampaign, given: asks.OpenAsk) -> Mapping[str, Any]:
    """The worker's part: import or check what was sent; returns counts and faults without whole numbers.

    Raises AuthorError or InputError when the file as a whole will not do, StoreError.
    """
    told = given.parameters
    name, content = str(told["file"]), base64.b64decode((given.private or {})["content"])
    sheet = told.get("sheet", False)
    sent = SentSheet(name, content, bytes.fromhex(told["sha256"])) if sheet else SentFile(name, content)
    whole = Whole(told["whole"]) if "whole" in told else None
    work = import_sent if given.verb == IMPORT else check_sent
    with speaking(str(told["language"])), _masked():
        return _told(await work(inst, campaign, sent, whole))


@noted(Scope.CONTACTS_IMPORT, "contacts import", "campaign")
async def import_sent(
    inst: Installation, campaign: WrittenCampaign, sent: SentFile, whole: Whole | None = None
) -> ImportSummary:
    """Import or update contacts as one batch, in the transaction of who calls. Raises as ``import_file``."""
    return await _import(inst, campaign, sent, whole=whole)


@reads(Scope.CONTACTS_IMPORT)
async def check_sent(
    inst: Installation, campaign: WrittenCampaign, sent: SentFile, whole: Whole | None = None
) -> ImportSummary:
    """What ``import_sent`` would do; nothing of it is stored. Raises as that."""
    async with inst.store.as_trial():
        return await _import(inst, campaign, sent, whole=whole)


def _titles(columns: Columns) -> Mapping[str, Any]:
    """Which column of the file is which of ours, and those that are kept as they are; no title shows a number."""
    known = {name: without_numbers(columns.header[place]) for name, place in columns.known.items() if name != EVENT}
    return {"columns": known, "fields": [without_numbers(title) for title in columns.others]}


def _told(done: ImportSummary) -> Mapping[str, Any]:
    counts = {name: getattr(done, name) for name in COUNTS}
    faults = [
        {"line": one.line, "column": one.column, "rule": one.rule, "text": without_numbers(one.message)}
        for one in done.problems
    ]
    return {**counts, "faults": faults, "notes": [without_numbers(note) for note in done.notes]}


@contextmanager
def _masked() -> Iterator[None]:
    """What is said of a file as a whole shows no whole number, even where one is a column's title."""
    try:
        yield
    except AuthorError as error:
        masked = [dataclasses.replace(one, message=without_numbers(one.message)) for one in error.problems]
        raise AuthorError(*masked) from None
