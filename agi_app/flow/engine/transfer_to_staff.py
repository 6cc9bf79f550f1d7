"""The verb ``transfer``: the person is handed over, and what happens when the talk is over or has not come about."""

from __future__ import annotations

from agi_app.flow.engine.call_in_flow import CallInFlow
from agi_app.flow.engine.commands import Command, SetDisposition, StartTransfer
from agi_app.flow.engine.recording import end_call_recording
from agi_app.flow.language.transfer_step import TransferStep
from agi_app.flow.syntax.names_and_limits import ABANDONED


def begin(call: CallInFlow, step: TransferStep) -> list[Command]:
    """Transfer and wait for its end; the other side has not heard of a recording, so nothing is recorded."""
    wanted, commands = step.transfer, end_call_recording(call)
    call.phase, call.transfer, call.early = "transferring", call.new_id("h"), ""
    seconds = wanted.timeout.total_seconds()
    return [*commands, StartTransfer(call.transfer, wanted.to, seconds, wanted.whisper, call.language)]


def ended(call: CallInFlow, result: str) -> list[Command]:
    """The way of the result; a person called for an agent who finds none free hears the ``abandoned`` prompt first."""
    call.transfer = None
    if result == ABANDONED and call.first_flow.abandoned is not None:
        call.disposition = ABANDONED
        return [SetDisposition(ABANDONED), *call.play("parting", call.first_flow.abandoned)]
    return call.leave(result)
