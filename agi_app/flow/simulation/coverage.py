"""Which branches of a flow calls have taken: each way of an answer or a condition that leads to a node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agi_app.flow.check.graph import targets
from agi_app.flow.engine.call_in_flow import Walked
from agi_app.flow.language.definition import Flow
from agi_app.flow.language.step_with_ways import StepWithWays
from agi_app.flow.language.steps import AnyStep, BranchStep, When
from agi_app.flow.syntax.names_and_limits import OTHERWISE


@dataclass(frozen=True, slots=True)
class Branch:
    """One way: the step that it leaves, under which answer or condition, and where it leads."""

    node: str
    step: int
    way: str
    target: str


def branches(flow: Flow) -> list[Branch]:
    """Those of this file, in its order."""
    return [branch for (_, node, index), step in flow.steps() for branch in _of_step(node, index, step)]


def taken(flow: Flow, walks: Iterable[tuple[str, Iterable[Walked]]]) -> set[Branch]:
    """The branches that these calls took; each call with the name of the flow that it began with."""
    found: set[Branch] = set()
    for began_with, walk in walks:
        for one in walk:
            if (one.flow or began_with) == flow.flow and one.target is not None:
                found.update(_taken(flow, one))
    return found


def _of_step(node: str, index: int, step: AnyStep) -> Iterator[Branch]:
    match step:
        case StepWithWays():
            yield from (Branch(node, index, outcome, target) for outcome, target in step.on.items())
        case BranchStep():
            for case, (_, target) in zip(step.branch, targets(step), strict=True):
                yield Branch(node, index, case.when.source if isinstance(case, When) else OTHERWISE, target)


def _taken(flow: Flow, one: Walked) -> Iterator[Branch]:
    steps = flow.nodes.get(one.node, ())
    step = steps[one.step] if one.step < len(steps) else None
    if isinstance(step, StepWithWays) and one.outcome is not None:
        alike = (one.outcome, step.ALIKE.get(one.outcome, OTHERWISE), OTHERWISE)
        way = next((name for name in alike if name in step.on), "")
        yield Branch(one.node, one.step, way, step.on.get(way, ""))
    elif isinstance(step, BranchStep):
        yield from (branch for branch in _of_step(one.node, one.step, step) if branch.target == one.target)
