"""A wire between the client and Asterisk that a test can cut, hold up, or make swallow answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


class Proxy:
    """Forwards TCP connections of one port to ``url``'s; the flags may be changed at any time."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._to = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._path = parts.path
        self._writers: set[asyncio.StreamWriter] = set()
        self._dead: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.opened = 0  # connections so far
        self.refuse = False  # new connections are closed at once
        self.swallow_answers = False  # what Asterisk says is thrown away; what we say arrives
        self.freeze = False  # nothing arrives in either direction, and nobody is told

    @property
    def url(self) -> str:
        """The ARI address through this wire."""
        return f"http://127.0.0.1:{self.port}{self._path}"

    def hear_nothing(self) -> None:
        """From now on what Asterisk says is thrown away."""
        self.swallow_answers = True

    def cut(self) -> None:
        """Break every open connection at once."""
        for writer in list(self._writers):
            writer.transport.abort()

    def half_open(self) -> None:
        """From now on nothing arrives over the connections that are open, and nobody is told; new ones work."""
        self._dead |= self._writers

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from open to close."""
        if self.refuse:
            writer.close()
            return
        far_reader, far_writer = await asyncio.open_connection(*self._to)
        pair = {writer, far_writer}
        self.opened += 1
        self._writers |= pair
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, far_writer, answers=False))
                group.create_task(self._pump(far_reader, writer, answers=True))
        finally:
            self._writers -= pair

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, answers: bool) -> None:
        try:
            while data := await source.read(65536):
                if self.freeze or sink in self._dead or (answers and self.swallow_answers):
                    continue
                sink.write(data)
                await sink.drain()
        except ConnectionError:
            pass  # the test cut it
        finally:
            if sink not in self._dead:  # a FIN would not arrive either
                sink.close()


@asynccontextmanager
async def wire(url: str) -> AsyncIterator[Proxy]:
    """A running Proxy to the ARI at ``url``."""
    proxy = Proxy(url)
    server = await asyncio.start_server(proxy.handle, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
        await asyncio.sleep(0.05)
