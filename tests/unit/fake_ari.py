"""A small ARI server that can misbehave in ways in which a real Asterisk cannot be made to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import WSMsgType, web

VERSION = "22.10.1"
PING = "GET asterisk/ping"


class FakeAri:
    """Answers 200 to everything, except what ``silent_on`` or ``statuses`` name (by ``METHOD uri``)."""

    def __init__(self) -> None:
        self.url = ""
        self.version = VERSION
        self.info_status = 200
        self.info_body: str | None = None
        self.answers_pings = True
        self.pings = 0
        self.silent_on: set[str] = set()
        self.statuses: dict[str, int] = {}
        self.seen: list[str] = []  # without the pings
        self.authorizations: list[str] = []
        self.event_urls: list[str] = []
        self.sockets: list[web.WebSocketResponse] = []

    async def send(self, message: str | dict[str, Any]) -> None:
        """Send one message to the newest connection."""
        await self.sockets[-1].send_str(message if isinstance(message, str) else json.dumps(message))

    async def drop(self) -> None:
        """Cut every connection without a word."""
        for socket in self.sockets:
            transport = socket._req.transport if socket._req is not None else None
            if transport is not None:
                transport.abort()

    async def info(self, request: web.Request) -> web.Response:
        self.authorizations.append(request.headers.get("Authorization", ""))
        body = json.dumps({"system": {"version": self.version, "entity_id": "02:aa"}})
        return web.Response(status=self.info_status, text=self.info_body or body)

    async def events(self, request: web.Request) -> web.WebSocketResponse:
        self.event_urls.append(str(request.url))
        self.authorizations.append(request.headers.get("Authorization", ""))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                await self._answer(socket, json.loads(message.data))
        return socket

    async def _answer(self, socket: web.WebSocketResponse, request: dict[str, Any]) -> None:
        verb = f"{request['method']} {request['uri']}"
        if verb == PING:
            self.pings += 1
        else:
            self.seen.append(verb)
        if verb in self.silent_on or (verb == PING and not self.answers_pings):
            return
        body = {"channels": "[]"}.get(request["uri"], '{"channel_ids": [], "message": "said so"}')
        await socket.send_str(
            json.dumps(
                {
                    "type": "RESTResponse",
                    "request_id": request["request_id"],
                    "status_code": self.statuses.get(verb, 200),
                    "message_body": body,
                }
            )
        )


@asynccontextmanager
async def fake_ari() -> AsyncIterator[FakeAri]:
    """A running server on a free port."""
    fake = FakeAri()
    app = web.Application()
    app.router.add_get("/ari/asterisk/info", fake.info)
    app.router.add_get("/ari/events", fake.events)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server = site._server
    assert isinstance(server, asyncio.Server)
    fake.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/ari"
    try:
        yield fake
    finally:
        await fake.drop()
        await runner.cleanup()
