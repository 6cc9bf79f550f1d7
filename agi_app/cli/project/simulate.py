"""Talk to a flow in the terminal, and run the expected calls of simulations/."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from agi_app.cli.common import HERE, JsonOption, ProjectOption, say, say_json, warn
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.operations.project import simulations
from agi_app.operations.project.simulations import RunCase, Simulation


def simulate(
    what: Annotated[
        str | None,
        typer.Argument(metavar="FLOW|FILE", help="A flow's name; with --expect a file of expected calls."),
    ] = None,
    project: ProjectOption = HERE,
    expect: Annotated[
        bool, typer.Option("--expect", help="Run the expected calls of FILE, or of all files in simulations/.")
    ] = False,
    machine: Annotated[
        str,
        typer.Option(
            "--machine", metavar="CAMPAIGN", help="Show what a machine hears that answers a call of CAMPAIGN."
        ),
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

    With --expect run the calls that a file expects; exit 1 when one comes out differently.
    """
    if expect:
        if language is not None or contact or field or now or keys is not None:
            raise InputError(
                t("--expect takes language, contact, time and inputs from the file; leave those options out")
            )
        raise typer.Exit(run_expected(what, project, as_json))
    if machine:
        lines = simulations.machine_call(project, machine, language)
        say_json({"call": lines, "outcome": "machine"}) if as_json else _show(lines)
        return
    if what is None:
        raise InputError(t("name the flow, or write --expect to run the calls of simulations/"))
    if as_json and keys is None:
        raise InputError(t("--json needs --input (or --expect): a talk in the terminal has no JSON"))
    simulation, problems = simulations.begin(
        project, what, language=language, contact=contact, fields=field or [], now=now
    )
    for problem in problems:
        warn(problem)
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
    say(t("disposition: {disposition}", disposition=simulation.disposition))
    for name, value in simulation.session.answers.items():
        say(t("answer {name}: {value}", name=name, value=value))
    if scripted is not None and simulation.not_understood:
        raise typer.Exit(1)


def _silent_talk(simulation: Simulation, keys: list[str]) -> dict[str, object]:
    call: list[str] = []
    for turn in simulations.turns(simulation, keys):
        call += [*([] if turn.input is None else [f"> {turn.input}"]), *turn.lines]
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
        say(t("> hangup    (the inputs are used up)"))
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


def run_expected(what: str | None, folder: Path, as_json: bool) -> int:
    """Run the calls of one file, or of all; returns the exit status. AuthorError when the one file cannot be run."""
    found = simulations.run_expected(what, folder)
    well, told = len(found.runs) - found.failed, [str(problem) for problem in found.faults]
    if as_json:
        say_json({"ok": well, "failed": found.failed, "cases": [_plain(run) for run in found.runs], "faults": told})
    else:
        _report(found.runs)
        for line in told:
            warn(line)
        say(
            t("{well} ok, {failed} failed", well=well, failed=found.failed)
            + (t("; files not run: {not_run}", not_run=found.not_run) if found.not_run else "")
        )
    return 1 if found.failed or told else 0


def _report(runs: Sequence[RunCase]) -> None:
    for file, of_file in itertools.groupby(runs, lambda run: run.file):
        say(file)
        for verdict in (run.verdict for run in of_file):
            say(t("  {more}  {name}", more=t("FAILED") if verdict.differences else t("ok    "), name=verdict.name))
            for difference in verdict.differences:
                say(f"    {file}:{difference.line}:{difference.column}: {difference.message}")
            if verdict.differences:
                say(t("    the call:"))
                _show([f"      {line}" for line in verdict.call])


def _plain(run: RunCase) -> dict[str, object]:
    verdict = run.verdict
    return {
        "file": run.file,
        "line": verdict.line,
        "name": verdict.name,
        "ok": not verdict.differences,
        "differences": [{"line": d.line, "column": d.column, "message": d.message} for d in verdict.differences],
        "call": list(verdict.call),
    }
