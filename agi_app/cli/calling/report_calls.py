"""report calls: each call of a span of days, with the consent that it stood on and what the rules said."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from agi_app.cli.common import HERE, ProjectOption, say, say_json, settings_of, with_installation
from agi_app.errors import InputError
from agi_app.messages import current, t, template
from agi_app.operations.reporting import calls as operation
from agi_app.operations.reporting import jobs
from agi_app.operations.reporting.calls import CallsRequest
from agi_app.operations.reporting.table_requests import TableFormat, WrittenTable
from agi_app.printable import count_of

_CONSENT = template("consent {consent} of {consent_given}, {consent_method}, {consent_source}: {consent_words}")
OutputOption = Annotated[
    Path | None, typer.Option(help="Write a table into this file: its name ends with .csv, .xlsx or .jsonl.")
]


def calls(
    since: Annotated[dt.datetime, typer.Option(formats=["%Y-%m-%d"], help="The first day, such as 2026-11-16.")],
    until: Annotated[dt.datetime, typer.Option(formats=["%Y-%m-%d"], help="The last day; it is in the report.")],
    project: ProjectOption = HERE,
    zone: Annotated[
        str, typer.Option(help="Whose days they are, such as Asia/Shanghai; default: the zone in [guard], or UTC.")
    ] = "",
    campaign: Annotated[list[str] | None, typer.Option(help="Only of this campaign; may be given again.")] = None,
    trunk: Annotated[list[str] | None, typer.Option(help="Only by this trunk.")] = None,
    jurisdiction: Annotated[
        list[str] | None, typer.Option(help="Only under these rules: CN, or US-FL for a part with its own.")
    ] = None,
    region: Annotated[
        list[str] | None,
        typer.Option(help="Only of this province, state or city, as far as the number tells: Sichuan or 四川."),
    ] = None,
    rule: Annotated[
        list[str] | None, typer.Option(help="Only decisions that this rule refused, such as consent_missing.")
    ] = None,
    outcome: Annotated[list[str] | None, typer.Option(help="Only calls that ended like this, such as busy.")] = None,
    refused: Annotated[bool, typer.Option("--refused", help="With the decisions that refused a call.")] = False,
    whole_numbers: Annotated[
        bool, typer.Option("--whole-numbers", help="Show whole numbers; needs --reason, and is noted.")
    ] = False,
    reason: Annotated[str, typer.Option(help="With --whole-numbers: what for; this is kept.")] = "",
    output: OutputOption = None,
    as_job: Annotated[
        TableFormat | None,
        typer.Option("--job", help="Ask for it as a job instead: `agi-app report run-jobs` makes it."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line instead of text.")] = False,
) -> None:
    """Every call of a span of days: when, to whom and where, its result, the consent, and what the rules said."""
    asked = CallsRequest(
        since.date(),
        until.date(),
        zone or settings_of(project).guard.zone,
        campaigns=tuple(campaign or ()),
        trunks=tuple(trunk or ()),
        jurisdictions=tuple(jurisdiction or ()),
        places=tuple(region or ()),
        rules=tuple(rule or ()),
        outcomes=tuple(outcome or ()),
        refused=refused,
        whole_numbers=whole_numbers,
        reason=reason,
        language=current(),
    )
    if as_job is not None:
        number = with_installation(project, jobs.ask, asked, as_job)
        say(t("job {job}: asked for; `agi-app report job {job} --output FILE` fetches it", job=number))
        return
    if output is not None:
        tell_written(with_installation(project, jobs.write, asked, output, format_of(output)), as_json=as_json)
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "calls"
        made = with_installation(project, operation.write_calls, asked, file, TableFormat.JSON)
        for row in _rows(file):
            if as_json:
                say_json(row)
            else:
                _tell(row)
    if not as_json:
        of = {"since": asked.since, "until": asked.until, "zone": asked.zone}
        say(t("{rows} of {since} to {until}, days of {zone}", rows=count_of(made.rows, "row"), **of))


def tell_written(made: WrittenTable, *, as_json: bool = False) -> None:
    """Which file has how many rows, and its hash."""
    if as_json:
        say_json({"file": str(made.file), "rows": made.rows, "sha256": made.sha256})
        return
    rows = count_of(made.rows, "row")
    say(t("{file}: written; {rows}, SHA-256 {digest}", file=made.file, rows=rows, digest=made.sha256))


def format_of(output: Path) -> TableFormat:
    """The format that a file's name says; InputError for any other."""
    try:
        return TableFormat(output.suffix.lower().removeprefix("."))
    except ValueError:
        endings = ", ".join(f".{form.value}" for form in TableFormat)
        raise InputError(
            t("--output {file}: its name must end with one of {endings}", file=output, endings=endings)
        ) from None


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _number(row: dict[str, str]) -> str:
    """The number, with which of the contact's it is and what the list calls it, where that says something."""
    told, place = row["number_kind"], row["number_place"]
    if place not in ("", "1"):
        told = t("number {place}, {kind}", place=place, kind=told) if told else t("number {place}", place=place)
    return t("{number} ({which})", number=row["number"], which=told) if told else row["number"]


def _where(row: dict[str, str]) -> str:
    """The country and, as far as the number tells, the place, in the reader's language."""
    place = row["place"] if current() == "en" else row["place_zh"] or row["place"]
    return " ".join(filter(None, (row["country"], place)))


def _tell(row: dict[str, str]) -> None:
    """A call in four lines: who and where, what happened, the consent, the rules."""
    what = t("call") if row["what"] == "call" else t("refused")
    say(f"{row['local_time']}  {what}  {row['campaign']}  {row['contact']}  {_number(row)}  {_where(row)}")
    judged = t("(decision {decision}, rule set {rule_set})", **row)
    if row["what"] != "call":
        say(f"  {row['rules']}: {row['reasons']} {judged}")
        return
    ended = ", ".join(filter(None, (row["outcome"], row["disposition"], row["seconds"] and f"{row['seconds']} s")))
    say("  " + t("{ended}; by trunk {trunk}, showing {number_shown}", ended=ended or t("goes on"), **row))
    if row["consent"]:
        say("  " + t(_CONSENT, **row))
    else:
        say("  " + t("no consent is recorded with the decision"))
    say("  " + t("allowed by all rules {judged}", judged=judged))
