"""Commands on files alone: init, check, diagram. They need neither a database nor Asterisk."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from agi_app.campaigns.checks.rule_catalogue import explanation, find_rule
from agi_app.campaigns.project.new_project import make_project
from agi_app.campaigns.project.read import checked_project, find_project, read_project
from agi_app.cli.common import HERE, ProjectOption, find_flow, say, say_json, say_lines, warn
from agi_app.config.settings import SETTINGS_FILE, trunk_names
from agi_app.errors import InputError, Problem
from agi_app.flow.diagram.draw import draw
from agi_app.flow.language.no_such_flow import CONSEQUENCE
from agi_app.printable import count_of


class CheckFormat(StrEnum):
    """How ``check`` tells what it found."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("init")(init)
    app.command("check")(check)
    app.command("diagram")(diagram)


def init(folder: Annotated[Path, typer.Argument(help="The new project folder; must not exist or be empty.")]) -> None:
    """Make a project that runs: settings, one campaign, one flow, prompts, sample contacts and consents."""
    for line in make_project(folder):
        say(line)


def check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Project folders or single YAML files.")] = None,
    project: Annotated[
        Path | None, typer.Option("--project", "-p", envvar="AGI_APP_PROJECT", help="The same as naming the folder.")
    ] = None,
    form: Annotated[
        CheckFormat, typer.Option("--format", help="text; json: one array; github: annotations of a pull request.")
    ] = CheckFormat.TEXT,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    explain: Annotated[str, typer.Option(help="Say what a rule asks and why, with examples, and check nothing.")] = "",
) -> None:
    """Check campaigns, flows, prompts and expected calls; every fault as file:line:column: RULE message.

    Exit 1 on an error.
    """
    if explain:
        say_lines(explanation(find_rule(explain)))
        return
    found: list[tuple[Path, Problem]] = []
    files = 0
    for path in paths or [project or HERE]:
        folder, only = find_project(path)
        seen = checked_project(folder)
        if not (seen.flows or seen.campaigns or seen.problems):
            raise InputError(f"{path}: has neither campaigns/*.yaml nor flows/*.yaml; name the project folder")
        files += len(seen.flows) + len(seen.campaigns) if only is None else 1
        ordered = sorted(
            [*seen.problems, *_callees(folder)], key=lambda p: CONSEQUENCE in p.message
        )  # what follows from others comes last
        found += [(folder, p) for p in ordered if only is None or p.file in (only, SETTINGS_FILE)]
    errors = sum(p.severity == "error" for _, p in found)
    match CheckFormat.JSON if as_json else form:
        case CheckFormat.JSON:
            shown = ("file", "line", "column", "rule", "message", "severity")
            say_json([{name: getattr(p, name) for name in shown} for _, p in found])
        case CheckFormat.GITHUB:
            for folder, problem in found:
                say(annotation(problem, folder))
        case _:
            for _, problem in found:
                say(str(problem))
            told = f"{count_of(errors, 'error')}, {count_of(len(found) - errors, 'warning')}"
            say(f"{told} in {count_of(files, 'campaign or flow', 'campaigns and flows')}")
    raise typer.Exit(1 if errors else 0)


def _callees(folder: Path) -> list[Problem]:
    """Faults of the file that says who is called in the sandbox, which is part of a clone, not of the package."""
    if not (folder / "callees.toml").is_file():
        return []
    try:
        from sandbox.callees import CALLEES, faults_of_project
    except ImportError:
        told = "not looked at: the sandbox that reads it is part of a clone of agi-app, not of the installed package"
        return [Problem("callees.toml", 1, 1, "callees", told, "warning")]
    return [Problem(CALLEES, *place, "callees", message) for place, message in faults_of_project(folder)]


def annotation(problem: Problem, folder: Path) -> str:
    """The problem as a workflow command of GitHub Actions, with the file as seen from the current folder.

    Source: docs.github.com, "Workflow commands for GitHub Actions"; escapes as in its toolkit (packages/core).
    """
    message = problem.message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    place = {
        "file": Path(os.path.normpath(folder / problem.file)).as_posix(),
        "line": str(problem.line),
        "col": str(problem.column),
        "title": problem.rule,
    }
    shown = ",".join(f"{name}={_escaped(value)}" for name, value in place.items())
    return f"::{problem.severity} {shown}::{message}"


def _escaped(value: str) -> str:
    for plain, escaped in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"), (":", "%3A"), (",", "%2C")):
        value = value.replace(plain, escaped)
    return value


def diagram(
    flow: Annotated[str, typer.Argument(help="The flow's name.")],
    project: ProjectOption = HERE,
    out: Annotated[
        Path | None, typer.Option("--output", help="The file to write; default: FLOW.svg in this folder.")
    ] = None,
    language: Annotated[str | None, typer.Option("--lang", help="Language of the texts; default: the first.")] = None,
) -> None:
    """Draw a flow as SVG: every node with the words that a person hears, and the key of every way."""
    found = read_project(project, trunk_names(project))
    source = find_flow(found, flow, language)
    file = out or Path(f"{flow}.svg")
    try:
        file.write_text(draw(source.parsed, found.prompts, language), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file}: cannot be written: {error.strerror}") from error
    warn(f"{file}: written; any browser shows it")
