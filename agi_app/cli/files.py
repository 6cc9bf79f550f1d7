"""Commands on files alone: init, check, simulate. They need neither a database nor Asterisk."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from agi_app.campaigns.project import find_project, read_project
from agi_app.campaigns.starter import make_project
from agi_app.cli.common import HERE, ProjectOption, err, say, say_json
from agi_app.clock import SystemClock
from agi_app.config import trunk_names
from agi_app.errors import InputError
from agi_app.flow.simulate import HELP, Simulation


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("init")(init)
    app.command("check")(check)
    app.command("simulate")(simulate)


def init(folder: Annotated[Path, typer.Argument(help="The new project folder; must not exist or be empty.")]) -> None:
    """Make a project that runs: settings, one campaign, one flow, prompts, sample contacts and consents."""
    for line in make_project(folder):
        say(line)


def check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Project folders or single YAML files.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Problems as one JSON array.")] = False,
) -> None:
    """Check campaigns, flows and prompts; every fault as file:line:column: RULE message. Exit 1 on an error."""
    problems = []
    files = 0
    for path in paths or [HERE]:
        folder, only = find_project(path)
        project = read_project(folder, trunk_names(folder))
        if not (project.flows or project.campaigns or project.problems):
            raise InputError(f"{path}: has neither campaigns/*.yaml nor flows/*.yaml; name the project folder")
        files += len(project.flows) + len(project.campaigns) if only is None else 1
        problems += [p for p in project.problems if only is None or p.file == only]
    errors = [p for p in problems if p.severity == "error"]
    if as_json:
        say_json(
            [{f: getattr(p, f) for f in ("file", "line", "column", "rule", "message", "severity")} for p in problems]
        )
    else:
        for problem in problems:
            say(str(problem))
        say(f"{len(errors)} errors, {len(problems) - len(errors)} warnings in {files} campaigns and flows")
    raise typer.Exit(1 if errors else 0)


def simulate(
    flow: Annotated[str, typer.Argument(help="The flow's name.")],
    project: ProjectOption = HERE,
    language: Annotated[str | None, typer.Option(help="Language of the call; default: the flow's first.")] = None,
    contact: Annotated[list[str] | None, typer.Option(help="A contact column, NAME=VALUE; may be repeated.")] = None,
    at: Annotated[
        str | None, typer.Option("--at", help='Time where the person is, "2026-03-31 09:30"; default: now, here.')
    ] = None,
    keys: Annotated[
        list[str] | None,
        typer.Option("--input", help="Inputs instead of the terminal: 1, *9, silence, listen, hangup."),
    ] = None,
) -> None:
    """Talk to a flow in the terminal: read what the person would hear, press keys."""
    found = read_project(project, trunk_names(project))
    if flow not in found.flows:
        raise InputError(f"there is no flow {flow!r}; flows here: {', '.join(sorted(found.flows)) or 'none'}")
    source = found.flows[flow]
    for problem in found.problems:
        if problem.file == source.file:
            err.print(str(problem), markup=False)
    languages = source.parsed.flow.languages
    if language is not None and language not in languages:
        raise InputError(f"flow {flow} does not speak {language!r}; it speaks {', '.join(languages)}")
    columns = dict(_column(text) for text in contact or [])
    simulation = Simulation(source.parsed.flow, found.prompts, columns, language, _moment(at))
    _show(simulation.start())
    if keys is None:
        say(HELP)
    scripted = None if keys is None else list(keys)
    while not simulation.finished:
        _show(simulation.feed(_ask() if scripted is None else _next_input(scripted)))
    say(f"disposition: {simulation.session.disposition or 'none'}")
    for name, value in simulation.session.answers.items():
        say(f"answer {name}: {value}")


def _moment(text: str | None) -> dt.datetime:
    if text is None:
        return SystemClock().now().astimezone()
    try:
        return dt.datetime.strptime(text.replace("T", " "), "%Y-%m-%d %H:%M")
    except ValueError:
        raise InputError(f'--at {text!r}: write a date and a time, such as "2026-03-31 09:30"') from None


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


def _column(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InputError(f"--contact {text!r}: write NAME=VALUE")
    return name, value
