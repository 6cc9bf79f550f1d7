"""When an event socket is suspected, and when it is given up: for a silent Asterisk, not for a slow one or for us."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket as sockets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import aiohttp
import pytest
import uvloop

from agi_app.errors import RequestFailed
from agi_app.pbx.ari import websocket as module
from agi_app.pbx.ari.websocket import EventSocket

pytestmark = pytest.mark.slow  # waits on a real clock: not part of the fast unit tests

LIMIT_S = 0.16
MUCH = 32 * 1024 * 1024  # bytes; more than the kernel takes
EVENT = '{"type": "StasisEnd"}'


class FakeWebSocket:
    """Asterisk's end: says what a test puts into ``said``, and answers each request ``answer_after`` seconds later."""

    def __init__(self) -> None:
        self.said: asyncio.Queue[str] = asyncio.Queue()
        self.asked: list[str] = []
        self.answer_after: float | None = 0.0  # None: never
        self.closed = False
        self.raw, self.far = sockets.socketpair()

    async def receive(self) -> aiohttp.WSMessage:
        return aiohttp.WSMessage(aiohttp.WSMsgType.TEXT, (await self.said.get()).encode(), None)

    async def send_frame(self, frame: bytes, _: aiohttp.WSMsgType) -> None:
        request = json.loads(frame)
        self.asked.append(f"{request['method']} {request['uri']}")
        if self.answer_after is not None:
            answer = {"type": "RESTResponse", "request_id": request["request_id"], "status_code": 200}
            asyncio.get_running_loop().call_later(self.answer_after, self._say, json.dumps(answer))

    def _say(self, text: str, turns: int = 3) -> None:
        """From the kernel to the reader takes the loop a few turns."""
        if turns:
            asyncio.get_running_loop().call_soon(self._say, text, turns - 1)
        else:
            self.said.put_nowait(text)

    def get_extra_info(self, name: str) -> Any:
        return {"socket": self.raw}[name]

    def broken_off(self) -> bool:
        """Whether our end was shut."""
        self.far.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            return self.far.recv(1) == b""
        return False


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[FakeWebSocket, EventSocket]]:
    """A socket that is being read."""
    far = FakeWebSocket()
    socket = EventSocket(cast(Any, far), lambda _: None)
    reading = asyncio.create_task(socket.read())
    yield far, socket
    reading.cancel()
    far.raw.close()
    far.far.close()


def suspect(socket: EventSocket) -> bool:
    """Whether nothing should be sent now; asked anew each time."""
    return socket.stalled


async def until(true: Callable[[], bool]) -> None:
    """Let the loop turn until something is so."""
    async with asyncio.timeout(1):
        while not true():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.002)


async def test_a_request_that_waits_too_long_makes_it_suspect_until_something_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is sent meanwhile might be lost, and a lost originate counts as a call."""
    monkeypatch.setattr(module, "STALL_S", 0.03)
    async with opened() as (far, socket):
        far.answer_after = None
        waiting = asyncio.create_task(socket.request("GET", "channels", None, None, timeout=0.06))
        await asyncio.sleep(0.01)
        assert not suspect(socket), "an answer may take a moment"
        await until(lambda: suspect(socket))
        assert not waiting.done(), "long before the request is given up"
        with pytest.raises(RequestFailed, match="no answer"):
            await waiting
        assert suspect(socket), "given up is not answered"
        far.said.put_nowait(EVENT)
        await until(lambda: not suspect(socket))


async def test_an_answered_request_leaves_no_suspicion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STALL_S", 0.03)
    async with opened() as (far, socket):
        far.answer_after = 0.005
        await socket.request("GET", "channels", None, None, timeout=1)
        await asyncio.sleep(0.04)
        assert not suspect(socket)


async def test_an_idle_socket_is_pinged_and_one_that_falls_silent_is_broken_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Suspected at half time, before anybody asked for anything."""
    monkeypatch.setattr(module, "STALL_S", LIMIT_S / 2)
    async with opened() as (far, socket):
        watching = asyncio.create_task(socket.watch(LIMIT_S))
        await asyncio.sleep(LIMIT_S * 1.3)
        assert set(far.asked) == {"GET asterisk/ping"}
        assert not watching.done()
        assert not suspect(socket)
        far.answer_after = None
        silent_since = time.monotonic()
        await until(lambda: suspect(socket))
        assert not far.broken_off()
        await watching
        assert far.broken_off()
        assert LIMIT_S * 0.8 < time.monotonic() - silent_since < LIMIT_S * 3


async def test_an_asterisk_that_is_only_slow_is_kept() -> None:
    """Each answer takes half the limit: nobody's call is dropped for that."""
    async with opened() as (far, socket):
        far.answer_after = LIMIT_S / 2
        watching = asyncio.create_task(socket.watch(LIMIT_S))
        await asyncio.sleep(LIMIT_S * 2)
        assert not watching.done()
        watching.cancel()


async def test_events_alone_are_a_sign_of_life() -> None:
    """Its answers may wait behind a slow request of another call."""
    async with opened() as (far, socket):
        far.answer_after = None
        watching = asyncio.create_task(socket.watch(LIMIT_S))
        for _ in range(5):
            await asyncio.sleep(LIMIT_S / 3)
            far.said.put_nowait(EVENT)
        assert not watching.done()
        watching.cancel()


async def test_a_stall_of_our_own_is_not_taken_for_a_dead_connection() -> None:
    """While we stand still we read nothing; what Asterisk said meanwhile lies unread."""
    async with opened() as (far, socket):
        watching = asyncio.create_task(socket.watch(LIMIT_S))
        await asyncio.sleep(LIMIT_S / 4)
        for _ in range(2):
            time.sleep(LIMIT_S * 1.2)  # noqa: ASYNC251 - the stall
            await asyncio.sleep(0)
        await asyncio.sleep(LIMIT_S / 2)
        assert not watching.done()
        assert not far.broken_off()
        watching.cancel()


async def test_an_answer_that_came_during_a_stall_of_our_own_is_not_lost() -> None:
    async with opened() as (far, socket):
        far.answer_after = 0.01
        asking = asyncio.create_task(socket.request("GET", "channels", None, None, timeout=0.03))
        await asyncio.sleep(0)
        time.sleep(0.05)  # noqa: ASYNC251 - the stall
        assert (await asking).status == 200


async def test_a_ping_that_cannot_leave_does_not_stop_the_watch() -> None:
    """The way is jammed: the send itself never returns."""
    async with opened() as (far, socket):

        async def jammed(*_: object) -> None:
            await asyncio.sleep(60)

        far.send_frame = jammed  # type: ignore[method-assign,assignment]
        async with asyncio.timeout(LIMIT_S * 2.5):
            await socket.watch(LIMIT_S)
        assert far.broken_off()


async def test_a_request_that_cannot_leave_breaks_the_connection_off_in_its_time() -> None:
    """Asterisk says things, but reads nothing: nothing sent on this connection would ever be answered."""
    async with opened() as (far, socket):
        reset = asyncio.Event()

        async def jammed(_frame: bytes, _kind: object) -> None:
            await reset.wait()
            raise aiohttp.ClientConnectionResetError("Cannot write to closing transport")

        far.send_frame = jammed  # type: ignore[method-assign,assignment]
        asking = asyncio.create_task(socket.request("POST", "channels/x/play", None, None, timeout=0.05))
        for _ in range(100):
            far.said.put_nowait(EVENT)
            await asyncio.sleep(0.01)
            if far.broken_off():
                break
        else:
            pytest.fail("the connection was kept")
        reset.set()
        with pytest.raises(RequestFailed):
            await asking


async def test_what_nobody_waits_for_is_sent_in_order_and_its_status_told() -> None:
    async with opened() as (far, socket):
        told: list[int] = []
        await socket.tell("DELETE", "playbacks/a", None, told.append)
        await socket.tell("DELETE", "playbacks/b", None, None)
        await socket.request("POST", "channels/x/play", None, None, timeout=1.0)
        assert far.asked == ["DELETE playbacks/a", "DELETE playbacks/b", "POST channels/x/play"]
        assert told == [200]
        assert not socket.stalled


async def test_what_cannot_be_sent_is_not_told() -> None:
    async with opened() as (far, socket):
        far.closed = True
        with pytest.raises(RequestFailed, match="nothing was sent"):
            await socket.tell("DELETE", "playbacks/a", None, None)
    assert far.asked == []


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_what_was_given_up_over_a_real_connection_does_not_arrive_later(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """An event loop does not lend its socket whole: the reset must be made of what it does lend."""

    async def break_off() -> int:
        with sockets.create_server(("127.0.0.1", 0)) as listener:
            _, writer = await asyncio.open_connection(*listener.getsockname())
            arriving, _ = listener.accept()
        far = FakeWebSocket()
        far.raw.close()
        far.raw = writer.get_extra_info("socket")
        writer.write(b"x" * MUCH)
        EventSocket(cast(Any, far), lambda _: None).break_off()
        writer.transport.abort()
        far.far.close()
        return await asyncio.to_thread(_all_of, arriving)

    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(break_off()) < MUCH


def _all_of(arriving: sockets.socket) -> int:
    arrived = 0
    with arriving, contextlib.suppress(ConnectionResetError):
        while data := arriving.recv(65536):
            arrived += len(data)
    return arrived


async def test_what_was_given_up_cannot_arrive_later() -> None:
    """After a goodbye the kernel would deliver what is on its way when the way is back, even an originate."""
    with sockets.create_server(("127.0.0.1", 0)) as listener:
        far = FakeWebSocket()
        far.raw.close()
        far.raw = sockets.create_connection(listener.getsockname())
        arriving, _ = listener.accept()
    far.raw.setblocking(False)
    sent = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            sent += far.raw.send(b"x" * 65536)
    EventSocket(cast(Any, far), lambda _: None).break_off()
    far.raw.close()  # as the event loop does when its reader has woken
    arrived = 0
    with arriving, far.far, contextlib.suppress(ConnectionResetError):
        while data := arriving.recv(65536):
            arrived += len(data)
    assert arrived < sent
