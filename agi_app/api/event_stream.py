"""Server-sent events: one producer asks the database once a second, however many read.

An id is the number of a leaf of the audit tree: a reader that was away goes on behind its ``Last-Event-ID``
without a gap. All events of one look are one write to each reader, made once for all who may hear the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator, Collection, Iterator, Sequence

import structlog
from aiohttp import web

from agi_app.errors import AgiAppError
from agi_app.installation import Installation
from agi_app.model.actors import Scope
from agi_app.operations.service import events
from agi_app.operations.service.events import KINDS, SealedRow

LOOK_EVERY_S = 1.0
AT_ONCE = 5000
KEPT = 20_000  # events, for readers who come back
SILENT_S = 15.0  # then a comment is sent, so that nobody in between takes the stream for dead
WAITING = 64  # writes, of a reader that is slower; then it has to come again
HEADERS = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_log = structlog.get_logger(part="api")
Kinds = frozenset[str]


class EventStream:
    """The producer, and those who read."""

    def __init__(self, inst: Installation) -> None:
        self._inst = inst
        self._kept: deque[SealedRow] = deque(maxlen=KEPT)
        self._last = -1
        self._readers: dict[asyncio.Queue[bytes | None], Kinds] = {}

    @property
    def readers(self) -> int:
        """How many read now."""
        return len(self._readers)

    async def running(self, _app: web.Application) -> AsyncIterator[None]:
        """For ``cleanup_ctx``: produce while the application serves."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self._produce())
            yield
            task.cancel()
            for queue in self._readers:
                put(queue, None)

    async def _produce(self) -> None:
        began = False
        while True:
            try:
                if not began:
                    self._last = await events.newest(self._inst)
                    began = True
                while await self._look() == AT_ONCE:
                    pass
            except AgiAppError as error:
                _log.warning("no events now", error=str(error))
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self) -> int:
        found = await events.after(self._inst, self._last, AT_ONCE)
        if found:
            self._last = found[-1].leaf
            self._kept.extend(found)
            written = {kinds: told(found, kinds) for kinds in set(self._readers.values())}
            for queue, kinds in self._readers.items():
                if written[kinds]:
                    put(queue, written[kinds])
        return len(found)

    async def serve(self, request: web.Request, kinds: Kinds, since: int | None) -> web.StreamResponse:
        """Write to one reader until it goes, or falls behind. ``since``: the last event that it has."""
        response = web.StreamResponse(headers=HEADERS)
        await response.prepare(request)
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(WAITING)
        with contextlib.suppress(ConnectionError), self._reading(queue, kinds):
            begun = self._last if since is None else since
            await response.write(b"retry: 2000\n\n")
            if since is not None:
                begun = await self._catch_up(response, kinds, since)
            await self._follow(response, queue, kinds, begun)
        return response

    async def _catch_up(self, response: web.StreamResponse, kinds: Kinds, since: int) -> int:
        """What the reader missed; returns the last event that it has now."""
        while since < self._last:
            first = self._kept[0].leaf if self._kept else self._last + 1
            if since + 1 >= first:
                rows: Sequence[SealedRow] = [row for row in self._kept if row.leaf > since]
            else:
                rows = await events.after(self._inst, since, AT_ONCE)
            if not rows:
                break
            await response.write(told(rows, kinds) or b": nothing for you\n\n")
            since = rows[-1].leaf
        return since

    async def _follow(
        self, response: web.StreamResponse, queue: asyncio.Queue[bytes | None], kinds: Kinds, begun: int
    ) -> None:
        """What is new; what was written already while the reader caught up is passed over."""
        while True:
            try:
                chunk = await asyncio.wait_for(queue.get(), SILENT_S)
            except TimeoutError:
                chunk = b": still here\n\n"
            if chunk is None:
                return
            await response.write(_behind(chunk, begun))

    @contextlib.contextmanager
    def _reading(self, queue: asyncio.Queue[bytes | None], kinds: Kinds) -> Iterator[None]:
        self._readers[queue] = kinds
        try:
            yield
        finally:
            del self._readers[queue]


def put(queue: asyncio.Queue[bytes | None], chunk: bytes | None) -> None:
    """Give a reader its next write; None, also in place of what one that is too slow did not take: it comes again."""
    if queue.full():  # it begins again behind the last event that it got
        while not queue.empty():
            queue.get_nowait()
        chunk = None
    queue.put_nowait(chunk)


def _behind(chunk: bytes, begun: int) -> bytes:
    """The events of a chunk that are newer than this one."""
    if not chunk.startswith(b"id: ") or int(chunk[4 : chunk.index(b"\n")]) > begun:
        return chunk
    parts = chunk.split(b"\n\n")
    kept = [part for part in parts if part and int(part[4 : part.index(b"\n")]) > begun]
    return b"".join(part + b"\n\n" for part in kept) or b": nothing new\n\n"


def told(rows: Sequence[SealedRow], kinds: Kinds) -> bytes:
    """Events as they are written, those that a reader may hear of."""
    return b"".join(
        f"id: {row.leaf}\nevent: {row.kind}\ndata: {json.dumps({'leaf': row.leaf, 'id': row.row_id})}\n\n".encode()
        for row in rows
        if row.kind in kinds
    )


def audible(scopes: Collection[Scope], wanted: Collection[str] | None) -> Kinds:
    """The kinds that these scopes let one hear of, and that are wanted; None: all."""
    return frozenset(kind for kind, scope in KINDS.items() if scope in scopes and (wanted is None or kind in wanted))
