"""complaint add, received, import: open cases. One about our calls brings a stop with it."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from agi_app.campaigns.calling_rules.rule_files import load_ruleset
from agi_app.cli.common import (
    HERE,
    JsonOption,
    ProjectOption,
    interrupted,
    login_name,
    read_number,
    say,
    say_json,
    say_lines,
    settings_of,
    warn,
    with_installation,
)
from agi_app.cli.people.complaint_words import learn_words, recording_of, said_words
from agi_app.clock import SystemClock
from agi_app.consent.complaints import OURS, RECEIVED, Complaint, due_at, open_case
from agi_app.consent.entered_stops import VIA, stop_number, stops_without_database
from agi_app.consent.evidence import EvidenceFiles, read_evidence
from agi_app.contacts.columns import RejectedRow
from agi_app.contacts.complaint_file import ComplaintRow, parse_complaints
from agi_app.contacts.consent_file import NotATime, parse_instant
from agi_app.contacts.tables.opening import LARGEST_WHOLE, all_rows, open_table, private_copy
from agi_app.errors import InputError, StoreError
from agi_app.event_loop import in_background
from agi_app.installation import Installation
from agi_app.model.phone import mask, parse
from agi_app.printable import count_of
from agi_app.store.calling.campaigns import campaign_names, option_names_one
from agi_app.store.people.stops import Details

REASON = "complained about a call"
_CALLER = re.compile(r"[+0-9*# ()-]{1,40}|anonymous")
EnteredBy = Annotated[str, typer.Option(help="Who enters it; default: the login name.")]
EvidenceFile = Annotated[Path | None, typer.Option(help="A letter, a recording; it is kept encrypted.")]
Recognise = Annotated[bool, typer.Option("--recognise", help="Take its opening words from the recording, by [speech].")]
NoStop = Annotated[bool, typer.Option("--no-stop", help="Take no stop: the person still wants our calls.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("add")(add)
    app.command("received")(received)
    app.command("import")(import_)


def add(
    number: Annotated[str, typer.Argument(help="Who complains, with country code.")],
    text: Annotated[str, typer.Option(help="What was said.")],
    project: ProjectOption = HERE,
    campaign: Annotated[str, typer.Option(help="The campaign that it is about, if that is known.")] = "",
    at: Annotated[str, typer.Option(help="When it came in, ISO 8601 with an offset; default: now.")] = "",
    source: Annotated[str, typer.Option(help="How it came in: letter, e-mail, authority …")] = "by hand",
    evidence_file: EvidenceFile = None,
    no_stop: NoStop = False,
    entered_by: EnteredBy = "",
) -> None:
    """Open a case about a call of ours. The person is not called again, unless --no-stop says that they wish it."""
    e164, who, said_at = read_number(number), login_name(entered_by), _instant("--at", at)
    content = read_evidence(evidence_file) if evidence_file else None
    if not text.strip():
        raise InputError("--text: is empty; write what was said")

    async def work(inst: Installation) -> list[str]:
        when = _past(inst, said_at, at)
        lines = [] if no_stop else [await _stop(inst, e164, source, who, when)]
        await option_names_one(inst.store, campaign, "no case was opened" + "".join(f"; {line}" for line in lines))
        proof = await _keep(inst, content, evidence_file)
        told = Complaint(parse(e164), when, source, text.strip(), who, campaign or None, evidence=proof)
        return [await _open(inst, told), *(lines or [f"{mask(e164)}: no stop was taken (--no-stop)"])]

    try:
        lines = with_installation(project, work)
    except StoreError as error:
        if no_stop:
            raise
        stops_without_database(settings_of(project), SystemClock(), [e164], VIA)
        raise StoreError(
            f"the stop is safe in the journal, but no case was opened, enter it again later: {error}"
        ) from error
    for line in lines:
        say(line)


def received(
    caller: Annotated[str, typer.Argument(help="The number that called, as it was shown, or: anonymous.")],
    on: Annotated[str, typer.Option(help="The number that was called, with country code.")],
    time: Annotated[list[str], typer.Option(help="When it called, ISO 8601 with an offset; may be repeated.")],
    text: Annotated[str, typer.Option(help="What was said or wanted.")],
    project: ProjectOption = HERE,
    category: Annotated[str, typer.Option(help="What kind: loans, property, training …")] = "",
    name: Annotated[str, typer.Option(help="The company or product that was named.")] = "",
    evidence_file: EvidenceFile = None,
    transcript: Annotated[str, typer.Option(help="Its opening words: callers who say the same are known by it.")] = "",
    recognise: Recognise = False,
    entered_by: EnteredBy = "",
) -> None:
    """Open a case about calls of others to somebody of ours; its export has the fields of complaint centres."""
    recording = recording_of(recognise, transcript, evidence_file)
    if not _CALLER.fullmatch(caller.strip()):
        raise InputError(f"{caller!r} is no number as a telephone shows it, nor the word anonymous")
    e164, who = read_number(on), login_name(entered_by)
    times = sorted(instant for written in time if (instant := _instant("--time", written)) is not None)
    content = read_evidence(evidence_file) if evidence_file else None

    async def work(inst: Installation) -> str:
        for instant in times:
            _past(inst, instant, f"--time {instant.isoformat()}")
        details = {
            "caller": caller.strip(),
            "times": [instant.isoformat() for instant in times],
            "category": category,
            "name": name,
        }
        said = await said_words(inst, transcript, recording)
        proof = await _keep(inst, content, evidence_file)
        told = Complaint(parse(e164), inst.clock.now(), "received", text, who, evidence=proof, details=details)
        number = await open_case(inst.store, load_ruleset(inst.settings.project), told, RECEIVED)
        known = await learn_words(inst, caller, times, said, who) if said is not None else ""
        line = f"case {number}: {len(times)} calls to {mask(e164)}; `agi-app complaint export {number}` writes it out"
        return f"{line}\n{known}" if known else line

    say_lines(with_installation(project, work))


def import_(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX: number, text; may be: time, source, campaign.")],
    project: ProjectOption = HERE,
    no_stop: NoStop = False,
    entered_by: EnteredBy = "",
    as_json: JsonOption = False,
) -> None:
    """Open a case for each row of a file; nobody in it is called again. A row with a fault opens no case."""
    who = login_name(entered_by)

    async def work(inst: Installation) -> tuple[int, int]:
        opened = rejected = 0
        known = await campaign_names(inst.store)
        for row in await in_background(_read, file, inst.clock.now(), known):
            if isinstance(row, RejectedRow):
                warn(row.problem(file.name))
                rejected += 1
                continue
            when = row.at or inst.clock.now()
            if not no_stop:
                await _stop(inst, row.number.e164, row.source, who, when)
            if row.fault is not None:
                warn(row.fault.problem(file.name))
                rejected += 1
                continue
            await _open(inst, Complaint(row.number, when, row.source, row.text, who, row.campaign))
            opened += 1
        return opened, rejected

    with interrupted(f"{file}: interrupted; `agi-app complaint list` shows the cases that are open"):
        opened, rejected = with_installation(project, work)
    if as_json:
        say_json({"opened": opened, "rejected": rejected})
    else:
        whose = " whose number could be read" if rejected else ""
        stops = "no stops were taken" if no_stop else f"nobody in it{whose} is called again"
        say(f"{file.name}: {count_of(opened, 'case')} opened, {count_of(rejected, 'row')} rejected; {stops}")
    raise typer.Exit(1 if rejected else 0)


def _read(file: Path, now: dt.datetime, campaigns: list[str]) -> list[ComplaintRow | RejectedRow]:
    with ExitStack() as stack:
        table = open_table(private_copy(file, stack, LARGEST_WHOLE), file.name)
        return all_rows(parse_complaints(table, now, campaigns), file.name)


async def _open(inst: Installation, told: Complaint) -> str:
    ruleset = load_ruleset(inst.settings.project)
    number = await open_case(inst.store, ruleset, told, OURS)
    due = due_at(told.number, told.received_at, ruleset)
    until = f"to be answered by {due:%Y-%m-%d}" if due is not None else "no rule says until when it must be answered"
    return f"case {number}: open, {until} ({told.number.region}; `agi-app rules show {told.number.region}`)"


async def _stop(inst: Installation, number: str, source: str, who: str, at: dt.datetime) -> str:
    """First of all: whoever complains is not called again, whatever becomes of the case."""
    details = Details(method=source, entered_by=who)
    answer = await stop_number(inst.store, inst.journal, inst.clock, number, REASON, details, at)
    return f"{mask(number)} will never be called again; calls ended: {answer.ended}"


async def _keep(inst: Installation, content: bytes | None, file: Path | None) -> tuple[bytes, str] | None:
    if content is None or file is None:
        return None
    return await asyncio.to_thread(EvidenceFiles(inst.settings.data).keep, content), file.name


def _instant(option: str, text: str) -> dt.datetime | None:
    try:
        return parse_instant(text) if text else None
    except NotATime as error:
        raise InputError(f"{option} {text}: {error}") from None


def _past(inst: Installation, at: dt.datetime | None, written: str) -> dt.datetime:
    now = inst.clock.now()
    if at is not None and at > now:
        raise InputError(f"{written}: is in the future")
    return at or now
