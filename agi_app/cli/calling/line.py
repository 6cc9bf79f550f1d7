"""line report: the calls that came in to our lines, and the stops that were said in them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from agi_app.cli.common import HERE, JsonOption, ProjectOption, say, say_json, table, with_installation
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.messages.retold import retold
from agi_app.operations.calling import lines
from agi_app.operations.calling.lines import MOST_LISTED, LineCallRow, LineTotals

app = typer.Typer(help="The numbers that people call back: what came in, and who said stop.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keep `report` a separate command."""


@app.command()
def report(
    line: Annotated[str | None, typer.Argument(help="One line of the settings; default: all.")] = None,
    project: ProjectOption = HERE,
    since: Annotated[str, typer.Option(help="From this day on, 2026-03-02 (UTC); default: 30 days ago.")] = "",
    until: Annotated[str, typer.Option(help="Up to the end of this day (UTC); default: today.")] = "",
    last: Annotated[int, typer.Option(min=0, max=MOST_LISTED, help="How many of the newest calls are listed.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Report what came in: calls answered, calls given back to the dialplan with the reason, and stops taken."""
    totals, calls = with_installation(project, lines.report, line, since=_day(since), until=_day(until), last=last)
    if as_json:
        say_json({"lines": totals, "calls": calls})
    else:
        _show(totals, calls)


def _show(totals: list[LineTotals], calls: list[LineCallRow]) -> None:
    if not totals:
        say(t("no calls came in"))
        return
    columns = ("line", "called", "calls", "answered", "given_back", "nameless", "stops", "stops_keyed")
    names = (
        "line",
        "number",
        "calls",
        "answered",
        t("given back"),
        t("without number"),
        "stops",
        t("of them keyed in"),
    )
    table(t("Lines"), names, ([getattr(total, c) for c in columns] for total in totals))
    rows = (
        (
            f"{c.began_at.astimezone(dt.UTC):%Y-%m-%d %H:%M}",
            c.line,
            c.caller,
            "" if c.seconds is None else f"{c.seconds:.0f}",
            c.result,
            c.disposition or "",
            " ".join(c.stops),
            retold(c.note or ""),
        )
        for c in calls
    )
    if calls:
        table(
            "Calls (UTC)",
            ("began", "line", "caller", "seconds", "result", "disposition", "stops", "note"),
            rows,
        )


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise InputError(t("{text!r} is not a day; write 2026-03-02", text=text)) from None
