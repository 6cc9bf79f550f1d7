"""Whether this process lives, and whether it can do its work; without a token, and without a word about anybody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from aiohttp import web

from agi_app.errors import AgiAppError
from agi_app.installation import Installation
from agi_app.operations.service import health

SCRAPED_WITHIN_S = 4.0  # shorter than the scrape of a Prometheus may take
READY_WITHIN_S = 1.5  # who asks waits no longer, whatever the database does


def add_health(app: web.Application, inst: Installation) -> None:
    """``/health/live`` and ``/health/ready``."""
    database = _Database(inst)

    async def live(_request: web.Request) -> web.Response:
        return web.json_response({"live": True})

    async def ready(_request: web.Request) -> web.Response:
        if await database.answers():
            return web.json_response({"ready": True, "because": []})
        because = [{"code": "database", "text": "the database does not answer"}]
        return web.json_response({"ready": False, "because": because}, status=503)

    app.router.add_get("/health/live", live, allow_head=False)
    app.router.add_get("/health/ready", ready, allow_head=False)


class Scrape:
    """Asks for figures one at a time; those who come meanwhile wait for the same ones, and nobody waits long."""

    def __init__(self, make: Callable[[], Coroutine[None, None, bytes]]) -> None:
        self._make = make
        self._asked: asyncio.Task[bytes] | None = None

    async def page(self) -> bytes | None:
        """The page of a scrape; None: the database does not give them in time."""
        if self._asked is None or self._asked.done():
            self._asked = asyncio.create_task(self._make())  # noqa: TID251 - its error is looked at, here or the next time
        asked = self._asked
        await asyncio.wait({asked}, timeout=SCRAPED_WITHIN_S)
        if not asked.done() or asked.cancelled() or isinstance(asked.exception(), AgiAppError):
            return None
        return asked.result()


class _Database:
    """Asks the database one question at a time; those who come meanwhile wait for the same answer."""

    def __init__(self, inst: Installation) -> None:
        self._inst = inst
        self._asked: asyncio.Task[None] | None = None

    async def answers(self) -> bool:
        """Whether it does so in time. One that hangs is not waited for, and not asked a second time meanwhile."""
        if self._asked is None or self._asked.done():
            asking = health.database_answers(self._inst)
            self._asked = asyncio.create_task(asking)  # noqa: TID251 - its error is looked at, here or the next time
        asked = self._asked
        await asyncio.wait({asked}, timeout=READY_WITHIN_S)
        if not asked.done() or asked.cancelled():
            return False
        if (error := asked.exception()) is not None and not isinstance(error, AgiAppError):
            raise error
        return error is None
