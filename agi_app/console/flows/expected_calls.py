"""The expected calls of a flow, run: how each came out, and which branches none of them takes."""

from __future__ import annotations

import asyncio

from agi_app.api.problems import RequestRefused
from agi_app.console.flows.one_flow import NodeShown
from agi_app.console.flows.reading import FlowFault, drafted, drawn, faults_of, markup, project_of
from agi_app.console.pages import PageCall, PageData, Pages, Shown
from agi_app.model.actors import Scope
from agi_app.operations.project import simulations
from agi_app.operations.project.flow_views import Lit
from agi_app.operations.project.project_files import Project

pages = Pages()


class DifferenceShown(PageData):
    """What came out otherwise, and the line that says how it should be."""

    line: int
    message: str


class CaseShown(PageData):
    """An expected call that was run; without differences it is as it should be."""

    file: str
    name: str
    line: int
    differences: list[DifferenceShown]
    call: list[str]


class BranchShown(PageData):
    """A way of the flow, and whether an expected call takes it."""

    node: str
    way: str
    target: str
    taken: bool


class FlowCalls(PageData):
    """All of them. ``faults``: what keeps others from being run."""

    name: str
    of: str
    cases: list[CaseShown]
    failed: int
    faults: list[FlowFault]
    branches: list[BranchShown]
    taken: int


@pages.get("/flows/{flow}/calls", Scope.FIGURES_READ)
async def show(call: PageCall) -> Shown:
    """The page; with ``?of=draft`` by the draft's text."""
    name, project = call.path["flow"], await project_of(call)
    project, of = await drafted(call, project, call.query.get("of", ""))
    if name not in project.flows:
        raise RequestRefused("not_found")
    data = await asyncio.to_thread(calls_of, project, name, of)
    gone = [one for one in data.branches if one.taken]
    nodes = frozenset(part for one in gone for part in (one.node, one.target))
    picture = await drawn(project, name, None, Lit(nodes, frozenset((one.node, one.target) for one in gone)))
    listed = [] if picture is None else [NodeShown.model_validate(one) for one in picture.nodes]
    more = {"picture": markup(picture), "nodes": listed}
    return Shown("flows/calls.html", data, "agi-app simulate --expect", more=more)


def calls_of(project: Project, name: str, of: str = "file") -> FlowCalls:
    """Run those of a flow that can be read. Blocks."""
    found, ways = simulations.expected_of(project, name)
    branches = [
        BranchShown(node=one.branch.node, way=one.branch.way, target=one.branch.target, taken=one.taken) for one in ways
    ]
    return FlowCalls(
        name=name,
        of=of,
        cases=[
            CaseShown(
                file=run.file,
                name=run.verdict.name,
                line=run.verdict.line,
                differences=[DifferenceShown.model_validate(one) for one in run.verdict.differences],
                call=list(run.verdict.call),
            )
            for run in found.runs
        ],
        failed=found.failed,
        faults=faults_of(found.faults),
        branches=branches,
        taken=sum(one.taken for one in branches),
    )
