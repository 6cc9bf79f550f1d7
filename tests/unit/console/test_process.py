"""How the console's process listens: whoever is slow to say what they want does not keep a connection."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from agi_app.console import process

LIMIT_S = 0.3
PATIENCE_S = 60
HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


@contextlib.asynccontextmanager
async def connected(
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async def slow(_request: web.Request) -> web.Response:
        await asyncio.sleep(3 * LIMIT_S)
        return web.Response(text="at last")

    app = web.Application()
    app.router.add_get("/", slow)
    with socket.create_server(("127.0.0.1", 0)) as at:
        async with process._site(app, at, tls):
            reader, writer = await asyncio.open_connection(*at.getsockname())
            try:
                yield reader, writer
            finally:
                writer.close()


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Send a header that never ends, a byte at a time; whether the connection is closed."""

    async def drip() -> None:
        writer.write(HEAD + b"X-Slow: ")
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(LIMIT_S / 10)

    dripping = asyncio.ensure_future(drip())
    try:
        async with asyncio.timeout(PATIENCE_S):
            with contextlib.suppress(ConnectionError):
                return not await reader.read()
            return True
    finally:
        dripping.cancel()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "HEAD_S", LIMIT_S)


@pytest.mark.attack("a request whose head never ends, to keep connections until nobody else gets one")
async def test_a_head_that_never_ends_is_cut_off() -> None:
    async with connected() as (reader, writer):
        assert await drips(reader, writer)


async def test_a_slow_answer_is_none_of_the_client_and_the_next_head_has_its_limit_again() -> None:
    async with connected() as (reader, writer):
        writer.write(HEAD + b"\r\n")
        async with asyncio.timeout(PATIENCE_S):
            assert (await reader.readuntil(b"at last")).startswith(b"HTTP/1.1 200")
        assert await drips(reader, writer)


async def test_who_says_nothing_is_cut_off_with_tls_too() -> None:
    for tls in (None, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)):
        async with connected(tls) as (reader, _), asyncio.timeout(PATIENCE_S):
            assert not await reader.read()
