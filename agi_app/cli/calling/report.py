"""report: of a campaign (totals and every contact, live with --watch, the way to a call's recordings), and of calls."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.live import Live
from typer.core import TyperGroup

from agi_app.atomic_files import cannot_be_written, replacing
from agi_app.cli.calling import report_calls, report_imports_quarter, report_jobs
from agi_app.cli.calling.totals_text import show_totals, totals_view
from agi_app.cli.common import HERE, ProjectOption, err, say, table, with_installation, write
from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.messages.retold import retold
from agi_app.operations.calling import reports
from agi_app.printable import in_json, lines


class ReportFormat(StrEnum):
    """How a report is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


_OTHER_ENDINGS = frozenset(("csv", "json", "xlsx", "xls", "pdf", "html"))


class _CampaignByName(TyperGroup):
    """``agi-app report NAME`` is about the campaign; one that is called like a report is ``report campaign NAME``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the word in that people leave out."""
        named = bool(args) and args[0] not in self.commands and args[0] != "--help"
        return super().parse_args(ctx, ["campaign", *args] if named else args)


app = typer.Typer(
    cls=_CampaignByName,
    help="Reports. `agi-app report NAME` is that of the campaign NAME, as `agi-app report campaign NAME`.",
    no_args_is_help=True,
)
app.command()(report_calls.calls)
app.command()(report_imports_quarter.imports)
app.command()(report_imports_quarter.quarter)
app.command()(report_jobs.jobs)
app.command()(report_jobs.job)
app.command("run-jobs")(report_jobs.run_jobs)


@app.command("campaign")
def report(
    campaign: Annotated[str, typer.Argument(help="The campaign's name.")],
    project: ProjectOption = HERE,
    form: Annotated[
        ReportFormat, typer.Option("--format", help="table, json or csv (one line for each contact).")
    ] = ReportFormat.TABLE,
    output: Annotated[Path | None, typer.Option(help="Write into this file instead of the terminal.")] = None,
    watch: Annotated[
        bool, typer.Option(help="Show progress live until nobody is left to call; Ctrl-C ends it.")
    ] = False,
    recording: Annotated[
        int | None,
        typer.Option(help="Write the recording with this number of the report to --output as WAV; this is noted."),
    ] = None,
    reason: Annotated[str, typer.Option(help="With --recording: why you listen; this is kept.")] = "",
) -> None:
    """Report a campaign: outcomes, dispositions, refusals with reasons, each contact, what was recorded."""
    if recording is not None:
        if output is None:
            raise InputError("--recording needs --output FILE.wav")
        sound = with_installation(project, reports.recording, campaign, recording, reason=reason)
        write(output, sound, 0o600, t("the report "))
        say(t("{output}: written", output=output))
        return
    if output is not None and form is ReportFormat.TABLE:
        raise InputError(t("--output takes --format json or csv; a table is for the terminal"))
    _judge_ending(output, form)

    def make(file: Path) -> None:
        with_installation(project, _into_file, campaign, form, watch, file)

    if form is ReportFormat.TABLE:
        with_installation(project, _on_screen, campaign, watch)
    elif output is None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "report"
            make(file)
            _print(file, form)
    else:
        _whole(output, make)
        say(t("{output}: written", output=output))


def _whole(output: Path, make: Callable[[Path], None]) -> None:
    """Into a file that has its name when it is whole; what is no plain file (a pipe) is written straight into."""
    try:
        if output.exists() and not output.is_file():
            make(output)
            return
        with replacing(output, 0o666) as part:
            make(part)
    except OSError as error:
        raise cannot_be_written(output, error, t("the report ")) from error


def _print(file: Path, form: ReportFormat) -> None:
    """Line by line, however long it is."""
    as_it_is = form is ReportFormat.CSV and not sys.stdout.isatty()  # into a pipe
    with file.open(encoding="utf-8", newline="\n") as written:
        for line in written:
            safe = line if as_it_is else in_json(line) if form is ReportFormat.JSON else lines(line)
            sys.stdout.write(safe)


def _judge_ending(output: Path | None, form: ReportFormat) -> None:
    """InputError for a file whose name says that it has another format: no other program would open it."""
    if output is not None and (ending := output.suffix.lower().removeprefix(".")) in _OTHER_ENDINGS - {form.value}:
        better = output.with_suffix(f".{form.value}")
        raise InputError(
            t(
                "{output}: --format {form} writes no {upper}; write --output {better}",
                output=output,
                form=form,
                upper=ending.upper(),
                better=better,
            )
        )


async def _on_screen(inst: Installation, campaign: str, watch: bool) -> None:
    if watch:
        await _watch(inst, campaign)
    _show(await reports.report(inst, campaign))


async def _into_file(inst: Installation, campaign: str, form: ReportFormat, watch: bool, file: Path) -> None:
    if watch:
        await _watch(inst, campaign)
    await (reports.as_csv if form is ReportFormat.CSV else reports.as_json)(inst, campaign, file)


def _reason(stored: str | None) -> str:
    """Why a contact was refused, rule by rule; one that says what to do has two parts."""
    return t("; ").join(map(retold, re.split(r"; (?!\w+ the row )", stored or "")))


def _show(found: reports.CampaignReport) -> None:
    show_totals(found.figures.totals)
    columns = ("external_id", "state", "attempts", "outcome", "disposition", "reason")
    table(
        t("Contacts"),
        ("contact", *columns[1:]),
        ([*(c[k] for k in columns[:-1]), _reason(c["reason"])] for c in found.contacts),
    )
    if (more := found.figures.totals.contacts - len(found.contacts)) > 0:
        say(t("and {more} more contacts: --format csv has all of them", more=more))
    if asked := found.agent_calls:
        legs = (
            (a.external_id, a.destination, a.requested_at, _talked(a), a.result, retold(a.note or "")) for a in asked
        )
        table("Calls that agents asked for", ("contact", "agent", "asked at", "agent on", "result", ""), legs)
    if found.recordings:
        shown = ((str(r.recording_id), r.external_id, r.name, r.kind, f"{r.seconds:.1f}") for r in found.recordings)
        table("Recordings (--recording NUMBER)", ("id", "contact", "name", "kind", "seconds"), shown)
    for line in found.figures.nobody_because:
        say(line)


def _talked(call: reports.AgentCallRow) -> str:
    """How long the agent was on the line."""
    if call.answered_at is None or call.ended_at is None:
        return ""
    return f"{(call.ended_at - call.answered_at).total_seconds():.0f} s"


async def _watch(inst: Installation, campaign: str) -> None:
    """On standard error, so that a report that goes into a pipe stays whole."""
    with Live(console=err, refresh_per_second=4) as live:
        async for seen in reports.watch(inst, campaign):
            live.update(totals_view(seen.totals, seen.nobody_because))
