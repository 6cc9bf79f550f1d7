"""Ends the streams of sessions that have ended: one question a second about all of them, however many there are."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import structlog
from aiohttp import web

from agi_app.errors import StoreError
from agi_app.installation import Installation
from agi_app.operations.service import sessions

EVERY_S = 1.0
SIGNED_OUT = b"event: signed-out\ndata: {}\n\n"
_log = structlog.get_logger(part="console")


class EndedSessions:
    """The streams that are open, by the queue of what each sends, with their sessions."""

    def __init__(self, inst: Installation) -> None:
        self._inst = inst
        self._streams: dict[asyncio.Queue[bytes | None], str] = {}
        self._some = asyncio.Event()

    async def running(self, _app: web.Application) -> AsyncIterator[None]:
        """For ``cleanup_ctx``: look while the application serves."""
        async with asyncio.TaskGroup() as group:
            looking = group.create_task(self._look())
            yield
            looking.cancel()

    @contextlib.contextmanager
    def following(self, queue: asyncio.Queue[bytes | None], session_id: str) -> Iterator[None]:
        """When the session has ended, the queue gets ``SIGNED_OUT`` and its end, and nothing else any longer."""
        self._streams[queue] = session_id
        self._some.set()
        try:
            yield
        finally:
            self._streams.pop(queue, None)

    async def _look(self) -> None:
        while True:
            await self._some.wait()
            await asyncio.sleep(EVERY_S)
            try:
                good = await sessions.still_good(self._inst, sorted(set(self._streams.values())))
            except StoreError:  # then nothing new can be shown either
                continue
            except Exception:  # noqa: BLE001 - it must go on
                _log.exception("sessions cannot be looked at")
                continue
            for queue in [one for one, session_id in self._streams.items() if session_id not in good]:
                del self._streams[queue]
                _end(queue)
            if not self._streams:
                self._some.clear()


def _end(queue: asyncio.Queue[bytes | None]) -> None:
    while not queue.empty():
        queue.get_nowait()
    queue.put_nowait(SIGNED_OUT)
    queue.put_nowait(None)
