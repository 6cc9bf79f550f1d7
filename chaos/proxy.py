"""TCP proxies of ours between the worker and what it talks to: they delay, swallow, cut and refuse.

All of them run in one thread with one event loop (``Wire``). The controls are plain attributes that any thread may
set; what a connection carries is looked at, and may be changed, by its ``Link`` (PostgreSQL: pgwire, ARI: ariwire).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Literal, Self, TypeVar

T = TypeVar("T")
CHUNK = 262_144


class Wire:
    """The thread and event loop that all proxies of a run share."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="chaos-wire", daemon=True)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def do(self, work: Awaitable[T]) -> T:
        """Run ``work`` on the loop and wait for it, from another thread."""

        async def wrapped() -> T:
            return await work

        return asyncio.run_coroutine_threadsafe(wrapped(), self.loop).result(10.0)

    def soon(self, work: Callable[[], object]) -> None:
        """Call ``work`` on the loop; returns at once."""
        self.loop.call_soon_threadsafe(work)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.do(self._cancel_all())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5.0)
        self.loop.close()

    async def _cancel_all(self) -> None:
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


class Link:
    """What one connection does to the bytes it carries; this one lets them pass."""

    def __init__(self, to_client: Callable[[bytes], None]) -> None:
        self.to_client = to_client  # writes outside the normal order, for held-back events

    def from_client(self, data: bytes) -> bytes:
        """What goes on to the server instead of ``data``."""
        return data

    def from_server(self, data: bytes) -> bytes:
        """What goes on to the client instead of ``data``."""
        return data


class Proxy:
    """Listens on a free port of 127.0.0.1 and carries each connection to ``target``."""

    def __init__(
        self, wire: Wire, target: tuple[str, int], link: Callable[[Callable[[bytes], None]], Link] = Link
    ) -> None:
        self._wire = wire
        self._target = target
        self._link = link
        self._open: set[asyncio.StreamWriter] = set()
        self._tainted: set[asyncio.StreamWriter] = set()  # lost bytes: no use to anybody any more
        self._dead: set[asyncio.StreamWriter] = set()  # half-open: nothing arrives, and nobody is told
        self.reply_delay_s = 0.0  # each piece of an answer waits so long
        self.refuse = False  # new connections are closed at once
        self.swallow: Literal["nothing", "answers", "all"] = "nothing"
        self._server = wire.do(asyncio.start_server(self._carry, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Reset every open connection; any thread, returns at once."""
        self._wire.soon(self._cut)

    def half_open(self) -> None:
        """From now on nothing arrives over the connections that are open, and nobody is told; new ones work."""
        self._wire.soon(lambda: self._dead.update(self._open))

    def mend(self) -> None:
        """Back to normal; connections that lost bytes meanwhile are reset."""
        self.reply_delay_s, self.refuse, self.swallow = 0.0, False, "nothing"
        self._wire.soon(self._cut_tainted)

    def _cut(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()

    def _cut_tainted(self) -> None:
        self._dead.clear()
        for writer in list(self._tainted):
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuse:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, far_writer}
        self._open |= pair
        link = self._link(writer.write)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, far_writer, link.from_client, pair, answers=False))
                group.create_task(self._pump(far_reader, writer, link.from_server, pair, answers=True))
        finally:
            for end in pair:
                end.close()
            self._open -= pair
            self._tainted -= pair
            self._dead -= pair

    async def _pump(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        change: Callable[[bytes], bytes],
        pair: set[asyncio.StreamWriter],
        *,
        answers: bool,
    ) -> None:
        try:
            while data := await source.read(CHUNK):
                if self._loses_all(sink) or (answers and self.swallow == "answers"):
                    self._tainted |= pair
                    continue
                if answers and self.reply_delay_s:
                    await asyncio.sleep(self.reply_delay_s)
                sink.write(change(data))
                await sink.drain()
        except ConnectionError:
            pass  # one end is gone: closing the other tells it
        try:
            while self._loses_all(sink):  # noqa: ASYNC110 - a FIN would not arrive either
                await asyncio.sleep(0.05)
        finally:
            sink.close()

    def _loses_all(self, sink: asyncio.StreamWriter) -> bool:
        return self.swallow == "all" or sink in self._dead
