"""One WebSocket to Asterisk, from open to close: events in, requests out and their answers in.

The reader decodes and hands over, and never awaits anything but the next message. When the
socket closes, every request that still waits fails at once.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping

import aiohttp
import msgspec

from agi_app import log
from agi_app.errors import RequestFailed
from agi_app.pbx.events import Frame
from agi_app.pbx.http import Response

_log = log.get("pbx.socket")
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Frame).decode

STALL_S = 1.0  # Asterisk answers within milliseconds

Params = Mapping[str, str]
Body = Mapping[str, object]


class EventSocket:
    """The requests and events of one WebSocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse[bool], on_event: Callable[[Frame], None]) -> None:
        self.replaced = False  # another worker registered our application
        self._socket = socket
        self._on_event = on_event
        self._waiting: dict[str, tuple[str, asyncio.Future[Frame], float]] = {}  # in the order they were sent
        self._ids = itertools.count(1)
        self._open = True
        self._doubtful = False  # a request was not answered, and nothing has come since

    @property
    def is_open(self) -> bool:
        """Whether a request sent now can be expected to arrive."""
        return self._open and not self._socket.closed

    @property
    def stalled(self) -> bool:
        """Whether a request has waited so long that Asterisk, or the way to it, must be suspected.

        It says so long before the heartbeat does: what is sent meanwhile would be lost, and a lost
        originate counts as a call that somebody got.
        """
        oldest = next(iter(self._waiting.values()), None)
        late = oldest is not None and asyncio.get_running_loop().time() - oldest[2] > STALL_S
        return late or self._doubtful

    async def read(self) -> None:
        """Hand over events until the socket closes or the application is taken by another worker."""
        try:
            while not self.replaced:
                message = await self._socket.receive()
                if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                    return
                self._doubtful = False
                self._take(message.data)
        finally:
            self._open = False
            self._fail_waiting()

    async def request(
        self, method: str, uri: str, query: Params | None, body: Body | None, *, timeout: float
    ) -> Response:
        """Send one request and wait for its answer; raises RequestFailed (status 0) without one.

        The frame has left, or is in the kernel's hands, before this first suspends.
        """
        what = f"{method} {uri}"
        if not self.is_open:
            raise RequestFailed(what, 0, "no connection to Asterisk; nothing was sent")
        request_id = str(next(self._ids))
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Frame] = loop.create_future()
        self._waiting[request_id] = (what, answer, loop.time())
        try:
            async with asyncio.timeout(timeout):
                frame = _request_frame(request_id, method, uri, query, body)
                await self._socket.send_frame(frame, aiohttp.WSMsgType.TEXT)
                reply = await answer
        except TimeoutError as fault:
            self._doubtful = True
            raise RequestFailed(what, 0, f"no answer from Asterisk within {timeout:g} s") from fault
        except (aiohttp.ClientError, ConnectionError) as fault:
            raise RequestFailed(what, 0, f"connection lost: {fault}") from fault
        finally:
            self._waiting.pop(request_id, None)
        return Response(reply.status_code, reply.message_body)

    async def close(self) -> None:
        """Close the socket; safe to call twice."""
        self._open = False
        await self._socket.close()

    def _take(self, data: bytes) -> None:
        try:
            frame = _decode(data)
        except msgspec.MsgspecError as fault:
            _log.warning("a message of Asterisk was not understood", reason=str(fault), start=str(data[:120]))
            return
        if frame.type == "RESTResponse":
            waiting = self._waiting.get(frame.request_id)
            if waiting is not None and not waiting[1].done():
                waiting[1].set_result(frame)
        elif frame.type == "ApplicationReplaced":
            self.replaced = True
        else:
            self._on_event(frame)

    def _fail_waiting(self) -> None:
        for what, answer, _ in self._waiting.values():
            if not answer.done():
                answer.set_exception(RequestFailed(what, 0, "connection lost before Asterisk answered"))


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
