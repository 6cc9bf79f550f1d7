"""What one call needs besides its channel."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from agi_app.calls.speech_services import SpeechServices
from agi_app.flow.engine.commands import Command
from agi_app.flow.engine.events import Event
from agi_app.flow.engine.say_texts import Parts
from agi_app.flow.engine.session import Session
from agi_app.flow.engine.state import Caller
from agi_app.flow.language.definition import Flow
from agi_app.model.call import Party
from agi_app.model.machine_detection import MachineDetection


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
    sound_came: Callable[[], None] = lambda: None  # told when something came from the far end after the answer
    machine_detection: MachineDetection | None = None  # None: nobody looks whether a machine has answered
    caller: Caller | None = None  # the call came in: what the flow may know of the caller
    speech: SpeechServices | None = None  # who hears what the person says; None: nobody
    agents: str | None = None  # the destination that the call is made for
    answered: Callable[[], None] = lambda: None  # told when the person is on the line
    key_to_audio: Callable[[float], None] = lambda _: None  # told how long a key waited for the prompt that it brought
    watch: Callable[[Command | Event], None] = lambda _: None  # told all that the flow hears and wants done

    def session(self, flow: Flow, *, hears: bool = False) -> Session:
        """``flow`` with the person of this call, not begun yet; ``hears``: somebody understands what they say."""
        party = self.party
        return Session.begin(flow, party.fields, party.language, self.local_now(), hears=hears, caller=self.caller)
