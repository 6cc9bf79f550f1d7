"""What a call that came in is made of while it goes on, and what a line works with."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from agi_app.calls.call_plan import TransferOrder
from agi_app.calls.inbound_line import InboundLine
from agi_app.calls.rendered_speech import Voice
from agi_app.calls.speech_services import SpeechServices
from agi_app.flow.syntax.names_and_limits import CALLER_COLUMN, SHOWN, WITHHELD
from agi_app.model.call import Party
from agi_app.model.phone import PhoneNumber
from agi_app.pbx.inbound_channel import LineChannel
from agi_app.store.calling.inbound_calls import LineStop


@dataclass(frozen=True, slots=True)
class LineServices:
    """What a line speaks, hears and transfers with."""

    media: Callable[[str, str], str]  # (language, prompt name) -> ARI media URI
    voice: Voice
    transfer: Callable[[TransferOrder], Awaitable[str]]
    speech: SpeechServices


@dataclass(slots=True)
class InboundCall:
    """A call while it goes on."""

    line: InboundLine
    caller: PhoneNumber | None  # None: it shows no number
    began_at: dt.datetime
    call_id: str = field(default_factory=lambda: f"line-{uuid.uuid4().hex}")
    stops: list[LineStop] = field(default_factory=list)
    channel: LineChannel | None = None
    language: str | None = None

    @property
    def party(self) -> Party:
        """The caller."""
        number = "" if self.caller is None else self.caller.e164
        return Party(self.call_id, number, self.line.number, None, {CALLER_COLUMN: SHOWN if number else WITHHELD})
