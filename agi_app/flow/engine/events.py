"""What can happen to a flow: the call runner turns channel events into these.

An event names the playback, timer or listening it is about, so that one that comes too late
(the prompt was stopped, the timer cancelled meanwhile) is recognised and ignored.
"""

from __future__ import annotations

import msgspec

from agi_app.flow.answers.recognition import Heard


class PromptFinished(msgspec.Struct, frozen=True, gc=False):
    """The playback ended on its own, or could not be played."""

    playback: str


class KeyDown(msgspec.Struct, frozen=True, gc=False):
    """A key went down: 0-9, * or #. It counts for the opt-out alone; its ``KeyPressed`` may never come."""

    key: str


class KeyPressed(msgspec.Struct, frozen=True, gc=False):
    """One key was pressed and released: 0-9, * or #."""

    key: str


class TimerFired(msgspec.Struct, frozen=True, gc=False):
    """The time asked for by ``StartTimer`` has passed."""

    timer: str


class SpeechStarted(msgspec.Struct, frozen=True, gc=False):
    """The person began to speak."""


class Listened(msgspec.Struct, frozen=True, gc=False):
    """What a listening heard; comes for each ``StartListening`` that was not stopped, also when nothing was said."""

    listening: str
    heard: Heard


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """A recording has ended: ``recorded`` and kept, ``empty`` (nothing was said), or ``failed``."""

    recording: str
    result: str


class TransferEnded(msgspec.Struct, frozen=True, gc=False):
    """The talk is over (``done``), or has not come about (``busy``, ``no_answer``, ``failed``, ``abandoned``)."""

    transfer: str
    result: str


class OptOutStored(msgspec.Struct, frozen=True, gc=False):
    """The stop asked for by ``StoreOptOut`` is safe on disk."""


class StopStored(msgspec.Struct, frozen=True, gc=False):
    """What ``StoreStop`` or ``StoreWrongNumber`` asked for is safe on disk."""


class HungUp(msgspec.Struct, frozen=True, gc=False):
    """The call is over, no matter who ended it."""


Event = (
    PromptFinished
    | KeyDown
    | KeyPressed
    | TimerFired
    | SpeechStarted
    | Listened
    | Recorded
    | TransferEnded
    | OptOutStored
    | StopStored
    | HungUp
)
