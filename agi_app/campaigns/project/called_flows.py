"""Which flows and faults belong to a flow: those that it calls, and what is wrong with any of them."""

from __future__ import annotations

from agi_app.campaigns.project.read_project import Project, Source
from agi_app.errors import AuthorError, Problem
from agi_app.flow.check.graph import prompt_uses
from agi_app.flow.language.definition import FlowDocument


def parts_of(project: Project, flow: Source[FlowDocument]) -> list[Source[FlowDocument]]:
    """The flows that this one calls, directly or not."""
    return [project.flows[name] for name in sorted(flow.parsed.flow.parts)]


def concerns(project: Project, problem: Problem, flow: Source[FlowDocument]) -> bool:
    """The fault is in the flow's file, in one that it calls, or in a prompt that they play."""
    sources = [flow, *parts_of(project, flow)]
    if any(problem.file == source.file for source in sources):
        return True
    stem = problem.file.rpartition("/")[2].partition(".")[0]
    return problem.file.startswith("prompts/") and any(
        stem == use.prompt for source in sources for use in prompt_uses(source.parsed.flow)
    )


def no_faults(project: Project, flow: Source[FlowDocument]) -> None:
    """Raises AuthorError with every fault of the flow, of those that it calls, and of their prompts."""
    faults = [problem for problem in project.errors if concerns(project, problem, flow)]
    if faults:
        raise AuthorError(*faults)
