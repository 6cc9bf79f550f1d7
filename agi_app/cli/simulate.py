"""Talk to a flow in the terminal, and run the expected calls of simulations/."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from agi_app.campaigns.project import Project, find_project, read_project
from agi_app.cli.common import HERE, JsonOption, ProjectOption, find_flow, say, say_json, warn
from agi_app.cli.simulate_machine import machine_call
from agi_app.config import SETTINGS_FILE, load_settings, trunk_names
from agi_app.contacts.one_row import contact_row
from agi_app.errors import AuthorError, InputError
from agi_app.flow.definition import Flow
from agi_app.flow.expect import NOW_FORMAT, Cases, Verdict, run_case
from agi_app.flow.simulate import Simulation
from agi_app.model.phone import country_and_zones


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("simulate")(simulate)


def simulate(
    what: Annotated[
        str | None,
        typer.Argument(metavar="FLOW|FILE", help="A flow's name; with --expect a file of expected calls."),
    ] = None,
    project: ProjectOption = HERE,
    expect: Annotated[
        bool, typer.Option("--expect", help="Run the expected calls of FILE, else of all files in simulations/.")
    ] = False,
    machine: Annotated[
        str, typer.Option("--machine", metavar="CAMPAIGN", help="What a machine gets that answers CAMPAIGN's call.")
    ] = "",
    language: Annotated[str | None, typer.Option(help="Language of the call; default: the flow's first.")] = None,
    contact: Annotated[str, typer.Option(help="The contact on this line of a contacts file, FILE:LINE.")] = "",
    field: Annotated[list[str] | None, typer.Option(help="A contact column, NAME=VALUE; may be repeated.")] = None,
    keys: Annotated[
        list[str] | None,
        typer.Option("--input", help="Inputs instead of the terminal: 1, *9, silence, listen, hangup, words to say."),
    ] = None,
    now: Annotated[str, typer.Option(help="When the call is, for conditions: 2026-03-02 18:30, local time.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Talk to a flow in the terminal: read what the person would hear, press keys, say words.

    With --expect run the calls that a file expects; exit 1 when one comes out otherwise.
    """
    if expect:
        if language is not None or contact or field or now or keys is not None:
            raise InputError("--expect takes language, contact, time and inputs from the file; leave those options out")
        raise typer.Exit(_run_expected(what, project, as_json))
    if machine:
        lines = machine_call(read_project(project, trunk_names(project)), machine, language)
        say_json({"call": lines, "outcome": "machine"}) if as_json else _show(lines)
        return
    if what is None:
        raise InputError("name the flow, or write --expect to run the calls of simulations/")
    if as_json and keys is None:
        raise InputError("--json needs --input (or --expect): a talk in the terminal is none")
    found = read_project(project, trunk_names(project))
    source = find_flow(found, what, language)
    for problem in found.problems:
        if problem.file == source.file:
            warn(problem)
    columns, its_language = given_contact(contact, field or [], source.parsed.flow.languages)
    flow, speaks = source.parsed.flow, language or its_language
    simulation = Simulation(flow, found.prompts, columns, speaks, _time(now), line_region(project, flow))
    if as_json:
        say_json(_silent_talk(simulation, keys or []))
    else:
        _talk(simulation, keys)


def _talk(simulation: Simulation, keys: list[str] | None) -> None:
    _show(simulation.start())
    if keys is None:
        say(simulation.help)
    scripted = None if keys is None else list(keys)
    while not simulation.finished:
        _show(simulation.feed(_ask() if scripted is None else _next_input(scripted)))
    say(f"disposition: {simulation.session.disposition or 'none'}")
    for name, value in simulation.session.answers.items():
        say(f"answer {name}: {value}")


def _silent_talk(simulation: Simulation, keys: list[str]) -> dict[str, object]:
    call = simulation.start()
    for line in [*keys, "hangup"]:
        call += [] if simulation.finished else [f"> {line}", *simulation.feed(line)]
    session = simulation.session
    return {
        "call": call,
        "disposition": session.disposition,
        "answers": session.answers,
        "opted_out": session.opted_out,
        "heard": [heard.prompt for heard in simulation.heard],
    }


# ---- expected calls


@dataclass(frozen=True, slots=True)
class _Run:
    """A case that was run, and the file that it stands in."""

    file: str
    verdict: Verdict


def _run_expected(what: str | None, folder: Path, as_json: bool) -> int:
    only = None
    if what is not None:
        folder, only = find_project(Path(what))
    project = read_project(folder, trunk_names(folder))
    chosen = [s for name, s in project.simulations.items() if only in (None, name)]
    files = {source.file for source in chosen} | ({only} if only else set())
    flows = {project.flows[s.parsed.file.flow].file for s in chosen if s.parsed.file.flow in project.flows}
    faults = [
        p for p in project.errors if p.file in files | flows or (only is None and p.file.startswith("simulations/"))
    ]
    if faults:
        raise AuthorError(*faults)
    if not chosen:
        raise InputError(f"{what or folder / 'simulations'}: has no expected calls; write simulations/NAME.yaml")
    runs = [
        _Run(source.file, _run_one(project, source.parsed, index))
        for source in chosen
        for index in range(len(source.parsed.file.cases))
    ]
    failed = sum(bool(run.verdict.differences) for run in runs)
    if as_json:
        say_json({"ok": len(runs) - failed, "failed": failed, "cases": [_plain(run) for run in runs]})
    else:
        _report(runs)
        say(f"{len(runs) - failed} ok, {failed} failed")
    return 1 if failed else 0


def _run_one(project: Project, source: Cases, index: int) -> Verdict:
    case, flow = source.file.cases[index], project.flows[source.file.flow].parsed.flow
    contact: Mapping[str, str] = case.contact
    if case.row is not None:
        try:
            contact, language = _row(project.folder, case.row, flow.languages)
        except InputError as error:
            where = ("cases", index, "row")
            raise AuthorError(source.document.problem(where, "simulation/contact", f"row: {error}")) from error
        contact = contact if case.language or not language else {**contact, "language": language}
    return run_case(source, index, flow, project.prompts, contact, line_region(project.folder, flow))


def _report(runs: list[_Run]) -> None:
    file = None
    for run in runs:
        if run.file != file:
            file = run.file
            say(file)
        verdict = run.verdict
        say(f"  {'FAILED' if verdict.differences else 'ok    '}  {verdict.name}")
        for difference in verdict.differences:
            say(f"    {run.file}:{difference.line}:{difference.column}: {difference.message}")
        if verdict.differences:
            say("    the call:")
            _show([f"      {line}" for line in verdict.call])


def _plain(run: _Run) -> dict[str, object]:
    verdict = run.verdict
    return {
        "file": run.file,
        "line": verdict.line,
        "name": verdict.name,
        "ok": not verdict.differences,
        "differences": [{"line": d.line, "column": d.column, "message": d.message} for d in verdict.differences],
        "call": list(verdict.call),
    }


# ---- inputs


def _next_input(scripted: list[str]) -> str:
    if not scripted:
        say("> hangup    (the inputs are used up)")
        return "hangup"
    line = scripted.pop(0)
    say(f"> {line}")
    return line


def _ask() -> str:
    try:
        return input("> ")
    except EOFError:
        return "hangup"


def _show(lines: list[str]) -> None:
    for line in lines:
        say(line)


def line_region(project: Path, flow: Flow) -> str | None:
    """The country of the line that this flow answers, as the settings say; None when they have none."""
    if not flow.is_line or not (project / SETTINGS_FILE).exists():
        return None
    numbers = (line.number for line in load_settings(project).lines.values() if line.flow == flow.flow)
    return next((country_and_zones(number)[0] for number in numbers), None)


def given_contact(row: str, fields: list[str], languages: list[str]) -> tuple[dict[str, str], str | None]:
    """The columns and the language of a contact given by options: FILE:LINE, and NAME=VALUE over it."""
    columns, language = _row(HERE, row, languages) if row else ({}, None)
    return {**columns, **dict(_column(text) for text in fields)}, language


def _row(folder: Path, text: str, languages: list[str]) -> tuple[dict[str, str], str | None]:
    name, colon, line = text.rpartition(":")
    if not colon or not name or not line.isdecimal():
        raise InputError(f"--contact {text!r}: write FILE:LINE; a column by hand is --field NAME=VALUE")
    return contact_row(folder / name, int(line), languages)


def _time(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(text, NOW_FORMAT) if text else None  # noqa: DTZ007 - local time of nobody
    except ValueError:
        raise InputError(f'--now {text!r}: write "2026-03-02 18:30"') from None


def _column(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InputError(f"--field {text!r}: write NAME=VALUE")
    return name, value
