"""The rules about ways through a flow: each leads to a node that is there, each node is reached, no way is endless."""

from __future__ import annotations

from collections.abc import Iterator

from agi_app.authoring.suggestions import suggest
from agi_app.errors import Problem
from agi_app.flow.check.graph import calls_before_prompt, is_last, reachable, targets, with_exit
from agi_app.flow.language.asking_steps import AskStep
from agi_app.flow.language.call_step import CallStep
from agi_app.flow.language.definition import FlowDocument
from agi_app.flow.language.record_step import RecordStep
from agi_app.flow.language.transfer_step import TransferStep
from agi_app.messages import t


def unknown_target(source: FlowDocument) -> Iterator[Problem]:
    """``flow/unknown-target``: start, goto, on and else name nodes that exist."""
    flow, document = source.flow, source.document
    if flow.start not in flow.nodes:
        message = t(
            'start: there is no node "{start}"{suggest}', start=flow.start, suggest=suggest(flow.start, flow.nodes)
        )
        yield document.problem(("start",), "flow/unknown-target", message)
    for path, step in flow.steps():
        for inner, target in targets(step):
            if target not in flow.nodes:
                message = t(
                    '{key}: there is no node "{target}"{suggest}',
                    key=inner[-1],
                    target=target,
                    suggest=suggest(target, flow.nodes),
                )
                yield document.problem((*path, *inner), "flow/unknown-target", message)


def unreachable_node(source: FlowDocument) -> Iterator[Problem]:
    """``flow/unreachable-node``: a way leads from start to every node."""
    if source.flow.start not in source.flow.nodes:
        return
    for node in source.flow.nodes.keys() - reachable(source.flow):
        message = t(
            '{node}: no way leads from "{start}" to this node; add a way to it, or remove it',
            node=node,
            start=source.flow.start,
        )
        yield source.document.problem(("nodes", node), "flow/unreachable-node", message)


def unreachable_step(source: FlowDocument) -> Iterator[Problem]:
    """``flow/unreachable-step``: nothing stands after a step that always leaves the node."""
    for node, steps in source.flow.nodes.items():
        for index, step in enumerate(steps[:-1]):
            if is_last(step):
                message = t(
                    "{node}: this step is never reached, because the step before it always leaves the node", node=node
                )
                yield source.document.problem(("nodes", node, index + 1), "flow/unreachable-step", message)
                break


def no_way_out(source: FlowDocument) -> Iterator[Problem]:
    """``flow/no-way-out``: every node ends with goto, hangup or opt_out, and every loop can end."""
    for node, steps in source.flow.nodes.items():
        if not any(is_last(step) for step in steps):
            hint = t("end it with goto, hangup or opt_out")
            hint += t(", or with return") if source.flow.is_called else ""
            if isinstance(steps[-1], CallStep):
                hint += t(", or give its on a way for else")
            if isinstance(steps[-1], AskStep | TransferStep | RecordStep):
                open_ways = [one for one in steps[-1].outcomes if steps[-1].way(one) is None]
                hint += t(", or give a way in its on to {answers}", answers=", ".join(open_ways))
            path = ("nodes", node, len(steps) - 1)
            yield source.document.problem(
                path, "flow/no-way-out", t("{node}: the node just ends here; {hint}", node=node, hint=hint)
            )
    for node in source.flow.nodes.keys() - with_exit(source.flow):
        message = t("{node}: from here no way leads to the end of the call; add a way to a hangup", node=node)
        yield source.document.problem(("nodes", node), "flow/no-way-out", message)


def call_first(source: FlowDocument) -> Iterator[Problem]:
    """``flow/call-first``: a prompt of the flow itself is heard before it calls another flow or transfers."""
    for path in calls_before_prompt(source.flow):
        message = t(
            "the person has heard nothing yet; say here who calls and how to stop the calls, then go on to "
            "somebody else"
        )
        yield source.document.problem(path, "flow/call-first", message)
