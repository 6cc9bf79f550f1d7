"""What happens to a screened call: whether a person answered, how long it rang and was talked, who ended it.

Asterisk tells it itself: our application subscribes to the caller's channel, and its events come over the socket that
is open anyway. Nothing hangs on it: a call that cannot be followed counts as one that rang and was not answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from agi_app import log
from agi_app.clock import Clock
from agi_app.errors import RequestFailed
from agi_app.pbx.ari.connection import Ari
from agi_app.pbx.ari.events import Frame
from agi_app.store.screening.screened_calls import EndedCall

MOST = 5_000  # calls at once; more are not followed
UNKNOWN_S = 99.0  # of ringing, when nobody knows: no aborted call

_log = log.get("guard.follow")


@dataclass(slots=True)
class _Followed:
    call_id: str
    begun: float
    talks: bool  # False: we answer it ourselves, to ask or record; only an answer to a Dial is a person's
    answered: float | None = None
    by_caller: bool = False


class Follow:
    """The screened calls that go on."""

    def __init__(self, clock: Clock, ended: Callable[[EndedCall], None]) -> None:
        self._clock, self._ended = clock, ended
        self._calls: dict[str, _Followed] = {}
        self._new: asyncio.Queue[str] = asyncio.Queue()

    def __len__(self) -> int:
        return len(self._calls)

    def begin(self, channel_id: str, call_id: str, *, talks: bool) -> None:
        """Follow this call; ``talks``: also an answer by the dialplan itself is one. Never waits."""
        if len(self._calls) >= MOST:
            self._ended(EndedCall(call_id, False, UNKNOWN_S, 0.0, False))
            return
        self._calls[channel_id] = _Followed(call_id, self._clock.monotonic(), talks)
        self._new.put_nowait(channel_id)

    def see(self, frame: Frame) -> None:
        """An event of the socket; others may need it, too: a screened call may become one that a flow runs."""
        channel = frame.channel or frame.caller
        call = self._calls.get(channel.id) if channel is not None else None
        if channel is None or call is None:
            return
        match frame.type:
            case "Dial" if frame.dialstatus == "ANSWER":
                call.answered = call.answered or self._clock.monotonic()
            case "ChannelHangupRequest" if not frame.soft:
                call.by_caller = True
            case "ChannelDestroyed":
                del self._calls[channel.id]
                self._ended(self._end_of(call, channel.state == "Up"))

    def _end_of(self, call: _Followed, up: bool) -> EndedCall:
        now = self._clock.monotonic()
        answered = call.answered or (call.begun if up and call.talks else None)
        if answered is None:
            return EndedCall(call.call_id, False, now - call.begun, 0.0, call.by_caller)
        return EndedCall(call.call_id, True, answered - call.begun, now - answered, call.by_caller)

    def lose_all(self) -> None:
        """The connection to Asterisk was lost, and with it the subscriptions."""
        lost, self._calls = self._calls, {}
        for call in lost.values():
            self._lose(call)

    def _lose(self, call: _Followed) -> None:
        self._ended(EndedCall(call.call_id, call.answered is not None, UNKNOWN_S, 0.0, False))

    async def run(self, ari: Ari) -> None:
        """Subscribe to new calls until cancelled."""
        while True:
            channel_id = await self._new.get()
            try:
                await ari.request(
                    "POST", f"applications/{ari.settings.app}/subscription", {"eventSource": f"channel:{channel_id}"}
                )
            except RequestFailed as error:  # hung up already, or no connection
                if (call := self._calls.pop(channel_id, None)) is not None:
                    _log.debug("a call that came in is not followed", reason=str(error))
                    self._lose(call)
