"""One leg of a call as the rest of the program sees it: a queue of events in, verbs out.

The queue is ordered and bounded. When a call does not keep up, that call is hung up; the
reader of the socket never waits for it.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence

import msgspec

from agi_app import log
from agi_app.errors import RequestFailed
from agi_app.event_loop import call_once_over
from agi_app.messages import t
from agi_app.pbx.ari.connection import Ari, if_there
from agi_app.pbx.ari.events import (
    Destroyed,
    End,
    Event,
    Failed,
    Lost,
    PlaybackFinished,
    PlaybackRef,
    PlaybackStarted,
    Started,
)
from agi_app.pbx.doubled_dtmf import KeyPairs

_log = log.get("pbx.channel")
HEARD = ("playing", "paused")  # what Asterisk says of a prompt


async def is_heard(ari: Ari, playback_id: str) -> bool:
    """Whether a prompt plays now, and is not queued or gone; raises RequestFailed when Asterisk cannot be asked."""
    there = await if_there(ari.request("GET", f"playbacks/{playback_id}"))
    return there is not None and there.decode(PlaybackRef).state in HEARD


QUEUE_LIMIT = 256
_NO_RTP = "RTP info not found"


class Received(msgspec.Struct, frozen=True):
    """What has come from the far end of a call so far, by Asterisk's own counters (RTP and the reports in RTCP)."""

    rxcount: int = 0  # RTP packets: speech, comfort noise, keys, and what cannot be decoded
    remote_ssrc: int = 0
    # By the far end's reports on what it gets from us: Asterisk keeps no count of them, but the first changes these.
    rxmes: float = 0.0
    rxjitter: float = 0.0
    txploss: float = 0.0
    rtt: float = 0.0


class Channel:
    """One leg, from just before its originate until its end event."""

    def __init__(self, ari: Ari, channel_id: str) -> None:
        self.id = channel_id
        self.started = False
        self.ended: End | None = None
        self._ari = ari
        self._queue: deque[Event] = deque()
        self._waiter: asyncio.Future[None] | None = None  # of the one who reads the events
        self._alarm: asyncio.TimerHandle | None = None  # for the waiter; it may be earlier than need be
        self._until = math.inf  # when the waiter has waited long enough, by the loop's clock
        self.playing: set[str] = set()  # prompts, by id, that were started and have not finished
        self._unbegun: set[str] = set()  # of them, those that Asterisk has not said it plays
        self.when_heard: Callable[[], None] | None = None  # told once, when Asterisk plays the next prompt
        self._keys = KeyPairs()
        self._overflowed = False

    def deliver(self, event: Event) -> None:
        """Append an event; called by the router. Nothing is accepted after the end of the call."""
        if self.ended is None:
            for left in self._keys.left_of(event, asyncio.get_running_loop().time):
                self._take(left)

    def _take(self, event: Event) -> None:
        if isinstance(event, PlaybackStarted):  # nobody waits for it
            self._unbegun.discard(event.playback_id)
            if self.when_heard is not None:
                told, self.when_heard = self.when_heard, None
                told()
            return
        if isinstance(event, Destroyed | Failed | Lost):
            self.ended = event
            if self._alarm is not None:
                self._alarm.cancel()
        elif self._overflowed:
            return
        elif len(self._queue) >= QUEUE_LIMIT:
            self._overflowed = True
            _log.error("a call does not read its events; it is hung up", channel=self.id, waiting=QUEUE_LIMIT)
            self._ari.hang_up_soon(self.id)
            return
        elif isinstance(event, Started):
            self.started = True
        elif isinstance(event, PlaybackFinished):
            self._over(event.playback_id)
        self._queue.append(event)
        if self._waiter is not None:
            _wake(self._waiter)

    async def next_event(self, timeout: float | None = None) -> Event | None:
        """The next event in order, or None when none came within ``timeout`` seconds.

        After the end event it is returned again at once, so that no waiter hangs.
        """
        if not self._queue and self.ended is None:
            await self._wait(timeout)
        return self._queue.popleft() if self._queue else self.ended

    async def _wait(self, timeout: float | None) -> None:
        """Until an event is there, or the time is over: a dozen times a call, so with no more than it takes.

        A timer that is there already and rings too early is wound up again: most waits end long before.
        """
        loop = asyncio.get_running_loop()
        self._waiter = waiter = loop.create_future()
        if timeout is not None:
            self._until = loop.time() + timeout
            if self._alarm is None or self._alarm.when() > self._until:
                self._wind()
        try:
            await waiter
        finally:
            self._waiter, self._until = None, math.inf

    def _wind(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = call_once_over(self._until, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        if self._waiter is None or self._until == math.inf:
            return
        if asyncio.get_running_loop().time() < self._until:
            self._wind()
        else:
            _wake(self._waiter)

    async def __aiter__(self) -> AsyncIterator[Event]:
        """All events, the last one being the end of the call."""
        while True:
            if (event := await self.next_event()) is None:
                return
            yield event
            if event is self.ended:
                return

    async def play(self, playback_id: str, media: str | Sequence[str]) -> None:
        """Start a prompt (``sound:/path/without/extension``), or queue it behind the one that plays.

        Several media play one after another as one prompt. ``PlaybackFinished`` tells the end.
        """
        sounds = [media] if isinstance(media, str) else list(media)
        self.playing.add(playback_id)
        self._unbegun.add(playback_id)
        try:
            await self._ari.request("POST", f"channels/{self.id}/play/{playback_id}", body={"media": sounds})
        except RequestFailed as fault:
            if fault.status:
                self._over(playback_id)
            raise

    async def has_begun(self, playback_id: str) -> bool:
        """Whether a prompt is heard or was, as Asterisk has said or says now; raises RequestFailed.

        A channel that was just leaving a bridge has prompts of which no event ever tells.
        """
        if playback_id not in self._unbegun:
            return True
        return await is_heard(self._ari, playback_id) or playback_id not in self._unbegun

    def _over(self, playback_id: str) -> None:
        self.playing.discard(playback_id)
        self._unbegun.discard(playback_id)

    async def stop_playback(self, playback_id: str) -> None:
        """Cut a prompt short; one that has ended already is no error. What is played next is heard after it."""
        await self._ari.tell("DELETE", f"playbacks/{playback_id}")

    async def detour(self, context: str, extension: str) -> bool:
        """Let the dialplan have the call for a while: it comes back as ``Started``, with arguments.

        False: there is no such place in the dialplan, and the call is still ours. Only while nothing plays.
        """
        if await self.get_variable(f"DIALPLAN_EXISTS({context},{extension},1)") != "1":
            return False
        self.started = False  # a reconnect meanwhile ends the call: nobody knows what it has missed
        where = {"context": context, "extension": extension, "priority": "1"}
        try:
            await self._ari.request("POST", f"channels/{self.id}/continue", where)
        except RequestFailed:
            self.started = True
            raise
        return True

    async def hangup(self, reason: str = "normal") -> None:
        """End the call (``normal``, ``busy``, ``no_answer`` …); one that has ended already is no error.

        Without an answer it raises RequestFailed, and the call is ended as soon as Asterisk can be reached.
        """
        try:
            await if_there(self._ari.request("DELETE", f"channels/{self.id}", {"reason": reason}))
        except RequestFailed as fault:
            if fault.status == 0:
                self._ari.hang_up_soon(self.id)
            raise

    async def let_go(self, reason: str) -> None:
        """We cannot go on with this call, for this reason: end it."""
        _log.debug("letting a call go", channel=self.id, reason=reason)
        await self.hangup()

    async def received(self) -> Received | None:
        """What has come so far; nothing when no sound was agreed on. None: it cannot be told, or the call is gone."""
        try:
            answer = await self._ari.request("GET", f"channels/{self.id}/rtp_statistics")
        except RequestFailed as fault:
            return Received() if fault.status == 404 and _NO_RTP in str(fault) else None
        return answer.decode(Received)

    async def get_variable(self, name: str) -> str:
        """A channel variable or dialplan function; raises RequestFailed (404) when it is not set."""
        answer = await self._ari.request("GET", f"channels/{self.id}/variable", {"variable": name})
        return answer.decode(dict[str, str])["value"]

    async def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable or function; only while nothing plays, since Asterisk waits for the prompt.

        What is known beforehand goes into the originate's ``variables`` instead.
        """
        if self.playing:
            raise RequestFailed(
                f"set {name} on channel {self.id}", 0, t("a prompt is playing; Asterisk would wait for its end")
            )
        await self._ari.request("POST", f"channels/{self.id}/variable", {"variable": name, "value": value})


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
