"""Runs the expected calls of simulations/, for ``simulate --expect``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agi_app.campaigns.project.called_flows import concerns
from agi_app.campaigns.project.read import Project, Source, find_project, read_project
from agi_app.cli.common import say, say_json, warn
from agi_app.cli.given import line_region, row_of
from agi_app.config.settings import trunk_names
from agi_app.errors import AuthorError, InputError, Problem
from agi_app.flow.trial.expected_calls import CaseResult, Cases, run_case

_OF_SOUND = ("flow/prompt-missing", "flow/prompt-format")


@dataclass(frozen=True, slots=True)
class _Run:
    """A case that was run, and the file that it stands in."""

    file: str
    verdict: CaseResult


def run_expected(what: str | None, folder: Path, as_json: bool) -> int:
    """Run the calls of one file, or of all; returns the exit status. AuthorError when the one file cannot be run.

    A fault stops those files alone that it concerns: their own faults, and those of their flow and what it calls.
    """
    only = None
    if what is not None:
        folder, only = find_project(Path(what))
    project = read_project(folder, trunk_names(folder))
    chosen = [s for name, s in project.simulations.items() if only in (None, name)]
    faults = {source.file: _faults(project, source) for source in chosen}
    unread = [p for p in project.errors if p.file.startswith("simulations/") and p.file not in project.simulations]
    stopping = [p for file in faults.values() for p in file] + [p for p in unread if only in (None, p.file)]
    if stopping and (only is not None or not any(not found for found in faults.values())):
        raise AuthorError(*dict.fromkeys(stopping))
    if not chosen:
        raise InputError(f"{what or folder / 'simulations'}: has no expected calls; write simulations/NAME.yaml")
    runs = [
        _Run(source.file, _run_one(project, source.parsed, index))
        for source in chosen
        if not faults[source.file]
        for index in range(len(source.parsed.file.cases))
    ]
    failed = sum(bool(run.verdict.differences) for run in runs)
    told = [str(problem) for problem in dict.fromkeys(stopping)]
    if as_json:
        say_json({"ok": len(runs) - failed, "failed": failed, "cases": [_plain(run) for run in runs], "faults": told})
    else:
        _report(runs)
        for line in told:
            warn(line)
        files = sum(bool(found) for found in faults.values()) + len({p.file for p in unread})
        say(f"{len(runs) - failed} ok, {failed} failed" + (f"; files not run: {files}" if files else ""))
    return 1 if failed or told else 0


def _faults(project: Project, source: Source[Cases]) -> list[Problem]:
    """What keeps the calls of this file from being run; the words of a prompt are enough, nobody hears it."""
    flow = project.flows.get(source.parsed.file.flow)
    errors = [p for p in project.errors if p.rule not in _OF_SOUND]
    return [p for p in errors if p.file == source.file or (flow is not None and concerns(project, p, flow))]


def _run_one(project: Project, source: Cases, index: int) -> CaseResult:
    case, flow = source.file.cases[index], project.flows[source.file.flow].parsed.flow
    contact: Mapping[str, str] = case.contact
    if case.row is not None:
        try:
            contact, language = row_of(project.folder, case.row, flow.languages)
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
            for line in verdict.call:
                say(f"      {line}")


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
