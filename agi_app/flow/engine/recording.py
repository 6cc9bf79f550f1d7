"""The verb ``record``: a message of the person after a prompt, or the call itself.

A recording of the call goes on until a step ends it, a transfer begins, or the call is over; a stop does not end it.
"""

from __future__ import annotations

from agi_app.flow.engine import commands as do
from agi_app.flow.engine.call_in_flow import CallInFlow
from agi_app.flow.language.record_step import RecordCallStep, RecordStep
from agi_app.flow.syntax.names_and_limits import RECORDED


def announce(call: CallInFlow, step: RecordStep) -> list[do.Command]:
    """Say that a message is recorded; keys that came before count no longer."""
    call.breaks, call.early = 0, ""
    return call.play("asking", step.record.prompt)


def begin(call: CallInFlow, step: RecordStep) -> list[do.Command]:
    """Record a message and wait for the end of it."""
    call.phase, call.recording = "recording", call.new_id("m")
    seconds, silence = (int(span.total_seconds()) for span in (step.record.max, step.record.silence))
    return [do.StartRecording(call.recording, step.record.save, seconds, silence)]


def ended(call: CallInFlow, result: str) -> list[do.Command]:
    """The message is an answer, if there is one; then the way of the result."""
    step, call.recording = call.current(), None
    saved = call.save(step.record.save, RECORDED) if isinstance(step, RecordStep) and result == RECORDED else []
    return [*saved, *call.leave(result)]


def of_the_call(call: CallInFlow, step: RecordCallStep) -> list[do.Command]:
    """Begin to record the call, or end that; nothing when it is so already. It ends with the call automatically."""
    if not step.record.call:
        return [*end_call_recording(call), *call.go_on()]
    going, call.call_recording = call.call_recording, call.call_recording or call.new_id("c")
    return [*([] if going else [do.StartCallRecording(call.call_recording)]), *call.go_on()]


def end_call_recording(call: CallInFlow) -> list[do.Command]:
    """Record the call no longer, if it is recorded."""
    going, call.call_recording = call.call_recording, None
    return [do.EndCallRecording(going)] if going is not None else []
