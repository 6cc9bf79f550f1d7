"""Talk to a flow in the terminal, and run the expected calls of simulations/."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from agi_app.campaigns.project.read import read_project
from agi_app.cli.common import HERE, JsonOption, ProjectOption, find_flow, say, say_json, warn
from agi_app.cli.given import given_contact, line_region
from agi_app.cli.project.simulate_expect import run_expected
from agi_app.cli.project.simulate_machine import machine_call
from agi_app.config.settings import trunk_names
from agi_app.errors import InputError
from agi_app.flow.trial.expected_calls import NOW_FORMAT, write_now
from agi_app.flow.trial.simulator import Simulation


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
        raise typer.Exit(run_expected(what, project, as_json))
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
        raise typer.Exit(1 if simulation.not_understood else 0)
    _talk(simulation, keys)


def _talk(simulation: Simulation, keys: list[str] | None) -> None:
    _show(simulation.start())
    if keys is None:
        say(simulation.help)
    scripted = None if keys is None else list(keys)
    while not simulation.finished:
        _show(simulation.feed(_ask() if scripted is None else _next_input(scripted)))
    say(f"disposition: {simulation.disposition}")
    for name, value in simulation.session.answers.items():
        say(f"answer {name}: {value}")
    if scripted is not None and simulation.not_understood:
        raise typer.Exit(1)


def _silent_talk(simulation: Simulation, keys: list[str]) -> dict[str, object]:
    call = simulation.start()
    for line in [*keys, "hangup"]:
        call += [] if simulation.finished else [f"> {line}", *simulation.feed(line)]
    session = simulation.session
    return {
        "call": call,
        "disposition": simulation.disposition,
        "answers": session.answers,
        "opted_out": session.opted_out,
        "heard": [heard.prompt for heard in simulation.heard],
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


def _time(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(text, NOW_FORMAT) if text else None  # noqa: DTZ007 - local time of nobody
    except ValueError:
        raise InputError(f"--now {text!r}: {write_now(text)}") from None
