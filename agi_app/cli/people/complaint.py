"""complaint list, show, note, export: the cases; what opens them is in complaint_add."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from agi_app.cli.common import (
    HERE,
    JsonOption,
    ProjectOption,
    counts,
    login_name,
    say,
    say_json,
    table,
    warn,
    with_installation,
)
from agi_app.cli.people import complaint_add
from agi_app.cli.people.consent_show import StoryLanguage
from agi_app.consent.evidence import KeptFiles
from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.model.phone import mask
from agi_app.proof.notary import Notary
from agi_app.reports import complaint_bundle
from agi_app.reports.complaint_bundle import Bundle, CaseAccess
from agi_app.store.people import complaints
from agi_app.store.people.complaints import CaseRow, NoteRow

app = typer.Typer(help="Complaints: about our calls, and about calls of others.", no_args_is_help=True)
complaint_add.add_to(app)
Number = Annotated[int, typer.Argument(metavar="CASE", help="The number of the case; `complaint list` shows it.")]
EnteredBy = Annotated[str, typer.Option(help="Who enters it; default: the login name.")]


class CaseState(StrEnum):
    """How far a case is."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


@app.command("list")
def list_(
    project: ProjectOption = HERE,
    state: Annotated[CaseState | None, typer.Option(help="Only cases in this state.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List the cases, what is due first at the top; numbers are masked."""

    async def work(inst: Installation) -> tuple[list[CaseRow], dt.datetime]:
        return await complaints.cases(inst.store, state.value if state else None), inst.clock.now()

    found, now = with_installation(project, work)
    if as_json:
        say_json([_shown(case, now) for case in found])
        return
    columns = ("case", "kind", "state", "due", "number", "source", "campaign", "received")
    table("Complaints", columns, ([_shown(c, now)[name] for name in columns] for c in found))


@app.command()
def show(complaint_id: Number, project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Show a case and what came of it; the number is masked."""

    async def work(inst: Installation) -> tuple[CaseRow, list[NoteRow], dt.datetime]:
        return *(await complaints.case_of(inst.store, complaint_id)), inst.clock.now()

    case, notes, now = with_installation(project, work)
    shown = _shown(case, now) | {"text": case.text, "details": case.details, "entered_by": case.entered_by}
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
    entered_by: EnteredBy = "",
) -> None:
    """Add a note to a case; nothing of a case is ever changed or taken away."""
    if not text.strip():
        raise InputError("the note is empty: write what was done or said")
    who = login_name(entered_by)

    async def work(inst: Installation) -> str:
        now = inst.clock.now()
        return await complaints.note(inst.store, complaint_id, now, state.value if state else None, text.strip(), who)

    say(f"case {complaint_id}: {with_installation(project, work)}")


@app.command()
def export(
    complaint_id: Number,
    out: Annotated[Path, typer.Option("--output", help="A new folder.")],
    project: ProjectOption = HERE,
    lang: Annotated[StoryLanguage, typer.Option(help="Language of the story in it.")] = StoryLanguage.EN,
    entered_by: EnteredBy = "",
    reason: Annotated[str, typer.Option(help="What for; kept with the access note.")] = "",
) -> None:
    """Write a case with all evidence and its proof into a folder; shows whole numbers, which is noted."""
    look = CaseAccess(login_name(entered_by), reason.strip() or f"complaint {complaint_id}")

    async def work(inst: Installation) -> Bundle:
        notary, files = await Notary.open(inst.settings, inst.store), KeptFiles.of(inst.settings.data)
        made = await complaint_bundle.gather(
            inst.store, notary, files, inst.clock, complaint_id, look, language=lang.value
        )
        await asyncio.to_thread(complaint_bundle.write, made, out)
        return made

    made = with_installation(project, work)
    if made.proof is not None:
        say(f"{out}: {counts(made.proof.kinds)}; signed at {made.proof.checkpoint.at:%Y-%m-%d %H:%M:%S} UTC")
    for name in made.missing:
        warn(f"{name}: its file is not kept here any more")
    say(f"{out}: README.md says what is what and how to check it")


def _shown(case: CaseRow, now: dt.datetime) -> dict[str, Any]:
    due = "" if case.due_at is None else f"{case.due_at:%Y-%m-%d}"
    late = case.state == CaseState.OPEN and case.due_at is not None and case.due_at < now
    return {
        "case": case.complaint_id,
        "kind": case.kind,
        "state": case.state,
        "due": f"{due} LATE" if late else due,
        "number": "erased" if case.erased_at else mask(case.number),
        "source": case.source,
        "campaign": case.campaign or "",
        "received": f"{case.received_at:%Y-%m-%d %H:%M}",
    }
