"""suppression: do-not-call lists of others, and how our own stands."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from agi_app.authoring.suggestions import suggest
from agi_app.campaigns.calling_rules.rule_files import load_ruleset
from agi_app.cli.common import (
    HERE,
    JsonOption,
    ProjectOption,
    interrupted,
    login_name,
    progress,
    say,
    say_json,
    table,
    warn,
    with_installation,
)
from agi_app.cli.naming import name_first
from agi_app.cli.people.consent import revoke
from agi_app.contacts.do_not_call_import import ListSummary, ListTerms, import_list
from agi_app.errors import InputError
from agi_app.gate.ruleset import RuleSet
from agi_app.installation import Installation
from agi_app.printable import count_of
from agi_app.reports.required_lists import ListStatus, list_states
from agi_app.store.people.do_not_call_lists import lists_in_force
from agi_app.store.people.suppressions import OwnList, own_list

_ALIKE = 0.8  # from here on a name is taken for a misspelt one

app = typer.Typer(help="Numbers that must not be called: our own list and those of others.", no_args_is_help=True)


@app.command("import")
def import_(
    name: Annotated[str, typer.Argument(help="The list, as the rules name it, such as gb-tps or us-national-dnc.")],
    file: Annotated[Path, typer.Argument(help="One number a line, or a table with a column number; any size.")],
    region: Annotated[str, typer.Option(help="The country of the list, such as GB; reads numbers without a code.")],
    as_of: Annotated[dt.datetime, typer.Option(formats=["%Y-%m-%d"], help="The day that the list itself is of.")],
    project: ProjectOption = HERE,
    smaller: Annotated[
        bool, typer.Option("--smaller", help="It really has that many fewer numbers than the version before.")
    ] = False,
    entered_by: Annotated[str, typer.Option(help="Who enters it; default: the login name.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Put a do-not-call list of others in force, in place of its last version. Only keyed hashes are kept.

    A ringing call to a number of it is cancelled and an answered one ended, as by `consent revoke`.
    """
    name_first(name, file, "agi-app suppression import LIST FILE --region CC --as-of DAY")
    who = login_name(entered_by)
    unnamed: list[str] = []

    async def work(inst: Installation) -> ListSummary:
        rules = load_ruleset(inst.settings.project)
        bound = rules.bound_by(region, name)
        if bound is None:
            there = {known.name for known in await lists_in_force(inst.store)}
            if name not in there:
                refuse_misspelt(name, region, rules)
            if named := rules.lists_of(region):
                unnamed.append(f"note: no rule names the list {name}: it binds every call there{suggest(name, named)}")
        terms = ListTerms(name, region, as_of.date(), who, bound, smaller)
        with progress("list") as report:
            return await import_list(inst.store, file, terms, inst.clock.now(), report)

    with interrupted(f"{file}: interrupted; the list {name} is the one that `agi-app suppression status` shows"):
        summary = with_installation(project, work)
    if as_json:
        say_json(dataclasses.asdict(summary))
    else:
        for problem in summary.problems:
            warn(problem)
        woken = f"; {count_of(summary.woken, 'contact is', 'contacts are')} decided again" if summary.woken else ""
        say(
            f"{name}: {count_of(summary.entries, 'number')} of {count_of(summary.lines, 'line')} in force, as of"
            f" {summary.as_of}, {count_of(summary.unreadable, 'line')} unreadable{woken}"
        )
        for note in (*(f"note: {note}" for note in summary.notes), *unnamed):
            warn(note)
    if summary.unreadable:
        raise typer.Exit(1)


def refuse_misspelt(name: str, region: str, rules: RuleSet) -> None:
    """InputError for a new list that seems to be one of the rules, by another name or country: that would stay old."""
    if homes := [country for country in rules.jurisdictions if name in rules.lists_of(country)]:
        raise InputError(f"--region {region}: the list {name} is of {homes[0]}: write --region {homes[0]}")
    if "did you mean" in (near := suggest(name, rules.lists_of(region), _ALIKE)):
        raise InputError(
            f"{name}: no rule of {region} names this list{near} Nothing was imported. If it really is another list,"
            " name it under external_lists in a file of rules/ first"
        )


@app.command()
def add(
    number: Annotated[str | None, typer.Argument(help="The number, with country code.")] = None,
    project: ProjectOption = HERE,
    file: Annotated[Path | None, typer.Option(help="A list of numbers instead, one a line.")] = None,
    reason: Annotated[str, typer.Option(help="Why it is never to be called.")] = "entered by hand",
    entered_by: Annotated[str, typer.Option(help="Who enters it; default: the login name.")] = "",
) -> None:
    """Put a number on our own list, for ever: the same stop as `consent revoke` without a purpose takes."""
    revoke(number, project=project, file=file, reason=reason, entered_by=entered_by)


@app.command()
def status(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Show the size of our own list, and each list of others: its age, the limit, and whether it is too old."""

    async def work(inst: Installation) -> tuple[OwnList, list[ListStatus]]:
        rules = load_ruleset(inst.settings.project)
        imported = await lists_in_force(inst.store)
        return await own_list(inst.store), list_states(rules.jurisdictions, imported, inst.clock.now())

    own, lists = with_installation(project, work)
    if as_json:
        say_json({"own": dataclasses.asdict(own), "lists": [dataclasses.asdict(found) for found in lists]})
        return
    newest = f", the newest of {own.newest:%Y-%m-%d %H:%M} UTC" if own.newest else ""
    say(f"our own list: {count_of(own.entries, 'number')}{newest}")
    table(
        "Lists of others",
        ("list", "country", "state", "as of", "age", "limit", "numbers", "binds"),
        (
            (s.name, s.region, _STATE[s.state], s.as_of, _days(s.age_days), _days(s.limit_days), s.entries,
             ", ".join(s.purposes))
            for s in lists
        ),
    )  # fmt: skip


_STATE = {
    "fresh": "in force",
    "stale": "TOO OLD: import it again",
    "missing": "NEVER IMPORTED",
    "extra": "in force, no rule",
}


def _days(number: int | None) -> str:
    return "" if number is None else f"{number} d"
