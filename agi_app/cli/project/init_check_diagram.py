"""Commands on files alone: init, check, diagram. They need neither a database nor Asterisk."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from agi_app.atomic_files import cannot_be_written
from agi_app.cli.common import HERE, ProjectOption, say, say_json, say_lines, warn
from agi_app.errors import Problem
from agi_app.messages import t
from agi_app.operations.project import projects
from agi_app.printable import count_of


class CheckFormat(StrEnum):
    """How ``check`` tells what it found."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


def _list_templates(wanted: bool) -> None:
    if wanted:
        for line in projects.templates():
            say(line)
        raise typer.Exit


def init(
    folder: Annotated[Path, typer.Argument(help="The new project folder; it must not exist yet, or must be empty.")],
    template: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Begin with this campaign: appointment, delivery, recall, survey, closing-notice, school-notice or"
            " payment-reminder.",
        ),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[LANGUAGE=]NAME",
            help="The name of your business, written into flows, texts, expected calls, consents and letter. May be"
            " repeated: zh-CN=NAME, en=NAME.",
        ),
    ] = None,
    list_templates: Annotated[
        bool,
        typer.Option(
            "--list-templates", is_eager=True, callback=_list_templates, help="Say what each template is for."
        ),
    ] = False,
) -> None:
    """Make a project that runs: settings, one campaign, one flow, prompts, sample contacts and consents."""
    del list_templates  # answered before the folder is asked for
    for line in projects.make(folder, template, name or []):
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
        say_lines(projects.explain(explain))
        return
    checked = projects.check(paths or [project or HERE])
    found, errors = checked.found, checked.errors
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
            warnings = count_of(len(found) - errors, "warning")
            told = t("{errors}, {warnings}", errors=count_of(errors, "error"), warnings=warnings)
            say(
                t(
                    "{told} in {files}",
                    told=told,
                    files=count_of(checked.files, "campaign or flow", "campaigns and flows"),
                )
            )
    raise typer.Exit(1 if errors else 0)


def annotation(problem: Problem, folder: Path) -> str:
    """The problem as a workflow command of GitHub Actions, with the file as seen from the current folder.

    Source: docs.github.com, "Workflow commands for GitHub Actions"; escapes as in its toolkit (packages/core).
    """
    place = {
        "file": Path(os.path.normpath(folder / problem.file)).as_posix(),
        "line": str(problem.line),
        "col": str(problem.column),
        "title": problem.rule,
    }
    shown = ",".join(f"{name}={value.translate(_IN_PLACES)}" for name, value in place.items())
    return f"::{problem.severity} {shown}::{problem.message.translate(_IN_MESSAGES)}"


_IN_MESSAGES = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PLACES = _IN_MESSAGES | str.maketrans({":": "%3A", ",": "%2C"})


def diagram(
    flow: Annotated[str, typer.Argument(help="The flow's name.")],
    project: ProjectOption = HERE,
    out: Annotated[
        Path | None, typer.Option("--output", help="The file to write; default: FLOW.svg in this folder.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="Language of the texts; default: the first.")] = None,
) -> None:
    """Draw a flow as SVG: every node with the words that a person hears, and the key of every way."""
    file = out or Path(f"{flow}.svg")
    drawn = projects.diagram(project, flow, language)
    try:
        file.write_text(drawn, encoding="utf-8")
    except OSError as error:
        raise cannot_be_written(file, error) from error
    warn(t("{file}: written; any browser shows it", file=file))
