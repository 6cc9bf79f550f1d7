"""What one call needs: its channel, as the runner sees it, and everything else in a plan."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from agi_app.calls.speech_services import SpeechServices
from agi_app.flow.engine.commands import Command
from agi_app.flow.engine.events import Event
from agi_app.flow.engine.say_texts import Parts
from agi_app.flow.engine.state import Caller
from agi_app.flow.language.definition import Flow
from agi_app.model.machine_detection import MachineDetection
from agi_app.model.party import Party
from agi_app.pbx.ari import events as pbx
from agi_app.pbx.channel import Received


class ChannelLike(Protocol):
    """What the runner needs of a channel (``pbx.channel.Channel``)."""

    id: str

    async def next_event(self, timeout: float | None) -> pbx.Event | None:
        """The next event in order; None when ``timeout`` seconds passed without one."""

    def deliver(self, event: pbx.Event) -> None:
        """Put an event at the end of the channel's queue."""

    async def play(self, playback_id: str, media: str | Sequence[str]) -> None:
        """Start a prompt; several media play one after another."""

    async def has_begun(self, playback_id: str) -> bool:
        """Whether a prompt is heard or was; raises RequestFailed when Asterisk cannot be asked."""

    async def stop_playback(self, playback_id: str) -> None:
        """Stop a prompt."""

    async def detour(self, context: str, extension: str) -> bool:
        """Let the dialplan have the channel until it comes back as ``Started``; False: it knows no such place."""

    async def received(self) -> Received | None:
        """What has come from the far end so far; None: it cannot be told."""

    async def hangup(self, reason: str = "normal") -> None:
        """End the channel."""

    async def let_go(self, reason: str) -> None:
        """We cannot go on: end the channel, or, if it came in, leave it to the dialplan."""


@dataclass(frozen=True, slots=True)
class TransferOrder:
    """Whom to ring for which call."""

    channel_id: str  # of the called person
    attempt_id: str
    caller_id: str  # what the destination is shown: the number the person was shown
    transfer: str  # the session's id of it
    to: str  # a destination of the settings
    timeout_s: float  # of the ringing
    max_s: float  # of the talk; the call's own end comes first
    whisper: str | None  # media that the destination alone hears
    patience_s: float | None = None  # the call was made for this destination: so long may the person wait for it


def _nobody_asks() -> None:
    pass


TransferRunner = Callable[[TransferOrder], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class CallPlan:
    """What a call needs besides its channel."""

    party: Party
    flow: Flow
    ring_time_s: float
    max_call_s: float
    media: Callable[[str, str], str]  # (language, prompt name) -> ARI media URI
    say: Callable[[Parts, str], Awaitable[list[str]]]  # what is ready to be said -> media URIs; raises AgiAppError
    transfer: TransferRunner  # returns when it is over: a result of a transfer
    store_opt_out: Callable[[str, str], Awaitable[None]]  # (number, how); returns once the stop is on disk
    trunk_works: Callable[[], None]  # told when the far end rings or answers
    local_now: Callable[[], dt.datetime | None]  # rules time where the called person is; None: not known
    sound_came: Callable[[], None] = _nobody_asks  # told when something came from the far end after the answer
    machine_detection: MachineDetection | None = None  # None: nobody looks whether a machine has answered
    caller: Caller | None = None  # the call came in: what the flow may know of the caller
    speech: SpeechServices | None = None  # who hears what the person says; None: nobody
    agents: str | None = None  # the destination that the call is made for
    answered: Callable[[], None] = _nobody_asks  # told when the person is on the line
    watch: Callable[[Command | Event], None] = lambda _: None  # told all that the flow hears and wants done
