"""Complaints: about our calls, and about calls of others. One about our calls brings a stop with it.

The audit records each case and each note, who entered them, and who took a case out with whole numbers.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from agi_app.atomic_files import kept_name
from agi_app.campaigns.calling_rules.rule_files import load_ruleset
from agi_app.consent.complaints import RECEIVED, Complaint, due_at, open_case
from agi_app.consent.evidence import KeptFiles
from agi_app.contacts.columns import RejectedRow
from agi_app.contacts.complaint_file import ComplaintRow, parse_complaints
from agi_app.contacts.tables.opening import LARGEST_WHOLE, all_rows, open_table, private_copy, sha256_of_copy
from agi_app.errors import AuthorError, InputError, Problem
from agi_app.event_loop import in_background
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.model.phone import mask, parse
from agi_app.operations.acting import imported_by, noted, reads
from agi_app.operations.people import opening_words
from agi_app.operations.people.stops import stop
from agi_app.operations.people.time_and_evidence import ENDED_EVERYWHERE, NOW, Evidence, SaidAt, keep
from agi_app.proof.notary import Notary
from agi_app.reports import complaint_bundle
from agi_app.reports.complaint_bundle import Bundle
from agi_app.store.calling.campaigns import campaign_names, option_names_one
from agi_app.store.people import complaints as table
from agi_app.store.people import imported_files
from agi_app.store.people.complaints import CaseRow, NoteRow

REASON = "complained about a call"
NOT_ENTERED = "a complaint that could not be entered"
_CALLER = re.compile(r"[+0-9*# ()-]{1,40}|anonymous")


class CaseState(StrEnum):
    """How far a case is."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class SeenCase:
    """A case with its notes; ``late``: it was to be answered already."""

    row: CaseRow
    late: bool
    notes: Sequence[NoteRow] = ()


@dataclass(frozen=True, slots=True)
class OpenedCase:
    """A case about a call of ours: by when the rules of the region want an answer, and what its stop ended."""

    case: int
    region: str
    due: dt.datetime | None  # None: no rule says
    ended: int | None  # calls; None: no stop was taken


@dataclass(frozen=True, slots=True)
class ReceivedCase:
    """A case about calls of others; when opening words were ``learned``, the script that they are of."""

    case: int
    learned: bool = False
    script: str | None = None


@noted(Scope.COMPLAINTS_CHANGE, "complaint add", number="number")
async def add(
    inst: Installation,
    number: str,
    text: str,
    *,
    said: SaidAt = NOW,
    source: str,
    campaign: str = "",
    proof: Evidence | None = None,
    take_stop: bool = True,
) -> OpenedCase:
    """Open a case about a call of ours. The person is not called again, unless no stop is to be taken.

    The stop comes first and holds whatever happens to the case. Raises InputError, StoreError, SafetyError.
    """
    now = inst.clock.now()
    ended = await stop_alone(inst, number, source, min(said.until or said.at or now, now)) if take_stop else None
    with no_case(number, ended):
        said.by(now)
        when = said.at or now  # of a day alone its start: the answer is due from then on
        await option_names_one(inst.store, campaign, done="")
        kept = await keep(inst, proof)
    told = Complaint(parse(number), when, source, text, inst.actor.account, campaign or None, evidence=kept)
    return await _open(inst, told, ended)


@reads(Scope.STOPS_ENTER)  # the stop itself is noted
async def stop_alone(inst: Installation, number: str, source: str, at: dt.datetime | None = None) -> int:
    """The stop of a complaint, said ``at`` or now; returns how many calls it ended.

    It comes first of all: a person who complains is not called again, whatever happens to the case.
    """
    said = SaidAt(at or inst.clock.now())
    return (await stop(inst, number, REASON, said=said, method=source)).ended


@reads(Scope.STOPS_ENTER)  # each stop is noted
async def stops_alone(inst: Installation, numbers: Sequence[str]) -> None:
    """The stops of complaints by an account that may open no case."""
    for number in numbers:
        await stop_alone(inst, number, NOT_ENTERED)


@contextmanager
def no_case(number: str, ended: int | None) -> Iterator[None]:
    """An InputError of the block says what has been done: no case was opened, but a stop taken, if one was."""
    try:
        yield
    except InputError as error:
        done = "" if ended is None else f"; {stopped(number, ended)}"
        raise InputError(t("{error}; no case was opened{done}", error=error, done=done)) from None


def stopped(number: str, ended: int) -> str:
    """What the stop of a complaint met, in words."""
    return f"{mask(number)} will never be called again; calls ended: {ended}"


@noted(Scope.COMPLAINTS_CHANGE, "complaint received", number="on")
async def received(
    inst: Installation,
    caller: str,
    on: str,
    times: Sequence[SaidAt],
    text: str,
    *,
    category: str = "",
    name: str = "",
    proof: Evidence | None = None,
    transcript: str = "",
    recording: Path | None = None,
) -> ReceivedCase:
    """Open a case about calls of others to one of our people, whose number is ``on``.

    Its opening words, typed or recognised in ``recording``, make callers known who say the same. Raises InputError,
    ConfigError, StoreError.
    """
    when = [at.by(inst.clock.now()) for at in times]
    details = {"caller": caller, "times": [at.isoformat() for at in when], "category": category, "name": name}
    said = await opening_words.of(inst, transcript, recording)
    kept = await keep(inst, proof)
    told = Complaint(parse(on), inst.clock.now(), "received", text, inst.actor.account, evidence=kept, details=details)
    number = await open_case(inst.store, load_ruleset(inst.settings.project), told, RECEIVED)
    if said is None:
        return ReceivedCase(number)
    at = when[-1] if when else inst.clock.now()
    return ReceivedCase(number, True, await opening_words.learn(inst, caller, at, said, inst.actor.account))


def caller_of(text: str) -> str:
    """A caller's number as a telephone shows it, or the word anonymous; InputError when it is neither."""
    if not _CALLER.fullmatch(text.strip()):
        raise InputError(t("{text!r} is neither a number as a telephone shows it, nor the word anonymous", text=text))
    return text.strip()


@noted(Scope.COMPLAINTS_CHANGE, "complaint import", "file")
async def import_file(
    inst: Installation, file: Path, *, take_stops: bool = True, reject: Callable[[Problem], None]
) -> tuple[int, int]:
    """Open a case for each row of a file; returns how many were opened and how many rows were rejected.

    ``reject`` gets each fault; such a row opens no case, but its stop is taken if its number can be read. Raises
    AuthorError or InputError when the file as a whole will not do, StoreError.
    """
    rows, digest = await in_background(_read, file, inst.clock.now(), await campaign_names(inst.store))
    for row in rows if take_stops else ():  # all of them before the first case: whatever ends this, they hold
        if isinstance(row, ComplaintRow):
            until = row.at + ENDED_EVERYWHERE if row.at is not None and row.day_only else row.at
            await stop_alone(inst, row.number.e164, row.source, until and min(until, inst.clock.now()))
    for fault in filter(None, (row if isinstance(row, RejectedRow) else row.fault for row in rows)):
        reject(fault.problem(file.name))
    good = [row for row in rows if isinstance(row, ComplaintRow) and row.fault is None]
    seen = imported_files.FileSeen("complaints", kept_name(file.name), digest, len(rows), len(rows) - len(good))
    number = await imported_files.begin(inst.store, seen, imported_by(inst))
    for row in good:
        when = row.at or inst.clock.now()
        await _open(inst, Complaint(row.number, when, row.source, row.text, inst.actor.account, row.campaign), None)
    await imported_files.stored(inst.store, number, len(good), 0, 0)
    return len(good), len(rows) - len(good)


def numbers_in(file: Path) -> list[str]:
    """The E.164 numbers of a file of complaints, for stops that no database takes now. Blocks. Raises AuthorError."""
    rows, _ = _read(file, dt.datetime.max.replace(tzinfo=dt.UTC), None)
    return [row.number.e164 for row in rows if isinstance(row, ComplaintRow)]


def _read(file: Path, now: dt.datetime, campaigns: list[str] | None) -> tuple[list[ComplaintRow | RejectedRow], bytes]:
    """The rows, and the SHA-256 of the file."""
    try:
        with ExitStack() as stack:
            copy = private_copy(file, stack, LARGEST_WHOLE)
            rows = all_rows(parse_complaints(open_table(copy, file.name), now, campaigns), file.name)
            return rows, sha256_of_copy(copy)
    except AuthorError as error:
        none = "; no case was opened and NO STOP TAKEN from this file: fix it and import it again"
        raise AuthorError(*(replace(each, message=each.message + none) for each in error.problems)) from None


async def _open(inst: Installation, told: Complaint, ended: int | None) -> OpenedCase:
    ruleset = load_ruleset(inst.settings.project)
    number = await open_case(inst.store, ruleset, told)
    return OpenedCase(number, told.number.region, due_at(told.number, told.received_at, ruleset), ended)


@reads(Scope.COMPLAINTS_READ)
async def cases(inst: Installation, state: CaseState | None = None) -> list[SeenCase]:
    """All cases, or those in one state; what is due first comes first. Raises StoreError."""
    now = inst.clock.now()
    return [_seen(row, now) for row in await table.cases(inst.store, state.value if state else None)]


@reads(Scope.COMPLAINTS_READ)
async def show(inst: Installation, case: int) -> SeenCase:
    """One case and the result. Raises InputError when there is none, StoreError."""
    row, notes = await table.case_of(inst.store, case)
    return _seen(row, inst.clock.now(), notes)


def _seen(row: CaseRow, now: dt.datetime, notes: Sequence[NoteRow] = ()) -> SeenCase:
    return SeenCase(row, row.state == CaseState.OPEN and row.due_at is not None and row.due_at < now, notes)


@noted(Scope.COMPLAINTS_CHANGE, "complaint note", "case")
async def note(inst: Installation, case: int, text: str, *, state: CaseState | None = None) -> str:
    """Add a note; returns the case's state. Nothing of a case is ever changed. Raises InputError, StoreError."""
    return await table.note(
        inst.store, case, inst.clock.now(), state.value if state else None, text, inst.actor.account
    )


@noted(Scope.EXPORTS_WHOLE, "complaint export", "case")
async def export(inst: Installation, case: int, folder: Path, *, language: str, reason: str) -> Bundle:
    """Write a case with all evidence and its proof into a new folder; shows whole numbers, which is noted.

    Raises InputError when there is no such case, it was erased, or the folder will not do, StoreError.
    """
    notary, files = await Notary.open(inst.settings, inst.store), KeptFiles.of(inst.settings.data)
    made = await complaint_bundle.gather(
        inst.store,
        notary,
        files,
        inst.clock,
        case,
        entered_by=inst.actor.account,
        reason=reason or f"complaint {case}",
        language=language,
    )
    await asyncio.to_thread(complaint_bundle.write, made, folder)
    return made
