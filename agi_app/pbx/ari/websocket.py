"""One WebSocket to Asterisk, from open to close: events in, requests out and their answers in.

The reader decodes and hands over, and never awaits anything but the next message. When the
socket closes, every request that still waits fails at once.

A connection may die without a word (a firewall forgets it, a cable is pulled). ``watch`` pings
Asterisk and breaks such a connection off: the person on the line then waits in silence.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket as sockets
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import aiohttp
import msgspec

from agi_app import log
from agi_app.errors import RequestFailed
from agi_app.event_loop import call_once_over
from agi_app.messages import t
from agi_app.pbx.ari.events import Frame
from agi_app.pbx.ari.http import Response

_log = log.get("pbx.socket")
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Frame).decode

STALL_S = 1.0  # Asterisk answers within milliseconds
WATCH_STEPS = 8  # a silence is counted in so many turns of our own loop
PING_EVERY = 2  # steps
UNREAD_S = 0.05  # after a stall of our own, an answer in the kernel's hands is read within this

Params = Mapping[str, str]
Body = Mapping[str, object]


@dataclass(slots=True)
class _Waiting:
    """A request without an answer so far; times are the loop's."""

    what: str
    answer: asyncio.Future[Frame]
    sent_at: float
    until: float
    late: bool = False


class EventSocket:
    """The requests and events of one WebSocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse[bool], on_event: Callable[[Frame], None]) -> None:
        self.replaced = False  # our application was registered by another socket
        self.handed_over = False  # by one of ours: answers that are on their way are taken still
        self._socket = socket
        self._on_event = on_event
        self._waiting: dict[str, _Waiting] = {}  # in the order they were sent
        self._alarm: asyncio.TimerHandle | None = None  # one for all of them, since nearly all are answered in time
        self._sending: set[str] = set()  # those that Asterisk has not taken in full
        self._told: dict[str, Callable[[int], None]] = {}  # for whose status nobody waits
        self._ids = itertools.count(1)
        self._open = True
        self._doubtful = False  # a request was not answered, and nothing has come since
        self._heard = 0  # messages so far
        self._quiet_s = 0.0  # as ``watch`` counts it

    @property
    def is_open(self) -> bool:
        """Whether a request sent now can be expected to arrive."""
        return self._open and not self._socket.closed

    @property
    def stalled(self) -> bool:
        """Whether a request has waited so long that Asterisk, or the way to it, must be suspected.

        It says so, long before the heartbeat does: what is sent meanwhile would be lost, and a lost
        originate counts as a call that somebody got.
        """
        oldest = next(iter(self._waiting.values()), None)
        late = oldest is not None and asyncio.get_running_loop().time() - oldest.sent_at > STALL_S
        return late or self._doubtful or self._quiet_s >= STALL_S

    async def read(self) -> None:
        """Hand over events until the socket closes or the application is taken by another worker."""
        try:
            while not self.replaced or (self.handed_over and self._waiting):
                message = await self._socket.receive()
                if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                    return
                self._doubtful = False
                self._heard += 1
                self._take(message.data)
        finally:
            self._open = False
            self._fail_waiting()

    async def watch(self, limit: float) -> None:
        """Ping Asterisk, and break the connection off when nothing at all has come for ``limit`` seconds.

        Counted in turns of our loop, not by the clock: while this program stands still it reads nothing
        either, so a stall of our own counts as one step, however long it was.
        """
        step = limit / WATCH_STEPS
        heard, quiet = self._heard, 0
        while quiet < WATCH_STEPS:
            if quiet % PING_EVERY == 0:
                await self._ping(step)
            await asyncio.sleep(step)
            if not self.is_open:
                return
            heard, quiet = self._heard, 0 if self._heard != heard else quiet + 1
            self._quiet_s = quiet * step
        _log.warning("nothing comes from Asterisk now; connecting again", silent_s=round(limit, 2))
        self.break_off()

    async def request(
        self, method: str, uri: str, query: Params | None, body: Body | None, *, timeout: float
    ) -> Response:
        """Send one request and wait for its answer; raises RequestFailed (status 0) without one.

        The frame is on its way, in the order of the requests, when this first suspends (``joined_writes``).
        """
        what = f"{method} {uri}"
        if not self.is_open:
            raise RequestFailed(what, 0, t("no connection to Asterisk; nothing was sent"))
        request_id = str(next(self._ids))
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Frame] = loop.create_future()
        now = loop.time()
        self._waiting[request_id] = _Waiting(what, answer, now, now + timeout)
        if self._alarm is None or now + timeout < self._alarm.when():
            self._wake_at(now + timeout)
        self._sending.add(request_id)
        try:
            await self._socket.send_frame(_request_frame(request_id, method, uri, query, body), aiohttp.WSMsgType.TEXT)
            self._sending.discard(request_id)
            reply = await answer
        except TimeoutError as fault:
            self._doubtful = True
            raise RequestFailed(what, 0, t("no answer from Asterisk within {timeout:g} s", timeout=timeout)) from fault
        except (aiohttp.ClientError, ConnectionError) as fault:
            raise RequestFailed(what, 0, t("connection lost: {fault}", fault=fault)) from fault
        finally:
            self._sending.discard(request_id)
            self._waiting.pop(request_id, None)
            if answer.done() and not answer.cancelled():
                answer.exception()  # it failed while it was being sent: nobody asks for this any more
        return Response(reply.status_code, reply.message_body)

    async def tell(self, method: str, uri: str, query: Params | None, answered: Callable[[int], None] | None) -> None:
        """Send one request and do not wait for its answer; ``answered`` gets its status, if one comes.

        What is sent right behind it shares its packet. Raises RequestFailed (status 0) when it cannot be sent.
        """
        if not self.is_open:
            raise RequestFailed(f"{method} {uri}", 0, t("no connection to Asterisk; nothing was sent"))
        request_id = str(next(self._ids))
        if answered is not None:
            self._told[request_id] = answered
        try:
            await self._socket.send_frame(_request_frame(request_id, method, uri, query, None), aiohttp.WSMsgType.TEXT)
        except (aiohttp.ClientError, ConnectionError) as fault:
            self._told.pop(request_id, None)
            raise RequestFailed(f"{method} {uri}", 0, t("connection lost: {fault}", fault=fault)) from fault

    def break_off(self) -> None:
        """Drop a connection that is no longer good, and what of ours is still on its way over it.

        Nothing given up here may arrive later, an originate least of all: so a reset, not a goodbye.
        """
        if (lent := self._socket.get_extra_info("socket")) is not None:
            # The event loop lends no socket that can be shut down: a second handle of the same one can be.
            with contextlib.suppress(OSError), lent.dup() as raw:  # it is closed already
                raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
                raw.shutdown(sockets.SHUT_RDWR)  # wakes the reader

    async def close(self) -> None:
        """Close the socket; safe to call twice."""
        self._open = False
        await self._socket.close()

    async def _ping(self, limit: float) -> None:
        """Make Asterisk say something; the answer matters to ``watch`` alone, and an event is as good."""
        frame = _request_frame("ping", "GET", "asterisk/ping", None, None)
        with contextlib.suppress(TimeoutError, aiohttp.ClientError, ConnectionError):  # silence tells
            async with asyncio.timeout(limit):
                await self._socket.send_frame(frame, aiohttp.WSMsgType.TEXT)

    def _take(self, data: bytes) -> None:
        try:
            frame = _decode(data)
        except msgspec.MsgspecError as fault:
            _log.warning("a message of Asterisk was not understood", reason=str(fault), start=str(data[:120]))
            return
        if frame.type == "RESTResponse":
            if (waiting := self._waiting.get(frame.request_id)) is None:
                if (answered := self._told.pop(frame.request_id, None)) is not None:
                    answered(frame.status_code)
            elif not waiting.answer.done():
                waiting.answer.set_result(frame)
        elif frame.type == "ApplicationReplaced":
            self.replaced = True
        else:
            self._on_event(frame)

    def _wake_at(self, when: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = call_once_over(when, self._look_for_late)

    def _look_for_late(self) -> None:
        """Answers that are late may have come, and be unread because we stood still: they get a moment more."""
        self._alarm, loop, ends = None, asyncio.get_running_loop(), []
        now = loop.time()
        for request_id, waiting in self._waiting.items():
            if waiting.until > now:
                ends.append(waiting.until)
            elif not waiting.late:
                waiting.late = True
                loop.call_later(UNREAD_S, self._give_up, request_id, waiting.answer)
        if ends:
            self._wake_at(min(ends))

    def _give_up(self, request_id: str, answer: asyncio.Future[Frame]) -> None:
        if answer.done():
            return
        answer.set_exception(TimeoutError())
        if request_id in self._sending:  # Asterisk takes nothing any more; only the connection's end ends the sending
            _log.warning("Asterisk no longer reads requests; connecting again")
            self.break_off()

    def _fail_waiting(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        for waiting in self._waiting.values():
            if not waiting.answer.done():
                waiting.answer.set_exception(
                    RequestFailed(waiting.what, 0, t("connection lost before Asterisk answered"))
                )


def _request_frame(request_id: str, method: str, uri: str, query: Params | None, body: Body | None) -> bytes:
    frame: dict[str, object] = {
        "type": "RESTRequest",
        "transaction_id": request_id,
        "request_id": request_id,
        "method": method,
        "uri": uri,
    }
    if query:
        frame["query_strings"] = [{"name": name, "value": value} for name, value in query.items()]
    if body is not None:
        frame["content_type"] = "application/json"
        frame["message_body"] = _encode(body).decode()
    return _encode(frame)
