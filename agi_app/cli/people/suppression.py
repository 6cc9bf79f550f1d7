"""suppression: do-not-call lists of others, and how our own stands."""

from __future__ import annotations

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
    name_first,
    progress,
    say,
    say_json,
    table,
    warn,
    with_installation,
)
from agi_app.messages import t
from agi_app.operations.people import do_not_call_lists
from agi_app.printable import count_of

app = typer.Typer(help="Numbers that must not be called: your own list and lists of others.", no_args_is_help=True)


@app.command("import")
def import_(
    name: Annotated[str, typer.Argument(help="The list, as the rules name it, such as gb-tps or us-national-dnc.")],
    file: Annotated[Path, typer.Argument(help="One number on each line, or a table with a column number; any size.")],
    region: Annotated[str, typer.Option(help="The country of the list, such as GB; reads numbers without a code.")],
    as_of: Annotated[dt.datetime, typer.Option(formats=["%Y-%m-%d"], help="The date of the list itself.")],
    project: ProjectOption = HERE,
    smaller: Annotated[
        bool, typer.Option("--smaller", help="The list really is that much shorter than the version before.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Put a do-not-call list of others in force; it replaces its last version. Only keyed hashes are kept.

    Ringing calls to its numbers are cancelled and answered ones ended, as by `agi-app stop`.
    """
    name_first(name, file, t("agi-app suppression import LIST FILE --region CC --as-of DAY"))
    again = t(
        "{file}: interrupted; the list {name} in force is the one that `agi-app suppression status` shows",
        file=file,
        name=name,
    )
    with interrupted(again), progress("list") as report:
        summary, unnamed = with_installation(
            project,
            do_not_call_lists.import_list,
            name,
            file,
            region,
            as_of.date(),
            smaller=smaller,
            progress=report,
        )
    if as_json:
        say_json(dataclasses.asdict(summary))
    else:
        for problem in summary.problems:
            warn(problem)
        woken = (
            t("; {woken} decided again", woken=count_of(summary.woken, "contact is", "contacts are"))
            if summary.woken
            else ""
        )
        say(
            t(
                "{name}: {entries} of {lines} in force, as of {as_of}, {unreadable} unreadable{woken}",
                name=name,
                entries=count_of(summary.entries, "number"),
                lines=count_of(summary.lines, "line"),
                as_of=summary.as_of,
                unreadable=count_of(summary.unreadable, "line"),
                woken=woken,
            )
        )
        for note in (*summary.notes, *filter(None, [unnamed])):
            warn(t("note: {note}", note=note))
    if summary.unreadable:
        raise typer.Exit(1)


@app.command()
def status(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Show the size of your own list, and each list of others: its age, the limit, and whether it is too old."""
    own, lists = with_installation(project, do_not_call_lists.status)
    if as_json:
        say_json({"own": dataclasses.asdict(own), "lists": [dataclasses.asdict(found) for found in lists]})
        return
    newest = t(", the newest of {newest:%Y-%m-%d %H:%M} UTC", newest=own.newest) if own.newest else ""
    say(t("your own list: {entries}{newest}", entries=count_of(own.entries, "number"), newest=newest))
    table(
        t("Lists of others"),
        ("list", "country", "state", "as of", "age", "limit", "numbers", "binds"),
        (
            (
                s.name,
                s.region,
                t(_STATE[s.state]),
                s.as_of,
                _days(s.age_days),
                _days(s.limit_days),
                s.entries,
                ", ".join(s.purposes),
            )
            for s in lists
        ),
    )


_STATE = {
    "fresh": "in force",
    "stale": "TOO OLD: import it again",
    "missing": "NEVER IMPORTED",
    "extra": "in force, no rule",
}


def _days(number: int | None) -> str:
    return "" if number is None else t("{number} d", number=number)
