"""complaint: cases about our calls, which bring a stop with them, and about calls of others."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from agi_app.cli.common import (
    HERE,
    JsonOption,
    ProjectOption,
    counts,
    interrupted,
    needed_settings,
    read_number,
    say,
    say_json,
    table,
    warn,
    with_installation,
    with_needed,
)
from agi_app.errors import Forbidden, InputError, StoreError
from agi_app.messages import current, t
from agi_app.model.phone import mask
from agi_app.operations.people import complaints, stops
from agi_app.operations.people.complaints import CaseState, SeenCase
from agi_app.operations.people.person_records import StoryLanguage
from agi_app.operations.people.time_and_evidence import SaidAt, evidence, instant, refused_at
from agi_app.printable import count_of

app = typer.Typer(help="Complaints: about your calls, and about calls that others made to you.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(metavar="CASE", help="The number of the case; `complaint list` shows it.")]
EvidenceFile = Annotated[Path | None, typer.Option(help="A letter, a recording; it is kept encrypted.")]
Recognise = Annotated[bool, typer.Option("--recognise", help="Take its opening words from the recording, by [speech].")]
NoStop = Annotated[bool, typer.Option("--no-stop", help="Take no stop: the person still wants your calls.")]


@app.command()
def add(
    number: Annotated[str, typer.Argument(help="Who complains, with country code.")],
    text: Annotated[str, typer.Option(help="What was said.")],
    project: ProjectOption = HERE,
    campaign: Annotated[str, typer.Option(help="The campaign that it is about, if that is known.")] = "",
    at: Annotated[str, typer.Option(help="When it came in, ISO 8601 with an offset; default: now.")] = "",
    source: Annotated[str, typer.Option(help="How it came in: letter, e-mail, authority …")] = "by hand",
    evidence_file: EvidenceFile = None,
    no_stop: NoStop = False,
) -> None:
    """Open a case about a call of yours. The person is not called again, unless --no-stop says that they want to be."""
    e164 = read_number(number)
    told = t("the stop is safe in the journal, but no case was opened; enter the complaint again later")
    with _stops_kept(project, None if no_stop else lambda: [e164], told):
        try:
            said, proof = refused_at("--at", at), evidence(evidence_file)
            if not text.strip():
                raise InputError(t("--text: is empty; write what was said"))
        except InputError as fault:
            ended = None if no_stop else with_needed(project, complaints.stop_alone, e164, source)
            with complaints.no_case(e164, ended):
                raise fault from None
        opened = with_needed(
            project,
            complaints.add,
            e164,
            text.strip(),
            said=said,
            source=source,
            campaign=campaign,
            proof=proof,
            take_stop=not no_stop,
        )
    _say_opened(e164, opened)


def _say_opened(e164: str, opened: complaints.OpenedCase) -> None:
    region, due = opened.region, opened.due
    until = (
        t("to be answered by {due:%Y-%m-%d}", due=due)
        if due is not None
        else t("no rule says until when it must be answered")
    )
    say(
        t(
            "case {case}: open, {until} ({region}; `agi-app rules show {region}`)",
            case=opened.case,
            until=until,
            region=region,
        )
    )
    stopped = complaints.stopped(e164, opened.ended) if opened.ended is not None else ""
    say(stopped or t("{mask}: no stop was taken (--no-stop)", mask=mask(e164)))


@contextmanager
def _stops_kept(project: Path, numbers: Callable[[], list[str]] | None, told: str) -> Iterator[None]:
    """When the database fails, the stops of these numbers are in the journal; this says so. None: none are taken.

    Nor does a stop wait for a role: an account that may open no case stops the calls, and is told both.
    """
    try:
        yield
    except Forbidden as refused:
        if numbers is not None:
            with_needed(project, complaints.stops_alone, numbers())
            raise Forbidden(t("{fault}; the stop was taken", fault=refused), refused.scope) from refused
        raise
    except StoreError as error:
        if numbers is None:
            raise
        stops.without_database(needed_settings(project), numbers())
        raise StoreError(f"{told}: {error}") from error


@app.command()
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
) -> None:
    """Open a case about calls that others made to you; its export has the fields that complaint centres ask for."""
    if recognise and (transcript or evidence_file is None):
        raise InputError(t("--recognise: needs a recording as --evidence-file, and no --transcript"))
    caller = complaints.caller_of(caller)
    e164 = read_number(on)
    times = sorted(at for written in time if (at := instant("--time", written)) is not None)
    opened = with_installation(
        project,
        complaints.received,
        caller,
        e164,
        [SaidAt(at, f"--time {at.isoformat()}") for at in times],
        text,
        category=category,
        name=name,
        proof=evidence(evidence_file),
        transcript=transcript,
        recording=evidence_file if recognise else None,
    )
    case, script = opened.case, opened.script
    say(
        t(
            "case {case}: {times} to {mask}; `agi-app complaint export {case}` writes it out",
            case=case,
            times=count_of(len(times), "call"),
            mask=mask(e164),
        )
    )
    if opened.learned:
        say(
            t(
                "callers who say the same are known by the script {script}; `agi-app guard script list` shows them",
                script=script,
            )
        )


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX: number, text; may be: time, source, campaign.")],
    project: ProjectOption = HERE,
    no_stop: NoStop = False,
    as_json: JsonOption = False,
) -> None:
    """Open a case for each row of a file; nobody in it is called again. A row with a fault opens no case."""
    kept = None if no_stop or not file.is_file() else lambda: complaints.numbers_in(file)  # a pipe is read once
    told = t(
        "the stops of all numbers that could be read are safe in the journal, but not every case was"
        " opened; `agi-app complaint list` shows those that were"
    )
    with (
        interrupted(t("{file}: interrupted; `agi-app complaint list` shows the cases that are open", file=file)),
        _stops_kept(project, kept, told),
    ):
        opened, rejected = with_needed(project, complaints.import_file, file, take_stops=not no_stop, reject=warn)
    if as_json:
        say_json({"opened": opened, "rejected": rejected})
    else:
        whose = t(" whose number could be read") if rejected else ""
        stopped = t("no stops were taken") if no_stop else t("nobody in it{whose} is called again", whose=whose)
        say(
            t(
                "{name}: {opened} opened, {rejected} rejected; {stopped}",
                name=file.name,
                opened=count_of(opened, "case"),
                rejected=count_of(rejected, "row"),
                stopped=stopped,
            )
        )
    raise typer.Exit(1 if rejected else 0)


@app.command("list")
def list_(
    project: ProjectOption = HERE,
    state: Annotated[CaseState | None, typer.Option(help="Only cases in this state.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List the cases, those due first at the top; numbers are masked."""
    found = [_shown(case) for case in with_installation(project, complaints.cases, state)]
    if as_json:
        say_json(found)
        return
    columns = ("case", "kind", "state", "due", "number", "source", "campaign", "received")
    table(t("Complaints"), columns, ([case[name] for name in columns] for case in found))


@app.command()
def show(complaint_id: Number, project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Show a case and its result; the number is masked."""
    case = with_installation(project, complaints.show, complaint_id)
    row, notes = case.row, case.notes
    shown = _shown(case) | {"text": row.text, "details": row.details, "entered_by": row.entered_by}
    if as_json:
        say_json(shown | {"notes": [dataclasses.asdict(n) for n in notes]})
        return
    for name, value in shown.items():
        if value not in (None, "", {}):
            say(f"{name:<11} {value}")
    rows = ((f"{n.at:%Y-%m-%d %H:%M}", n.state, n.entered_by, n.text) for n in notes)
    if notes:
        table("Notes (UTC)", ("at", "state", "by", "note"), rows)


@app.command()
def note(
    complaint_id: Number,
    text: Annotated[str, typer.Argument(help="What was done or said.")],
    project: ProjectOption = HERE,
    state: Annotated[CaseState | None, typer.Option(help="The case is this from now on.")] = None,
) -> None:
    """Add a note to a case; nothing in a case is ever changed or removed."""
    if not text.strip():
        raise InputError(t("the note is empty: write what was done or said"))
    now = with_installation(project, complaints.note, complaint_id, text.strip(), state=state)
    say(t("case {complaint_id}: {now}", complaint_id=complaint_id, now=now))


@app.command()
def export(
    complaint_id: Number,
    out: Annotated[Path, typer.Option("--output", help="A new folder.")],
    project: ProjectOption = HERE,
    language: Annotated[
        StoryLanguage | None, typer.Option(help="Language of the story in it; default: that of all messages.")
    ] = None,
    reason: Annotated[str, typer.Option(help="What for; kept with the access note.")] = "",
) -> None:
    """Write a case with all evidence and its proof into a folder; shows whole numbers, which is noted."""
    why, story = reason.strip(), language or StoryLanguage(current())
    made = with_installation(project, complaints.export, complaint_id, out, language=story, reason=why)
    if made.proof is not None:
        say(
            t(
                "{out}: {counts}; signed at {at:%Y-%m-%d %H:%M:%S} UTC",
                out=out,
                counts=counts(made.proof.kinds),
                at=made.proof.checkpoint.at,
            )
        )
    for name in made.missing:
        warn(t("{name}: its file is no longer kept here", name=name))
    say(t("{out}: README.md says what is what and how to check it", out=out))


def _shown(seen: SeenCase) -> dict[str, Any]:
    case = seen.row
    due = "" if case.due_at is None else f"{case.due_at:%Y-%m-%d}"
    return {
        "case": case.complaint_id,
        "kind": case.kind,
        "state": case.state,
        "due": f"{due} LATE" if seen.late else due,
        "number": "erased" if case.erased_at else case.number,
        "source": case.source,
        "campaign": case.campaign or "",
        "received": f"{case.received_at:%Y-%m-%d %H:%M}",
    }
