"""Frames of a real WebSocket: those of one moment share a packet, and their order stays."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from agi_app.pbx.ari.joined_writes import JoinedWrites, join_writes


class Noting(asyncio.Transport):
    """Notes each write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writes.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closing


async def test_what_is_written_within_a_moment_is_one_write_in_order() -> None:
    below = Noting()
    joined = JoinedWrites(below)
    for data in (b"a", bytearray(b"b"), b"c"):
        joined.write(data)
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    joined.write(b"d")
    await asyncio.sleep(0.01)
    assert below.writes == [b"abc", b"d"]


async def test_nothing_is_written_to_a_transport_that_closes() -> None:
    below = Noting()
    joined = JoinedWrites(below)
    joined.write(b"a")
    below.closing = True
    await asyncio.sleep(0.01)
    assert joined.is_closing()
    assert below.writes == []


@asynccontextmanager
async def echo() -> AsyncIterator[aiohttp.ClientWebSocketResponse[bool]]:
    async def serve(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data)
        return socket

    app = web.Application()
    app.router.add_get("/", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    try:
        async with aiohttp.ClientSession() as session, session.ws_connect(f"http://127.0.0.1:{port}/") as socket:
            yield socket
    finally:
        await runner.cleanup()


async def test_a_websocket_says_all_in_order_and_closes_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    write, writes = JoinedWrites._write_held, itertools.count()
    monkeypatch.setattr(JoinedWrites, "_write_held", lambda joined: (next(writes), write(joined)))
    async with echo() as socket:
        join_writes(socket)
        for number in range(200):
            await socket.send_str(str(number))
        assert [await socket.receive_str(timeout=5) for _ in range(200)] == [str(number) for number in range(200)]
        await socket.send_str("last words")
        assert await socket.close()
        assert socket.close_code == 1000
    assert next(writes) <= 4, "200 frames of one moment, one later, and the goodbye"
