"""report imports and report quarter: who imported which file, and the statistics of three months."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from agi_app.cli.calling.report_calls import OutputOption, format_of, tell_written
from agi_app.cli.common import HERE, JsonOption, ProjectOption, say_json, settings_of, table, with_installation
from agi_app.errors import InputError
from agi_app.messages import spoken, t, template
from agi_app.operations.reporting import imports as of_imports
from agi_app.operations.reporting import jobs
from agi_app.operations.reporting import quarter as of_quarter

ZoneOption = Annotated[
    str, typer.Option(help="Whose days they are, such as Asia/Shanghai; default: the zone in [guard], or UTC.")
]


def imports(
    project: ProjectOption = HERE,
    since: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Imports from this day on, such as 2026-11-16.")
    ] = None,
    until: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day; it is in the report.")
    ] = None,
    zone: ZoneOption = "",
    kind: Annotated[
        list[str] | None,
        typer.Option(help="Only contacts, consents, stops, do_not_call, complaints or guard; may be given again."),
    ] = None,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Who imported which file and when: its name, SHA-256, rows, what was stored and what was rejected."""
    _judge_kinds(kind or ())
    first, last = of_imports.ALWAYS
    asked = of_imports.ImportsRequest(
        since.date() if since else first,
        until.date() if until else last,
        zone or settings_of(project).guard.zone,
        tuple(kind or ()),
    )
    if output is not None:
        tell_written(with_installation(project, jobs.write, asked, output, format_of(output)), as_json=as_json)
        return
    found = with_installation(project, of_imports.imports, asked)
    if as_json:
        say_json([dataclasses.asdict(row) for row in found])
        return
    _show(found, ZoneInfo(asked.zone))


def _judge_kinds(given: Sequence[str]) -> None:
    for one in given:
        if one not in of_imports.KINDS:
            raise InputError(t("--kind {one}: write one of {known}", one=one, known=", ".join(of_imports.KINDS)))


def _show(found: Sequence[of_imports.ImportRow], there: ZoneInfo) -> None:
    table(
        t("Imports, times of {zone}", zone=there.key),
        ("at", "by", "kind", "file", "rows", "added", "updated", "unchanged", "rejected", "SHA-256"),
        (
            (
                *(f"{row.at.astimezone(there):%Y-%m-%d %H:%M}", _who(row), row.kind, _what(row), row.rows, row.added),
                *(row.updated, row.unchanged, row.rejected, row.sha256 if row.finished else t("not finished")),
            )
            for row in found
        ),
    )


def _what(row: of_imports.ImportRow) -> str:
    return row.name if row.condition is None else f"{row.name}: {row.condition}"


def _who(row: of_imports.ImportRow) -> str:
    return row.account if row.os_user in (None, row.account) else f"{row.account} ({row.os_user})"


def quarter(
    name: Annotated[str, typer.Argument(metavar="QUARTER", help="The year and the quarter, such as 2026Q4.")],
    project: ProjectOption = HERE,
    zone: ZoneOption = "",
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Calls, refusals, stops and complaints of a quarter, counted by campaign, trunk and reason."""
    asked = of_quarter.QuarterRequest(name, zone or settings_of(project).guard.zone)
    if output is not None:
        tell_written(with_installation(project, jobs.write, asked, output, format_of(output)), as_json=as_json)
        return
    found = with_installation(project, of_quarter.quarter, asked)
    if as_json:
        say_json([dataclasses.asdict(row) for row in found])
        return
    table(
        t("{quarter}, days of {zone}", quarter=name, zone=asked.zone),
        ("what", "campaign", "trunk", "reason", "count"),
        ((spoken(row.what), row.campaign, row.trunk, _reason(row), row.number) for row in found),
    )


WHAT = (template("call"), template("refused"), template("stop"), template("withdrawal"), template("complaint"))
WHY = {  # why calls were stopped or a consent was withdrawn; outcomes and rules have one name in both languages
    "command line": template("command line"),
    "console": template("console"),
    "erasure": template("erasure"),
    "key": template("key press in a call"),
    "line": template("key press on a call-back line"),
    "line keyed": template("keyed in on a call-back line"),
    "link": template("link"),
    "marketing": template("marketing"),
    "speech": template("said in a call"),
    "step": template("a step of the flow"),
    "stop list": template("stop list"),
    "survey": template("survey"),
    "transactional": template("transactional"),
    "wrong number": template("wrong number"),
}


def _reason(row: of_quarter.CountedRow) -> str:
    """``transactional: command line``, each word in the language of who reads."""
    if row.what not in ("stop", "withdrawal"):
        return row.reason or ""
    return t(": ").join(spoken(WHY.get(word, word)) for word in (row.reason or "").split(": "))
