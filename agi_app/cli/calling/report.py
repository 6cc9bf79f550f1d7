"""report: totals and every contact, as a table, JSON or CSV; live with --watch. Also the way to a call's recordings."""

from __future__ import annotations

import asyncio
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.live import Live

from agi_app.campaigns import control
from agi_app.cli.calling.totals_text import show_totals, totals_view
from agi_app.cli.common import (
    HERE,
    ProjectOption,
    err,
    login_name,
    say,
    table,
    with_installation,
)
from agi_app.errors import InputError
from agi_app.files import write_whole
from agi_app.installation import Installation
from agi_app.printable import in_json, lines
from agi_app.recordings.files import RecordingFiles
from agi_app.reports.recordings import RecordingAccess, fetched
from agi_app.reports.status import status_of
from agi_app.reports.totals import contact_record, to_csv, to_json
from agi_app.reports.why_waiting import why_nobody
from agi_app.store.calling.call_recordings import recordings_of
from agi_app.store.calling.reports import attempt_rows, contact_rows
from agi_app.store.requested_calls import agent_calls

WATCH_EVERY_S = 0.5


class ReportFormat(StrEnum):
    """How a report is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("report")(report)


def report(
    campaign: Annotated[str, typer.Argument(help="The campaign's name.")],
    project: ProjectOption = HERE,
    form: Annotated[
        ReportFormat, typer.Option("--format", help="table, json or csv (one line a contact).")
    ] = ReportFormat.TABLE,
    output: Annotated[Path | None, typer.Option(help="Write into this file instead of the terminal.")] = None,
    watch: Annotated[
        bool, typer.Option(help="Show progress live until nobody is left to call; Ctrl-C ends it.")
    ] = False,
    recording: Annotated[
        int | None, typer.Option(help="Write this recording, a number of the report, as WAV into --output; noted.")
    ] = None,
    reason: Annotated[str, typer.Option(help="With --recording: why you listen; it is kept.")] = "",
    entered_by: Annotated[str, typer.Option(help="With --recording: who listens; default: the login name.")] = "",
) -> None:
    """Report a campaign: outcomes, dispositions, refusals with reasons, each contact, what was recorded."""
    if recording is not None:
        if output is None:
            raise InputError("--recording needs --output FILE.wav")
        look, number = RecordingAccess(login_name(entered_by), reason), recording

        async def fetch(inst: Installation) -> bytes:
            return await fetched(inst.store, RecordingFiles(inst.settings.data), campaign, number, look)

        _write(output, with_installation(project, fetch), 0o600)
        return
    if output is not None and form is ReportFormat.TABLE:
        raise InputError("--output takes --format json or csv; a table is for the terminal")

    async def work(inst: Installation) -> str | None:
        if watch:
            await _watch(inst, campaign)
        return await _text(inst, campaign, form)

    text = with_installation(project, work)
    if text is None:
        return
    if output is None:
        if form is ReportFormat.JSON:
            text = in_json(text)
        elif sys.stdout.isatty():  # into a pipe it goes as it is
            text = lines(text.replace("\r\n", "\n"))
        print(text, end="" if text.endswith("\n") else "\n")  # noqa: T201 - the report itself
        return
    _write(output, text.encode())


def _write(output: Path, content: bytes, mode: int = 0o666) -> None:
    try:
        write_whole(output, content, mode)
    except OSError as error:
        raise InputError(f"{output}: the report cannot be written: {error.strerror}") from error
    say(f"{output}: written")


async def _text(inst: Installation, campaign: str, form: ReportFormat) -> str | None:
    await control.known(inst.store, campaign)
    totals, view = await status_of(inst.store, inst.clock, campaign)
    contacts = [contact_record(row) for row in await contact_rows(inst.store, campaign)]
    asked = await agent_calls.of_campaign(inst.store, campaign)
    if form is ReportFormat.CSV:
        return to_csv(contacts)
    if form is ReportFormat.JSON:
        return to_json(totals, contacts, await attempt_rows(inst.store, campaign), asked)
    show_totals(totals)
    columns = ("external_id", "state", "attempts", "outcome", "disposition", "reason")
    table("Contacts", ("contact", *columns[1:]), ([c[k] for k in columns] for c in contacts))
    if asked:
        legs = ((a.external_id, a.destination, a.requested_at, _talked(a), a.result, a.note) for a in asked)
        table("Calls that agents asked for", ("contact", "agent", "asked at", "agent on", "result", ""), legs)
    spoken = [row for row in await recordings_of(inst.store, campaign) if row.sha256 is not None]
    if spoken:
        shown = ((str(r.recording_id), r.external_id, r.name, r.kind, f"{r.seconds:.1f}") for r in spoken)
        table("Recordings (--recording NUMBER)", ("number", "contact", "name", "kind", "seconds"), shown)
    for line in why_nobody(view):
        say(line)
    return None


def _talked(call: agent_calls.AgentCallRow) -> str:
    """How long the agent was on the line."""
    if call.answered_at is None or call.ended_at is None:
        return ""
    return f"{(call.ended_at - call.answered_at).total_seconds():.0f} s"


async def _watch(inst: Installation, campaign: str) -> None:
    """On standard error, so that a report that goes into a pipe stays whole."""
    with Live(console=err, refresh_per_second=4) as live:
        while True:
            totals, view = await status_of(inst.store, inst.clock, campaign)
            reasons = why_nobody(view)
            live.update(totals_view(totals, reasons))
            if not view.open_attempts and (not view.due_now or view.state != "running"):
                return
            await asyncio.sleep(WATCH_EVERY_S)
