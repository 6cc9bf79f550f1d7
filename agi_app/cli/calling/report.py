"""report: of a campaign (totals and every contact, live with --watch, the way to a call's recordings), and of calls."""

from __future__ import annotations

import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.live import Live
from typer.core import TyperGroup

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
    if (text := with_installation(project, _text, campaign, form, watch)) is None:
        return
    if output is None:
        if form is ReportFormat.JSON:
            text = in_json(text)
        elif sys.stdout.isatty():  # into a pipe it goes as it is
            text = lines(text.replace("\r\n", "\n"))
        print(text, end="" if text.endswith("\n") else "\n")  # noqa: T201 - the report itself
        return
    write(output, text.encode(), 0o666, t("the report "))
    say(t("{output}: written", output=output))


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


async def _text(inst: Installation, campaign: str, form: ReportFormat, watch: bool) -> str | None:
    if watch:
        await _watch(inst, campaign)
    if form is ReportFormat.CSV:
        return await reports.as_csv(inst, campaign)
    if form is ReportFormat.JSON:
        return await reports.as_json(inst, campaign)
    _show(await reports.report(inst, campaign))
    return None


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
    if asked := found.agent_calls:
        legs = (
            (a.external_id, a.destination, a.requested_at, _talked(a), a.result, retold(a.note or "")) for a in asked
        )
        table("Calls that agents asked for", ("contact", "agent", "asked at", "agent on", "result", ""), legs)
    if found.recordings:
        shown = ((str(r.recording_id), r.external_id, r.name, r.kind, f"{r.seconds:.1f}") for r in found.recordings)
        table("Recordings (--recording NUMBER)", ("number", "contact", "name", "kind", "seconds"), shown)
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
