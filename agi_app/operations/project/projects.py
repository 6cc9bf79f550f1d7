"""A project made and adopted, and its files checked and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from agi_app.campaigns.checks.rule_catalogue import explanation, find_rule
from agi_app.campaigns.project import project_templates
from agi_app.campaigns.project.new_project import make_project
from agi_app.campaigns.project.read_project import checked_project, find_project
from agi_app.clock import Clock
from agi_app.config.settings import SETTINGS_FILE, Settings
from agi_app.consent import project_identity
from agi_app.errors import InputError, Problem
from agi_app.flow.diagram.draw import draw
from agi_app.flow.language.no_such_flow import CONSEQUENCE
from agi_app.messages import spoken, t, template
from agi_app.operations.project.project_files import find_flow, read_files


@dataclass(frozen=True, slots=True)
class CheckedFiles:
    """The faults with the project folders that they are in, and how many campaigns and flows were looked at."""

    found: Sequence[tuple[Path, Problem]]
    files: int

    @property
    def errors(self) -> int:
        """Faults that are more than warnings."""
        return sum(problem.severity == "error" for _, problem in self.found)


def make(folder: Path, template_name: str | None = None, names: Sequence[str] = ()) -> list[str]:
    """Make a project that runs in a new folder; returns what to do next. Blocks. Raises InputError, ConfigError.

    ``template_name``: one of ``templates``; None makes the sample project. ``names``: of the business, ``NAME``
    for all languages, ``LANGUAGE=NAME`` for one; none: the sample's.
    """
    return make_project(folder, template_name, names)


def templates() -> list[str]:
    """The templates of new projects, each on a line with what it is for."""
    return project_templates.listed()


def check(paths: Sequence[Path]) -> CheckedFiles:
    """Check campaigns, flows, prompts and expected calls of project folders or single files. Blocks.

    Raises InputError for a path that is no project's, ConfigError.
    """
    found: list[tuple[Path, Problem]] = []
    files = 0
    for path in paths:
        folder, only = find_project(path)
        seen = checked_project(folder, Clock().now())
        if not (seen.flows or seen.campaigns or seen.problems):
            above = folder.resolve().parent / SETTINGS_FILE
            where = f", {folder / '..'}" if above.exists() else ""
            raise InputError(
                t(
                    "{path}: has neither campaigns/*.yaml nor flows/*.yaml; name the project folder{where}",
                    path=path,
                    where=where,
                )
            )
        files += len(seen.flows) + len(seen.campaigns) if only is None else 1
        ordered = sorted(
            [*seen.problems, *callee_faults(folder)], key=lambda p: spoken(CONSEQUENCE) in p.message
        )  # what follows from others comes last
        found += [(folder, p) for p in ordered if only is None or p.file in (only, SETTINGS_FILE)]
    return CheckedFiles(found, files)


def callee_faults(folder: Path) -> list[Problem]:
    """Faults of the file that says who is called in the sandbox, which is part of a clone, not of the package."""
    if not (folder / "callees.toml").is_file():
        return []
    try:
        from sandbox.callees import CALLEES, faults_of_project
    except ImportError:
        told = "not checked: the sandbox that reads it is part of a clone of agi-app, not of the installed package"
        return [Problem("callees.toml", 1, 1, "callees", t(told), "warning")]
    return [Problem(CALLEES, *place, "callees", message) for place, message in faults_of_project(folder)]


OTHER = {  # what `check` names as a rule and judges without one
    "settings": template(
        "settings: a key or a value of agi-app.toml is wrong, or a file that it names; the message says what to write."
        " All keys: docs/reference/settings.md"
    ),
    "callees": template(
        "callees: a fault of callees.toml, which says who is called in the sandbox; real calls do not use it. All keys:"
        " docs/how-to/try-in-the-sandbox.md"
    ),
}


def explain(rule: str) -> str:
    """What a rule of the check asks and why, with examples. Raises InputError when there is none of that name."""
    return spoken(OTHER[rule]) if rule in OTHER else explanation(find_rule(rule))


def diagram(folder: Path, flow: str, language: str | None = None) -> str:
    """A flow as SVG: every node with the words that a person hears, and the key of every way. Blocks.

    Raises InputError for a flow or a language that there is not, AuthorError when its file has faults.
    """
    found = read_files(folder)
    return draw(find_flow(found, flow, language).parsed, found.prompts, language)


FileKind = Literal["flow", "campaign"]


def schema(kind: FileKind) -> dict[str, Any]:
    """The JSON Schema of flow or campaign files, with which editors complete and check them."""
    from agi_app.campaigns.campaign_file.schema import campaign_schema
    from agi_app.flow.reference.json_schema import flow_schema

    return campaign_schema() if kind == "campaign" else flow_schema()


async def adopt(settings: Settings, *, new: bool) -> str:
    """Give a project that was made without an identity one, in its settings and its database, once; returns its id.

    ``new``: it was never used, and has neither data folder nor key yet. Raises ConfigError, SafetyError, StoreError.
    """
    return (await project_identity.adopt(settings, new=new)).project
