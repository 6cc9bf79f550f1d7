"""consent: who agreed to what, in which words, and who took it back."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from agi_app.cli.common import (
    HERE,
    JsonOption,
    ProjectOption,
    interrupted,
    name_first,
    progress,
    read_number,
    say,
    say_json,
    say_summary,
    table,
    with_installation,
    with_needed,
)
from agi_app.cli.people.stop import AtOption, MethodOption, ProofOption, ReasonOption, ReferenceOption, SourceOption
from agi_app.errors import InputError
from agi_app.messages import current, t
from agi_app.model.campaign import Purpose
from agi_app.model.phone import mask
from agi_app.operations.people import consents, person_records, stops
from agi_app.operations.people.person_records import StoryLanguage
from agi_app.operations.people.time_and_evidence import evidence, refused_at
from agi_app.printable import count_of

app = typer.Typer(help="Recorded consents and stops.", no_args_is_help=True)
Reason = Annotated[str, typer.Option(help="What for, for example the number of a complaint.")]


@app.command()
def add(
    number: Annotated[str, typer.Argument(help="The number, with country code.")],
    purpose: Annotated[Purpose, typer.Option(help="What the person agreed to be called for.")],
    method: Annotated[str, typer.Option(help="How they agreed: web form, signed paper, recorded call …")],
    source: Annotated[str, typer.Option(help="The system or list that it comes from.")],
    project: ProjectOption = HERE,
    wording: Annotated[str, typer.Option(help="The registered text that they were shown, NAME/VERSION.")] = "",
    wording_file: Annotated[Path | None, typer.Option(help="Or a text file with the exact words.")] = None,
    language: Annotated[str, typer.Option(help="Language of the wording, such as zh-CN.")] = "",
    time: Annotated[str, typer.Option(help="When they agreed, ISO 8601 with an offset; default: now.")] = "",
    seller: Annotated[str, typer.Option(help="On whose behalf you call.")] = "",
    evidence: Annotated[str, typer.Option(help="Reference of the proof.")] = "",
    evidence_file: ProofOption = None,
    expires: Annotated[str, typer.Option(help="When it stops counting, ISO 8601.")] = "",
    person_id: Annotated[str, typer.Option(help="Your own id of the person; one person's numbers share it.")] = "",
) -> None:
    """Record one consent, by the same rules as `consent import`."""
    if bool(wording) == (wording_file is not None):
        raise InputError(t("give the words with --wording-file FILE, or a registered text with --wording NAME/VERSION"))
    e164 = read_number(number)
    cells = {
        "number": e164,
        "purpose": purpose.value,
        "wording": consents.wording_of(wording_file) if wording_file else "",
        "wording_id": wording,
        "method": method,
        "source": source,
        "language": language,
        "seller": seller,
        "evidence": evidence,
        "evidence_file": evidence_file.name if evidence_file else "",
        "time": time,
        "expires": expires,
        "person_id": person_id,
    }
    folder = evidence_file.parent if evidence_file else None
    counted = with_installation(project, consents.add, cells, evidence_folder=folder)
    what = "recorded" if counted.added else t("was recorded before, word for word")
    woken = (
        t("; {woken} decided again", woken=count_of(counted.woken, "contact is", "contacts are"))
        if counted.woken
        else ""
    )
    say(
        t(
            "{mask}: the consent to {purpose} calls {what}{woken}",
            mask=mask(e164),
            purpose=purpose,
            what=what,
            woken=woken,
        )
    )


@app.command("add-wording")
def add_wording(
    label: Annotated[str, typer.Argument(help="NAME/VERSION, for example signup-form/2.")],
    file: Annotated[Path, typer.Argument(help="A text file (UTF-8) with the exact words that people are shown.")],
    project: ProjectOption = HERE,
    language: Annotated[
        str, typer.Option(help="Language of the text, such as zh-CN; one text for each language.")
    ] = "",
) -> None:
    """Register the exact words of a form or a script, so that consents can point to them. Never changed afterwards."""
    language = consents.language_of(language)
    name_first(label, file, "agi-app consent add-wording NAME/VERSION FILE")
    text = consents.wording_of(file)
    number = with_installation(project, consents.add_wording, label, text, language=language)
    say(t("{label}: registered as wording {number}, {text} characters", label=label, number=number, text=len(text)))


@app.command("wordings")
def list_wordings(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """List the registered wordings with how many consents point to each."""
    found = with_installation(project, consents.wordings)
    if as_json:
        say_json([{**dataclasses.asdict(w), "sha256": w.sha256.hex()} for w in found])
        return
    table(
        t("Wordings"),
        ("wording", "language", "consents", "entered by", "recorded", "text"),
        ((w.label, w.language, w.consents, w.entered_by, f"{w.recorded_at:%Y-%m-%d}", w.text) for w in found),
    )


@app.command()
def show(
    number: Annotated[str, typer.Argument(help="The number, with country code.")],
    project: ProjectOption = HERE,
    language: Annotated[
        StoryLanguage | None, typer.Option(help="Language of the story; default: that of all messages.")
    ] = None,
    reason: Reason = "",
    as_json: JsonOption = False,
) -> None:
    """Show everything recorded about a person: when and in which words they agreed, each call, when they refused."""
    story = language or StoryLanguage(current())
    told = with_installation(project, person_records.show, read_number(number), story, reason=reason)
    if as_json:
        known = None if told.history is None else dataclasses.asdict(told.history)
        say_json(known and known | {"refusals": [dataclasses.asdict(r) for r in told.refusals]})
        return
    for line in told.lines:
        say(line)


@app.command("evidence")
def write_evidence(
    number: Annotated[str, typer.Argument(help="The number, with country code.")],
    out: Annotated[Path, typer.Option("--output", help="The folder that the files are written into.")],
    project: ProjectOption = HERE,
    reason: Reason = "",
) -> None:
    """Write the kept evidence of a person's consents and refusals, decrypted and verified, into a folder."""
    written = with_installation(project, person_records.write_evidence, read_number(number), out, reason=reason)
    for line in written or [t("no evidence file is kept for this number")]:
        say(line)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX: number, purpose, wording, method, time, source.")],
    project: ProjectOption = HERE,
    evidence_folder: Annotated[
        Path | None, typer.Option(help="The folder with the files that the column evidence_file names; they are kept.")
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(help="Which sheet of an Excel workbook; default: the first that is visible.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Record consents. A row without purpose, wording, method, time or source is refused."""
    if evidence_folder is not None and not evidence_folder.is_dir():
        raise InputError(
            t("--evidence-folder {evidence_folder}: there is no such folder", evidence_folder=evidence_folder)
        )

    more = t(
        "the batches stored so far stay; run the same command again: rows that are already there count as unchanged"
    )
    with interrupted(t("{file}: interrupted; {more}", file=file, more=more)), progress("consents") as report:
        summary = with_installation(
            project,
            consents.import_file,
            file,
            evidence_folder=evidence_folder,
            sheet=sheet,
            progress=report,
        )
    say_summary(summary, as_json)


@app.command()
def withdraw(
    number: Annotated[str, typer.Argument(help="The number, with country code.")],
    purpose: Annotated[
        Purpose, typer.Option(help="For which purpose; `agi-app stop` is for all of them, permanently.")
    ],
    project: ProjectOption = HERE,
    reason: ReasonOption = stops.BY_HAND,
    at: AtOption = "",
    method: MethodOption = "",
    source: SourceOption = "",
    reference: ReferenceOption = "",
    evidence_file: ProofOption = None,
) -> None:
    """Withdraw a consent for one purpose; a later one for it counts again. Calls for it are ended."""
    e164 = read_number(number)
    said, proof = refused_at("--at", at), evidence(evidence_file)
    answer = with_needed(
        project,
        stops.stop,
        e164,
        reason,
        purpose=purpose,
        said=said,
        method=method,
        source=source,
        reference=reference,
        proof=proof,
    )
    say(
        t(
            "{mask} consent for {purpose} is withdrawn; calls ended: {ended}",
            mask=mask(e164),
            purpose=purpose,
            ended=answer.ended,
        )
    )
