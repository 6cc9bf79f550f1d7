"""The steps of a flow, one after another, until one must wait; at most MAX_STEPS_PER_CALL in a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

from agi_app.flow.engine import (
    barge_in_and_early_keys,
    call_back_time,
    called_flows,
    opt_out_key,
    recording,
    transfer_to_staff,
    wrong_number,
)
from agi_app.flow.engine.call_in_flow import CallInFlow
from agi_app.flow.engine.commands import Command, SetDisposition
from agi_app.flow.engine.say_texts import speak
from agi_app.flow.language.asking_steps import AskStep
from agi_app.flow.language.call_back_offer import CallAgainStep
from agi_app.flow.language.call_step import CallStep, ReturnStep
from agi_app.flow.language.record_step import RecordCallStep, RecordStep
from agi_app.flow.language.say_step import SayStep
from agi_app.flow.language.steps import BranchStep, GotoStep, HangupStep, OptOutStep, PlayStep, SetStep, When
from agi_app.flow.language.transfer_step import TransferStep
from agi_app.flow.language.wrong_number_step import WrongNumberStep
from agi_app.flow.syntax.expressions import Value, moment
from agi_app.flow.syntax.names_and_limits import MAX_STEPS_PER_CALL


def run(call: CallInFlow) -> list[Command]:
    """Run as long as nothing is waited for; nothing to do otherwise."""
    commands = list[Command]()
    while call.phase == "running":
        step = call.current()
        if call.listening and (step is None or isinstance(step, HangupStep | TransferStep)):
            call.phase, call.broken = "hearing", "running"  # what is being said may be a stop
        elif step is None:
            commands += call.end("end_of_node")
        elif call.steps_done >= MAX_STEPS_PER_CALL:
            commands += call.end_at_limit()
        else:
            call.steps_done += 1
            commands += VERBS[type(step)](call, step)
    return commands


def _speak(call: CallInFlow, step: PlayStep | SayStep) -> list[Command]:
    call.breaks = 0
    return speak(call, step)


def _branch(call: CallInFlow, step: BranchStep) -> list[Command]:
    known: dict[str, Value] = {**call.variables, "language": call.language, "disposition": call.disposition}
    known |= moment(call.local_time)
    for case in step.branch:
        if not isinstance(case, When):
            return call.go_on(case.otherwise)
        if case.when.test(known, call.contact):
            return call.go_on(case.goto)
    return call.go_on()


def _set(call: CallInFlow, step: SetStep) -> list[Command]:
    call.variables |= {name: value for name, value in step.set.items() if name != "disposition"}
    if "disposition" not in step.set:
        return call.go_on()
    call.disposition = str(step.set["disposition"])
    return [SetDisposition(call.disposition), *call.go_on()]


# What each verb does; each of them goes on with a step, or waits for something.
VERBS: Mapping[type, Callable[[CallInFlow, Any], list[Command]]] = {
    PlayStep: _speak,
    SayStep: _speak,
    **dict.fromkeys(get_args(AskStep), barge_in_and_early_keys.first_ask),
    SetStep: _set,
    BranchStep: _branch,
    GotoStep: lambda call, step: call.go_on(step.goto),
    CallStep: called_flows.begin,
    ReturnStep: called_flows.return_,
    TransferStep: transfer_to_staff.begin,
    RecordStep: recording.announce,
    RecordCallStep: recording.of_the_call,
    CallAgainStep: call_back_time.unasked,
    OptOutStep: lambda call, _: opt_out_key.take(call, "step"),
    WrongNumberStep: lambda call, _: wrong_number.store(call),
    HangupStep: lambda call, _: call.end("hangup"),
}
