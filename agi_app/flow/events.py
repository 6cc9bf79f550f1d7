"""What can happen to a flow: the call runner turns channel events into these.

An event names the playback, timer or listening it is about, so that one that comes too late
(the prompt was stopped, the timer cancelled meanwhile) is recognised and ignored.
"""

from __future__ import annotations

from dataclasses import dataclass

from agi_app.flow.heard import Heard


@dataclass(frozen=True, slots=True)
class PlaybackFinished:
    """The playback ended by itself, or could not be played."""

    playback: str


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """One key: 0-9, * or #."""

    key: str


@dataclass(frozen=True, slots=True)
class TimerFired:
    """The time asked for by ``StartTimer`` has passed."""

    timer: str


@dataclass(frozen=True, slots=True)
class TalkingStarted:
    """The person began to speak."""


@dataclass(frozen=True, slots=True)
class Listened:
    """What a listening heard; comes for each ``StartListening`` that was not stopped, also when nothing was said."""

    listening: str
    heard: Heard


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording has ended: ``recorded`` and kept, ``empty`` (nothing was said), or ``failed``."""

    recording: str
    result: str


@dataclass(frozen=True, slots=True)
class TransferEnded:
    """The talk is over (``done``), or has not come about (``busy``, ``no_answer``, ``failed``, ``abandoned``)."""

    transfer: str
    result: str


@dataclass(frozen=True, slots=True)
class OptOutStored:
    """The stop asked for by ``StoreOptOut`` is safe on disk."""


@dataclass(frozen=True, slots=True)
class StopStored:
    """The stop asked for by ``StoreStop`` is safe on disk."""


@dataclass(frozen=True, slots=True)
class HungUp:
    """The call is over, whoever ended it."""


Speaking = TalkingStarted | Listened | Recorded
Event = PlaybackFinished | KeyPressed | TimerFired | Speaking | TransferEnded | OptOutStored | StopStored | HungUp
