"""A worker's part of a feed: what was read is compared with what was approved, and imported by the rules of any list.

All of it is one transaction, with the result and since when the campaign's facts are good: nobody is called on
half a list. A run that is refused changes nothing, and the facts stay as old as they were.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import io
from collections.abc import Sequence
from typing import Any

from agi_app.config.feed_definition import FeedDefinition, FeedKind, FeedMode, FeedState, RunFault, RunState
from agi_app.contacts.import_batches import ImportSummary
from agi_app.contacts.importer import import_contacts_file
from agi_app.contacts.tables.opening import LARGEST_WHOLE, MOST_WHOLE, MadeFile
from agi_app.contacts.whole_list import ShrunkList, Whole, refuse_shrunk
from agi_app.errors import AgiAppError, AuthorError, InputError, Problem, StoreError
from agi_app.exchange.feed_definition import definition_of
from agi_app.flow.language.definition import Flow
from agi_app.flow.load import parse_flow
from agi_app.installation import Installation
from agi_app.log import without_numbers
from agi_app.messages import t
from agi_app.model.actors import Actor, Role, Scope
from agi_app.model.campaign import Purpose
from agi_app.operations.acting import reads
from agi_app.operations.people.consents import registered_wordings
from agi_app.operations.people.contacts import planner_for
from agi_app.operations.people.feed_consents import FedTerms, import_fed_consents
from agi_app.operations.project import project_files
from agi_app.store.calling.campaigns import StoredCampaign, load_campaign, save_campaign
from agi_app.store.feeds import fed_contacts, feeds
from agi_app.store.feeds.runs import RunOutcome, TakenRun
from agi_app.store.people import contact_changes
from agi_app.store.people.imported_files import ImportedBy

MOST_FAULTS = 1000  # rejected rows that are told
COUNTS = ("rows", "added", "updated", "unchanged", "rejected", "held")
EMPTY = {"table/no-rows", "table/empty"}  # rules of a list without rows
UNUSUAL = 10  # of rows, one in so many may be rejected without an alert


class RefusedRun(InputError):
    """What was read is not taken."""

    def __init__(self, why: RunFault, text: str, missing: int | None = None) -> None:
        super().__init__(text)
        self.why, self.missing = why, missing  # contacts


def acting(inst: Installation, feed: str) -> Installation:
    """The installation in which a feed acts: it imports, and can do nothing else."""
    actor = Actor(f"feed {feed}", frozenset({Role.OPERATOR}), "worker", scopes=frozenset({Scope.CONTACTS_IMPORT}))
    return dataclasses.replace(inst, actor=actor)


@reads(Scope.CONTACTS_IMPORT)  # what a run brings has its own note, and the import another
async def take(inst: Installation, taken: TakenRun) -> RunOutcome:
    """Do what a run asks for, in the transaction of who calls. Raises StoreError; every other fault is the outcome."""
    try:
        async with inst.store.transaction():
            if taken.what == "check":
                async with inst.store.as_trial():
                    outcome = await _take(inst, taken)
            else:
                outcome = await _take(inst, taken)
    except StoreError:
        raise
    except AgiAppError as error:
        return refused(error)
    return outcome


def refused(error: Exception) -> RunOutcome:
    """The outcome of a run that met this fault."""
    text = without_numbers(str(error))
    told: dict[str, Any] = {"why": _why(error).value, "text": text}
    if isinstance(error, ShrunkList | RefusedRun) and error.missing is not None:
        told["missing"] = error.missing  # what a person can confirm
    if isinstance(error, ShrunkList) and error.rejected:  # rows that cannot be read may be why
        told |= {"rejected": error.rejected, "faults": _faults(error.problems)}
    return RunOutcome(RunState.REFUSED, told)


def _why(error: Exception) -> RunFault:
    if isinstance(error, RefusedRun):
        return error.why
    if isinstance(error, ShrunkList):
        return RunFault.SHRUNK
    rules = {problem.rule for problem in error.problems} if isinstance(error, AuthorError) else set()
    if rules & EMPTY:
        return RunFault.EMPTY
    if "contacts/generated" in rules:
        return RunFault.GENERATED
    return RunFault.UNREADABLE if rules else RunFault.REFUSED


async def _take(inst: Installation, taken: TakenRun) -> RunOutcome:
    wanted = await _approved(inst, taken)
    if len(taken.content) > LARGEST_WHOLE or (taken.rows or 0) > MOST_WHOLE:
        told = "more than {rows:,} rows or {size} MiB were read: let the query bring fewer"
        raise RefusedRun(RunFault.TOO_MUCH, t(told, rows=MOST_WHOLE, size=LARGEST_WHOLE >> 20))
    now = inst.clock.now()
    as_of = min(taken.as_of, now)
    if wanted.kind is FeedKind.CONSENTS:
        return RunOutcome(RunState.DONE, await _record(inst, taken, wanted, now), as_of)
    campaign = await _campaign(inst, taken, wanted)
    came = await _import(inst, taken, wanted, campaign, now)
    unknown = 0 if taken.ids is None else await _compare(inst, taken, wanted, came)
    if taken.what == "run":
        await _judge_month(inst, taken.feed, came, now)
    return RunOutcome(RunState.DONE, came, as_of, compared=taken.ids is not None, read_all=unknown > 0)


async def _approved(inst: Installation, taken: TakenRun) -> FeedDefinition:
    """The definition by which it was read: that of this worker's settings, and of the approval."""
    wanted = await asyncio.to_thread(definition_of, inst.settings, taken.feed)
    await feeds.lock(inst.store, taken.feed)
    stored = await feeds.feed(inst.store, taken.feed)
    approved = stored is not None and stored.state == FeedState.STARTED and stored.fingerprint == taken.fingerprint
    if taken.what == "run" and not approved:
        raise RefusedRun(
            RunFault.CHANGED, t("it was read by another definition than the approved one, or it is paused")
        )
    if wanted.fingerprint != taken.fingerprint:
        told = "agi-app.toml of this worker defines feed {feed} otherwise: let all have the same file and queries"
        raise RefusedRun(RunFault.CHANGED, t(told, feed=taken.feed))
    return wanted


async def _campaign(inst: Installation, taken: TakenRun, wanted: FeedDefinition) -> StoredCampaign:
    """The campaign as it is stored; for a check of a new one, as its file has it."""
    if taken.what == "check" and await load_campaign(inst.store, wanted.campaign) is None:
        project = await asyncio.to_thread(project_files.read, inst.settings.project)
        if (source := project.campaigns.get(wanted.campaign)) is not None:
            flow = project.flows.get(source.parsed.campaign.flow)
            parsed = source.parsed.campaign
            await save_campaign(inst.store, parsed, flow.file if flow else "", flow.text if flow else "")
    if (stored := await load_campaign(inst.store, wanted.campaign)) is None:
        raise RefusedRun(RunFault.REFUSED, t("there is no campaign {campaign}", campaign=wanted.campaign))
    return stored


def _flow_of(stored: StoredCampaign) -> Flow | None:
    try:
        return parse_flow(stored.flow_text.encode(), stored.flow_file).flow
    except AuthorError:
        return None


async def _import(
    inst: Installation, taken: TakenRun, wanted: FeedDefinition, stored: StoredCampaign, now: dt.datetime
) -> dict[str, Any]:
    if taken.rows == 0 and wanted.mode is FeedMode.CHANGES:
        return _nothing()
    flow = await asyncio.to_thread(_flow_of, stored)
    planner = await planner_for(inst.store, inst.settings.project, stored.campaign)

    async def bring(whole: Whole | None) -> ImportSummary:
        return await import_contacts_file(
            inst.store,
            stored.campaign,
            flow.languages if flow else (),
            MadeFile(taken.file or f"feed {taken.feed}", b"", io.BytesIO(taken.content), wanted.columns),
            now,
            flow=flow,
            by=ImportedBy(inst.actor.account, None, now, feed=taken.feed, noted=not taken.as_before),
            planner_for=planner,
            whole=whole,
        )

    if wanted.mode is not FeedMode.WHOLE:
        return _told(await bring(None))
    try:
        return _told(await bring(Whole.USUAL))
    except ShrunkList as error:
        if error.missing > taken.may_go:
            raise
    except AuthorError as error:
        if not EMPTY & {problem.rule for problem in error.problems}:
            raise
        return _nothing() | await _cancel_all(inst, taken, wanted.campaign, str(error))
    return _told(await bring(Whole.CONFIRMED))


async def _cancel_all(inst: Installation, taken: TakenRun, campaign: str, fault: str) -> dict[str, Any]:
    """Of an empty list, when somebody has confirmed that nobody is to be called. RefusedRun when nobody has."""
    async with contact_changes.listed(inst.store, []) as connection:
        found = await contact_changes.count_missing(connection, campaign, taken.feed)
        if found.missing > taken.may_go or not taken.may_go:
            raise RefusedRun(RunFault.EMPTY, fault, found.missing)
        gone = await contact_changes.cancel_missing(connection, campaign, taken.feed)
    return {"cancelled": gone, "gone": gone, "waiting": found.waiting}


async def _record(inst: Installation, taken: TakenRun, wanted: FeedDefinition, now: dt.datetime) -> dict[str, Any]:
    """Of a feed of consents."""
    if taken.rows == 0:
        return _nothing()
    if (purpose := Purpose(wanted.purpose)) is Purpose.MARKETING:
        raise RefusedRun(RunFault.REFUSED, t("consents for marketing never come by a feed"))
    made = MadeFile(taken.file or f"feed {taken.feed}", b"", io.BytesIO(taken.content), wanted.columns)
    terms = FedTerms(taken.feed, purpose, wanted.wording)
    return _told(await import_fed_consents(inst.store, made, terms, await registered_wordings(inst), now))


def _nothing() -> dict[str, Any]:
    return {**dict.fromkeys((*COUNTS, "cancelled", "gone", "waiting"), 0), "faults": [], "notes": []}


def _told(done: ImportSummary) -> dict[str, Any]:
    return {
        **{name: getattr(done, name) for name in COUNTS},
        "cancelled": done.cancelled,
        "gone": done.cancelled,
        "waiting": done.waiting,
        "faults": _faults(done.problems),
        "notes": [without_numbers(note) for note in done.notes],
    }


def _faults(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """The first rejected rows, without numbers."""
    return [
        {"line": one.line, "column": one.column, "rule": one.rule, "text": without_numbers(one.message)}
        for one in problems[:MOST_FAULTS]
    ]


async def _compare(inst: Installation, taken: TakenRun, wanted: FeedDefinition, came: dict[str, Any]) -> int:
    """Cancel whose ids are no longer among all; returns how many ids have no contact: changes that were missed."""
    ids = await asyncio.to_thread(_ids_of, taken.ids or b"")
    if not ids:
        raise RefusedRun(RunFault.EMPTY, t("the query of all ids brings none; nobody was cancelled"))
    async with contact_changes.listed(inst.store, ((one, True) for one in ids)) as connection:
        found = await contact_changes.count_missing(connection, wanted.campaign, taken.feed)
        if found.missing > taken.may_go:
            refuse_shrunk(found, taken.feed, taken.feed)
        gone = await contact_changes.cancel_missing(connection, wanted.campaign, taken.feed)
        unknown = await fed_contacts.count_unknown(connection, wanted.campaign)
    came |= {"cancelled": came["cancelled"] + gone, "gone": gone, "waiting": found.waiting, "unknown": unknown}
    return unknown


def _ids_of(lines: bytes) -> list[str]:
    """Each once."""
    return list(dict.fromkeys(filter(None, (line.strip() for line in lines.decode().splitlines()))))


async def _judge_month(inst: Installation, feed: str, came: dict[str, Any], now: dt.datetime) -> None:
    """Note what should be known of all runs of 30 days together: a list that shrinks in small steps."""
    month = await fed_contacts.month(inst.store, feed, now)
    gone, had = month.gone + came["gone"], max(month.had + came["added"], came["waiting"])
    if came["gone"] and gone > max(UNUSUAL, had / UNUSUAL):
        came["shrinking"] = True
        note = "in 30 days {gone} of {had} contacts were cancelled because the feed no longer had them"
        came["notes"].append(t(note, gone=gone, had=had))
