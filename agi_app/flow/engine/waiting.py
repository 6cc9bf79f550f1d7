"""What a call waits for: at most one playback, timer, listening and transfer, each with an id used once."""

from __future__ import annotations

from agi_app.flow.engine.commands import (
    CancelTimer,
    Command,
    DropRecording,
    EndCallRecording,
    PlayPrompt,
    SayPieces,
    StartCallRecording,
    StartRecording,
    StartTimer,
    StartTransfer,
    StopListening,
    StopPlayback,
    StopTransfer,
)
from agi_app.flow.engine.state import Phase, SessionState
from agi_app.flow.language.record_step import CallRecording, RecordStep
from agi_app.flow.language.transfer_step import TransferStep
from agi_app.flow.saying.spoken_parts import Part


def play(state: SessionState, phase: Phase, prompt: str) -> PlayPrompt:
    """Play a prompt and wait for its end."""
    state.phase, state.playback = phase, state.new_id("p")
    return PlayPrompt(state.playback, prompt, state.language)


def say(state: SessionState, phase: Phase, parts: tuple[Part, ...]) -> SayPieces:
    """Say the parts and wait for the end."""
    state.phase, state.playback = phase, state.new_id("p")
    return SayPieces(state.playback, parts, state.language)


def listen(state: SessionState, seconds: float) -> StartTimer:
    """Wait for a key, at most so many seconds."""
    state.phase, state.timer = "listening", state.new_id("t")
    return StartTimer(state.timer, seconds)


def hush(state: SessionState) -> list[Command]:
    """Stop what plays and what counts, if anything does; their late events are stale from now on."""
    commands: list[Command] = []
    if state.playback:
        commands.append(StopPlayback(state.playback))
    if state.timer:
        commands.append(CancelTimer(state.timer))
    state.playback = state.timer = state.broken = None
    return commands


def stop(state: SessionState) -> list[Command]:
    """Stop everything: what plays and counts, a transfer, listening to what is said, and recording it."""
    commands = hush(state)
    if state.transfer:
        commands.append(StopTransfer(state.transfer))
    if state.listening:
        commands.append(StopListening(state.listening))
    if state.recording:
        commands.append(DropRecording(state.recording))
    state.transfer = state.listening = state.recording = None
    return commands


def transfer(state: SessionState, step: TransferStep) -> list[Command]:
    """Transfer and wait for its end; the other side has not heard of a recording, so nothing is recorded."""
    commands = record_call(state, CallRecording(call=False))
    state.phase, state.transfer = "transferring", state.new_id("h")
    wanted = step.transfer
    seconds = wanted.timeout.total_seconds()
    return [*commands, StartTransfer(state.transfer, wanted.to, seconds, wanted.whisper, state.language)]


def record(state: SessionState, step: RecordStep) -> StartRecording:
    """Record a message and wait for the end of it."""
    state.phase, state.recording = "recording", state.new_id("m")
    seconds, silence = (int(span.total_seconds()) for span in (step.record.max, step.record.silence))
    return StartRecording(state.recording, step.record.save, seconds, silence)


def record_call(state: SessionState, order: CallRecording) -> list[Command]:
    """Begin to record the call, or end that; nothing when it is so already. It ends with the call automatically."""
    going = state.call_recording
    if order.call and going is None:
        state.call_recording = state.new_id("c")
        return [StartCallRecording(state.call_recording)]
    if not order.call and going is not None:
        state.call_recording = None
        return [EndCallRecording(going)]
    return []
