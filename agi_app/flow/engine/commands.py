"""What a flow wants done: data for the call runner, which carries them out in order.

The runner answers ``PlayPrompt`` and ``SayPieces`` with ``PromptFinished``, ``StartTimer`` with ``TimerFired``,
``StartListening`` with ``Listened``, ``StartRecording`` with ``Recorded``, ``StoreOptOut`` with
``OptOutStored``, ``StoreStop`` and ``StoreWrongNumber`` with ``StopStored``; the others have no answer.
"""

from __future__ import annotations

import msgspec

from agi_app.flow.saying.spoken_parts import Part


class PlayPrompt(msgspec.Struct, frozen=True, gc=False):
    """Play a prompt; at most one playback at a time."""

    playback: str
    prompt: str
    language: str


class SayPieces(msgspec.Struct, frozen=True, gc=False):
    """Say pieces and texts one after another, as one playback; every text was known before the call."""

    playback: str
    parts: tuple[Part, ...]
    language: str


class StopPlayback(msgspec.Struct, frozen=True, gc=False):
    """Stop this playback; its ``PromptFinished`` may still come and is ignored."""

    playback: str


class StartTimer(msgspec.Struct, frozen=True, gc=False):
    """Report ``TimerFired`` after so many seconds; at most one timer at a time."""

    timer: str
    seconds: float


class CancelTimer(msgspec.Struct, frozen=True, gc=False):
    """This timer is no longer wanted."""

    timer: str


class StartListening(msgspec.Struct, frozen=True, gc=False):
    """Take down what the person says until they pause, and report it as ``Listened``; at most one at a time.

    ``waits`` is for how long they may be silent before they begin; None: they are speaking now. ``beside``: a prompt
    goes on meanwhile.
    """

    listening: str
    language: str
    phrases: tuple[str, ...]  # what is most likely said
    seconds: float  # the longest that is listened to
    waits: float | None
    beside: bool


class StopListening(msgspec.Struct, frozen=True, gc=False):
    """What is said now is no longer wanted; no ``Listened`` comes."""

    listening: str


class KeepSpoken(msgspec.Struct, frozen=True, gc=False):
    """Keep the recording of what this listening heard: it is the answer ``name``."""

    listening: str
    name: str


class StartRecording(msgspec.Struct, frozen=True, gc=False):
    """Record a message, at most so many seconds, until so many seconds of silence; answered by ``Recorded``."""

    recording: str
    name: str
    seconds: int
    silence: int


class EndRecording(msgspec.Struct, frozen=True, gc=False):
    """The message is complete; ``Recorded`` follows."""

    recording: str


class DropRecording(msgspec.Struct, frozen=True, gc=False):
    """The message is no longer wanted: nothing of it is kept."""

    recording: str


class StartCallRecording(msgspec.Struct, frozen=True, gc=False):
    """Record both sides of the call from now on, whatever else plays, listens or records; nothing answers."""

    recording: str


class EndCallRecording(msgspec.Struct, frozen=True, gc=False):
    """Record the call no longer; what was recorded is kept."""

    recording: str


class StartTransfer(msgspec.Struct, frozen=True, gc=False):
    """Transfer to a destination of the settings, rung at most so many seconds; answered by ``TransferEnded``."""

    transfer: str
    to: str
    seconds: float
    whisper: str | None  # a prompt that the destination alone hears
    language: str


class StopTransfer(msgspec.Struct, frozen=True, gc=False):
    """Take the person back: the other side's leg ends."""

    transfer: str


class StoreOptOut(msgspec.Struct, frozen=True, gc=False):
    """The person said stop: store it (journal, fsync) before anything else.

    ``how`` is ``key``, ``speech`` or ``step``.
    """

    how: str


class StoreStop(msgspec.Struct, frozen=True, gc=False):
    """A stop for another number (E.164) that the person keyed in: store it before anything else, as ``StoreOptOut``."""

    number: str


class SaveAnswer(msgspec.Struct, frozen=True, gc=False):
    """The person's answer to a gather."""

    name: str
    value: str


class CallBackAt(msgspec.Struct, frozen=True, gc=False):
    """To be called again then, as the person chose, or ``unasked``: local time, ISO 8601 with its offset."""

    at: str
    unasked: bool = False
    today_only: bool = False
    too_late: bool = False  # today only, and that is another day: it is not done


class NoTimeKnown(msgspec.Struct, frozen=True, gc=False):
    """A request to be called again that failed: nobody knows what time it is for the person."""


class StoreWrongNumber(msgspec.Struct, frozen=True, gc=False):
    """The person who answered says that this is a wrong number: end the consents for it before anything else.

    Answered by ``StopStored``.
    """


class SetDisposition(msgspec.Struct, frozen=True, gc=False):
    """What the call meant; the last one counts."""

    label: str


class Hangup(msgspec.Struct, frozen=True, gc=False):
    """End the call: ``hangup``, ``end_of_node``, ``opted_out``, ``wrong_number`` or ``flow_limit``."""

    reason: str


Sounding = PlayPrompt | SayPieces | StopPlayback
Keeping = StoreOptOut | StoreStop | StoreWrongNumber | SaveAnswer | CallBackAt | NoTimeKnown | SetDisposition
Hearing = (
    StartListening
    | StopListening
    | KeepSpoken
    | StartRecording
    | EndRecording
    | DropRecording
    | StartCallRecording
    | EndCallRecording
)
Command = Sounding | StartTimer | CancelTimer | Hearing | Keeping | StartTransfer | StopTransfer | Hangup
