"""ARI's password changes under an open connection, as by `asterisk rotate-secrets`: no request and no event is lost.

The server of these tests checks the password with each request, as Asterisk does.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import WSMsgType, web

from agi_app.clock import Clock
from agi_app.errors import AsteriskError, RequestFailed
from agi_app.pbx.ari import connection
from agi_app.pbx.ari.connection import Ari
from agi_app.pbx.ari.connection_settings import AriSettings
from agi_app.pbx.ari.events import Frame
from agi_app.pbx.ari.http import HttpPool
from agi_app.pbx.ari.link import Link
from agi_app.pbx.ari.sent_again import RequestsSentAgain

OLD, NEW = "the-old-one", "the-new-one"
DELETE = "DELETE channels/agi-app-1"


def write(file: Path, password: str) -> None:
    file.write_text(f"{password}\n")


def header(password: str) -> str:
    return "Basic " + base64.b64encode(f"agi-app:{password}".encode()).decode()


class Guarded:
    """An ARI server with one password at a time; it tells a socket when another one takes its application."""

    def __init__(self) -> None:
        self.url, self.password = "", OLD
        self.done: list[tuple[str, str]] = []  # by what way, and which request
        self.sockets: list[web.WebSocketResponse] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def lets_in(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == header(self.password)

    async def http(self, request: web.Request) -> web.Response:
        if not self.lets_in(request):
            return web.Response(status=401, text='{"error": "Authentication required"}')
        if request.path.endswith("/info"):
            return web.json_response({"system": {"version": "22.10.1", "entity_id": "02:aa"}})
        self.done.append(("http", f"{request.method} {request.path.removeprefix('/ari/')}"))
        return web.json_response({})

    async def events(self, request: web.Request) -> web.WebSocketResponse:
        if not self.lets_in(request):
            raise web.HTTPUnauthorized
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for older in self.sockets[-1:]:
            with contextlib.suppress(ConnectionError):
                await older.send_json({"type": "ApplicationReplaced", "application": "agi-app"})
        self.sockets.append(socket)
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                asked = json.loads(message.data)
                well, verb = self.lets_in(request), f"{asked['method']} {asked['uri']}"
                if well and verb != "GET asterisk/ping":
                    self.done.append(("socket", verb))
                answer = {"type": "RESTResponse", "request_id": asked["request_id"], "message_body": "{}"}
                await socket.send_json({**answer, "status_code": 200 if well else 401})
        return socket

    async def event(self, name: str) -> None:
        """One event, to who has the application."""
        await self.sockets[-1].send_json({"type": "ChannelDtmfReceived", "channel": {"id": name}, "digit": "1"})


@asynccontextmanager
async def guarded() -> AsyncIterator[Guarded]:
    server, app = Guarded(), web.Application()
    app.router.add_get("/ari/events", server.events)
    app.router.add_route("*", "/ari/{rest:.*}", server.http)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    listening = site._server
    assert isinstance(listening, asyncio.Server)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/ari"
    try:
        yield server
    finally:
        await runner.cleanup()


@asynccontextmanager
async def worker(server: Guarded, file: Path, events: list[Frame]) -> AsyncIterator[Ari]:
    write(file, OLD)
    ari = Ari(AriSettings(server.url, "agi-app", OLD, password_file=file), Clock(), on_event=events.append)
    running = asyncio.get_running_loop().create_task(ari.run())
    try:
        await ari.connected(5)
        yield ari
        assert not running.done(), "another worker was seen where there is none"
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until(happened: object, seconds: float = 5.0) -> None:
    assert callable(happened)
    async with asyncio.timeout(seconds):
        while not happened():  # noqa: ASYNC110 - the server has no such event
            await asyncio.sleep(0.01)


async def test_no_request_and_no_event_is_lost(tmp_path: Path) -> None:
    """What the old socket refuses is done by HTTP, in order; then the socket is a new one, and it never seemed lost."""
    events: list[Frame] = []
    async with guarded() as server, worker(server, tmp_path / "password", events) as ari:
        await server.event("before")
        write(tmp_path / "password", NEW)
        server.password = NEW
        server.done.clear()
        statuses: list[int] = []
        await ari.tell("POST", "channels/agi-app-1/hold", answered=statuses.append)
        await asyncio.gather(*(ari.request("DELETE", f"channels/agi-app-{n}") for n in range(1, 4)))
        ways = [way for way, _ in server.done]
        assert [verb for _, verb in server.done][:2] == ["POST channels/agi-app-1/hold", DELETE]
        assert ways[:2] == ["http", "http"]
        assert statuses == [200]
        await until(lambda: len(server.sockets) == 2)
        assert ari.is_connected
        await until(lambda: ("socket", "PUT applications/agi-app/eventFilter") in server.done)
        await server.event("after")
        await until(lambda: len(events) == 2)
        server.done.clear()
        await ari.request("DELETE", "channels/agi-app-1")
        assert server.done == [("socket", DELETE)]
        assert ari.is_connected
        await asyncio.sleep(0.1)
        assert len(server.sockets) == 2


async def test_an_idle_worker_finds_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_LOOK_S", 0.05)
    async with guarded() as server, worker(server, tmp_path / "password", []) as ari:
        write(tmp_path / "password", NEW)
        server.password = NEW
        await until(lambda: len(server.sockets) == 2)
        assert ari.is_connected


async def test_under_a_refused_password_it_is_not_connected_and_mends_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody changed it in Asterisk alone."""
    monkeypatch.setattr(connection, "_LOOK_S", 0.05)
    async with guarded() as server, worker(server, tmp_path / "password", []) as ari:
        server.password = NEW
        await until(lambda: not ari.is_connected)
        assert ari.is_refused
        with pytest.raises(RequestFailed, match="401"):
            await ari.request("DELETE", "channels/agi-app-1")
        assert len(server.sockets) == 1
        write(tmp_path / "password", NEW)
        await until(lambda: ari.is_connected)
        await until(lambda: len(server.sockets) == 2)
        await ari.request("DELETE", "channels/agi-app-1")


async def test_a_file_that_is_gone_for_a_moment_changes_nothing(tmp_path: Path) -> None:
    """As while somebody replaces it."""
    async with guarded() as server, worker(server, tmp_path / "password", []) as ari:
        Path.unlink(tmp_path / "password")
        await ari.request("DELETE", "channels/agi-app-1")
        assert ari.is_connected
        assert server.done[-1] == ("socket", DELETE)


async def test_a_link_by_a_wrong_password_is_none() -> None:
    async with guarded() as server:
        settings = AriSettings(server.url, "agi-app", NEW)
        with pytest.raises(AsteriskError, match="refuses the ARI user"):
            await Link.open(settings, settings.authorization, lambda _: None, 5)
        assert server.sockets == []


async def test_what_is_sent_again_keeps_its_order_and_tells_when_it_is_refused_again(tmp_path: Path) -> None:
    write(tmp_path / "password", OLD)
    accepted: list[str] = []
    async with guarded() as server:
        settings = AriSettings(server.url, "agi-app", NEW, password_file=tmp_path / "password")
        async with HttpPool(settings) as pool:
            again = RequestsSentAgain(pool, 2.0, lambda: accepted.append("yes"))
            running = asyncio.get_running_loop().create_task(again.run())
            statuses: list[int] = []
            for number in range(5):
                again.tell("DELETE", f"channels/{number}", None, statuses.append)
            assert (await again.request("DELETE", "channels/5", None, None, timeout=5)).status == 200
            assert [verb for _, verb in server.done] == [f"DELETE channels/{number}" for number in range(6)]
            assert (statuses, len(accepted)) == ([200] * 5, 6)
            server.password = "another"
            assert (await again.request("DELETE", "channels/6", None, None, timeout=5)).status == 401
            assert len(accepted) == 6
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_what_nobody_waits_for_any_longer_is_not_sent_again(tmp_path: Path) -> None:
    """A stop while a dial waits behind a slow request: it must not leave after the stop."""
    write(tmp_path / "password", OLD)
    async with guarded() as server:
        settings = AriSettings(server.url, "agi-app", OLD, password_file=tmp_path / "password")
        async with HttpPool(settings) as pool:
            again, loop = RequestsSentAgain(pool, 2.0, lambda: None), asyncio.get_running_loop()
            stopped = loop.create_task(again.request("POST", "channels/1/dial", None, None, timeout=5))
            late = loop.create_task(again.request("POST", "channels/2/dial", None, None, timeout=0.01))
            await asyncio.sleep(0.05)
            stopped.cancel()
            with pytest.raises(RequestFailed, match="no answer from Asterisk"):
                await late
            running = loop.create_task(again.run())
            await again.request("DELETE", "channels/3", None, None, timeout=5)
            assert [verb for _, verb in server.done] == ["DELETE channels/3"]
            running.cancel()
            await asyncio.gather(running, stopped, return_exceptions=True)
