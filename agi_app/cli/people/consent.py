"""consent: who agreed to what, in which words, and who took it back."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from agi_app.cli.common import (
    HERE,
    JsonOption,
    ProjectOption,
    interrupted,
    login_name,
    progress,
    read_number,
    say,
    say_summary,
    warn,
    with_installation,
)
from agi_app.cli.people import consent_add, consent_show
from agi_app.cli.people.stops import take_list, without_database
from agi_app.consent.entered_stops import VIA, StopAnswer, stop_number, withdraw
from agi_app.consent.evidence import EvidenceFiles, read_evidence
from agi_app.contacts.consent_file import NotATime, parse_instant
from agi_app.contacts.importer import import_consent_file
from agi_app.contacts.storing import ImportSummary
from agi_app.errors import InputError, StoreError
from agi_app.installation import Installation
from agi_app.model.campaign import Purpose
from agi_app.model.phone import mask
from agi_app.store.people.stops import Details

_THERE = (
    "unchanged rows are recorded already; a row that was corrected in any column is a consent of its own, and the"
    " earlier one stays on record"
)

app = typer.Typer(help="Recorded consents and stops.", no_args_is_help=True)
consent_add.add_to(app)
consent_show.add_to(app)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX: number, purpose, wording, method, time, source.")],
    project: ProjectOption = HERE,
    entered_by: Annotated[str, typer.Option(help="Who enters these consents; default: the login name.")] = "",
    evidence_folder: Annotated[
        Path | None, typer.Option(help="Where the files lie that the column evidence_file names; they are kept.")
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(help="Which sheet of an Excel workbook; default: the first that is visible.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Record consents. A row without purpose, wording, method, time or source is refused."""
    if evidence_folder is not None and not evidence_folder.is_dir():
        raise InputError(f"--evidence-folder {evidence_folder}: there is no such folder")

    async def work(inst: Installation) -> ImportSummary:
        proofs = await consent_add.proofs_of(inst, evidence_folder)
        with progress("consents") as report:
            who, now = login_name(entered_by), inst.clock.now()
            done = await import_consent_file(inst.store, file, who, now, progress=report, proofs=proofs, sheet=sheet)
            return dataclasses.replace(done, notes=(*done.notes, _THERE)) if done.unchanged else done

    more = "batches that are stored stay; run the same command again: what is there already counts as unchanged"
    with interrupted(f"{file}: interrupted; {more}"):
        summary = with_installation(project, work)
    say_summary(summary, as_json)


@app.command()
def revoke(
    number: Annotated[str | None, typer.Argument(help="The number, with country code.")] = None,
    project: ProjectOption = HERE,
    file: Annotated[Path | None, typer.Option(help="A list of numbers instead, one a line.")] = None,
    purpose: Annotated[
        Purpose | None, typer.Option(help="Withdraw for this purpose only; default: a stop for ever.")
    ] = None,
    reason: Annotated[str, typer.Option(help="What was said.")] = "entered by hand",
    at: Annotated[str, typer.Option(help="When it was said, ISO 8601 with an offset; default: now.")] = "",
    method: Annotated[str, typer.Option(help="How it was said: letter, e-mail, at the desk …")] = "",
    source: Annotated[str, typer.Option(help="The system or list that it comes from.")] = "",
    evidence: Annotated[str, typer.Option(help="Reference of the proof.")] = "",
    evidence_file: Annotated[Path | None, typer.Option(help="The proof itself; it is kept encrypted.")] = None,
    entered_by: Annotated[str, typer.Option(help="Who enters it; default: the login name.")] = "",
) -> None:
    """Take a stop: at once, in every campaign, for ever. A ringing call is cancelled, an answered one ended."""
    if (number is None) == (file is None):
        raise InputError("give a number, or --file with a list of numbers")
    if file is not None:
        if purpose or at or method or source or evidence or evidence_file:
            raise InputError("--file takes stops for ever; the other options go with a single number")
        take_list(project, file)
    e164 = read_number(number or "")
    said_at = _instant(at)
    proof = read_evidence(evidence_file) if evidence_file else None
    who = login_name(entered_by)

    async def work(inst: Installation) -> StopAnswer:
        if said_at and said_at > inst.clock.now():
            raise InputError(f"--at {at}: is in the future")
        digest = await asyncio.to_thread(EvidenceFiles(inst.settings.data).keep, proof) if proof else None
        name = evidence_file.name if evidence_file else None
        details = Details(method or None, source or None, evidence or None, digest, name, who)
        if purpose is not None:
            return await withdraw(inst.store, inst.clock, e164, purpose, reason, details, said_at)
        return await stop_number(inst.store, inst.journal, inst.clock, e164, reason, details, said_at)

    try:
        answer = with_installation(project, work)
    except StoreError as error:
        if purpose is not None:
            raise
        without_database(project, [e164], VIA, error)
        answer = StopAnswer(0)
    scope = f"consent for {purpose} is withdrawn" if purpose else "will never be called again"
    say(f"{mask(e164)} {scope}; calls ended: {answer.ended}")
    if answer.waiting:
        warn(answer.waiting)


def _instant(text: str) -> dt.datetime | None:
    try:
        return parse_instant(text) if text else None
    except NotATime as error:
        raise InputError(f"--at {text}: {error}") from None
