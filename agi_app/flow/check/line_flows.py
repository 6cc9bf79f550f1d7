"""The rules about flows of a line of ours, for calls that come in: they take stops from everybody, and tell nothing."""

from __future__ import annotations

from collections.abc import Iterator

from agi_app.authoring.suggestions import suggest
from agi_app.authoring.yaml_lines import Path
from agi_app.errors import Problem
from agi_app.flow.check.graph import reachable
from agi_app.flow.check.names_and_keys import names_read
from agi_app.flow.language.asking_steps import CallBackStep, GatherStep, StopNumberStep
from agi_app.flow.language.call_back_offer import CallAgainStep
from agi_app.flow.language.definition import FlowDocument
from agi_app.flow.language.record_step import RecordCallStep, RecordStep
from agi_app.flow.language.steps import AnyStep
from agi_app.flow.language.wrong_number_step import WrongNumberStep
from agi_app.flow.syntax.names_and_limits import CALLER_COLUMN
from agi_app.messages import t

CALLER = f"contact.{CALLER_COLUMN}"  # all that is known of a caller


def line_takes_stops(source: FlowDocument) -> Iterator[Problem]:
    """``flow/line-without-number``: a caller without a number is led to a stop_number."""
    flow, node = source.flow, source.flow.opt_out.without_number
    if node is None:
        return
    path: Path = ("opt_out", "without_number")
    if node not in flow.nodes:
        message = t('without_number: there is no node "{node}"{suggest}', node=node, suggest=suggest(node, flow.nodes))
        yield source.document.problem(path, "flow/unknown-target", message)
    elif not any(isinstance(step, StopNumberStep) for name in reachable(flow, node) for step in flow.nodes[name]):
        message = t(
            'without_number: no way leads from "{node}" to a stop_number, so this caller could not say stop', node=node
        )
        yield source.document.problem(path, "flow/line-without-number", message)


def line_knows_nothing(source: FlowDocument) -> Iterator[Problem]:
    """``flow/line-tells``: a line says nothing about its caller, promises no call and keeps no voice."""
    if not source.flow.is_line:
        return
    for path, step in source.flow.steps():
        for inner, message in _told(step):
            yield source.document.problem((*path, *inner), "flow/line-tells", message)


def stop_number_needs_line(source: FlowDocument) -> Iterator[Problem]:
    """``flow/stop-number``: only a flow for calls that come in takes stops for other numbers."""
    for at, _ in source.flow.steps_of(StopNumberStep) if not source.flow.is_line else ():
        message = t("stop_number: this is for lines; give opt_out a without_number, or take this step out")
        yield source.document.problem((*at, "stop_number"), "flow/stop-number", message)


def _told(step: AnyStep) -> Iterator[tuple[Path, str]]:
    for inner, name in names_read(step):
        if name.startswith("contact.") and name != CALLER:
            yield (
                inner,
                t(
                    "{name}: only {caller} is known of a caller, because a caller's number can be forged",
                    name=name,
                    caller=CALLER,
                ),
            )
    match step:
        case WrongNumberStep():
            yield ("wrong_number",), t("wrong_number: it cannot be proved whose number is calling; take a stop instead")
        case CallBackStep() | CallAgainStep():
            why = t("a call that came in cannot prove who called, so nobody is called back for it")
            yield ("call_back",), f"call_back: {why}"
        case RecordStep() | RecordCallStep():
            yield ("record",), t("record: a line keeps no recordings of its callers")
        case GatherStep() if step.gather.keep:
            yield ("gather", "keep"), t("keep: a line keeps no recordings of its callers")
