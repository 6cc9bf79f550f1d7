"""Where a call is in its flow: plain data that survives JSON, so that a session can be kept and restored."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, Literal

from agi_app.flow.syntax.expressions import Value

# new: not started · running: executing steps (never between two events) · playing: a play step
# asking: a gather's prompt plays · reading: a collect reads a value back
# listening: a gather's timer runs · transferring: somebody else is rung, or talks with the person
# recording: a message of the person is taken down
# hearing: the person speaks, or has spoken and it is not yet known what; then it goes on as ``broken`` says
# storing: waits for OptOutStored · storing_other: waits for StopStored
# parting: the last prompt plays (nobody of ours was there, or it is the wrong number), and then the call ends
# confirming: the prompt after a stored opt-out plays · done: hung up, nothing more comes
Phase = Literal[
    "new",
    "running",
    "playing",
    "reading",
    "asking",
    "listening",
    "hearing",
    "recording",
    "transferring",
    "parting",
    "storing",
    "storing_other",
    "confirming",
    "done",
]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls a line of ours, as far as a flow may know."""

    shown: bool  # the call shows a number that a stop can be stored for
    region: str | None  # how keyed numbers without a country code are read


@dataclass(slots=True)
class SessionState:
    """The whole memory of a session; ``SessionState(**asdict(it))`` is equal to it."""

    contact: dict[str, str]
    language: str
    node: str
    nameless: bool = False  # the caller shows no number, so a stop must ask for one
    region: str | None = None  # how keyed numbers without a country code are read
    step: int = 0
    phase: Phase = "new"
    steps_done: int = 0
    ids_issued: int = 0
    playback: str | None = None
    timer: str | None = None
    transfer: str | None = None
    hears: bool = False  # somebody understands what the person says
    listening: str | None = None
    talking: bool = False  # the person began to speak in this listening
    hears_for: str | None = None  # the question that this listening may answer; None: only a stop is listened for
    broken: Phase | None = None  # what the person's talk broke off
    breaks: int = 0  # how often talk broke off the prompt that plays, or played, last
    recording: str | None = None
    call_recording: str | None = None  # of the call itself, as long as it goes on
    attempt: int = 0
    flow: str | None = None  # the called flow we are in; None: the one the call began with
    callers: list[dict[str, Any]] = field(default_factory=list)  # where each call goes on: flow, node, step, variables
    digits: str = ""
    pending: str | None = None  # what a collect has read back; None: it asks for the digits
    entries: int = 0  # how often a collect has asked for them
    stops: int = 0  # how many numbers that were keyed in have been stopped
    early: str = ""  # keys pressed in prompts, for the first question behind them
    pressed: str = ""  # the key that answered the last question: pressed twice it answers no other one
    star: bool = False  # the last key was *, so the opt-out key counts even while typing digits
    star_down: bool = False  # the last key that was seen going down was *
    acted: str | None = None  # a key that has done what it means while it went down; its release means nothing more
    down_at: int | None = None  # ``steps_done`` when the last key was seen going down; None: it was not seen, or is up
    variables: dict[str, Value] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    disposition: str | None = None
    call_back: str | None = None  # when the person is to be called again, ISO 8601
    called_again: int = 0  # nobody was asked about it, and so many answered calls may end so; 0: it was chosen
    today_only: bool = False  # without asking: today or not at all
    zone: str | None = None  # where the called person is, an IANA name; None: only the offset of ``now`` is known
    now: str | None = None  # local time of the called person at the last event, ISO 8601

    @property
    def local_time(self) -> dt.datetime | None:
        """What time it was for the called person at the last event, if that is known."""
        return dt.datetime.fromisoformat(self.now) if self.now else None

    @property
    def today(self) -> dt.date | None:
        """The day of ``local_time``."""
        return None if self.local_time is None else self.local_time.date()

    def new_id(self, kind: str) -> str:
        """A fresh id within this call: ``p1``, ``t2``, …"""
        self.ids_issued += 1
        return f"{kind}{self.ids_issued}"
