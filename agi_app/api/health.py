"""Whether this process lives, and whether it can do its work; without a token, and without a word about anybody."""

from __future__ import annotations

from aiohttp import web

from agi_app.errors import AgiAppError
from agi_app.installation import Installation
from agi_app.operations.service import health


def add_health(app: web.Application, inst: Installation) -> None:
    """``/health/live`` and ``/health/ready``."""

    async def live(_request: web.Request) -> web.Response:
        return web.json_response({"live": True})

    async def ready(_request: web.Request) -> web.Response:
        try:
            await health.database_answers(inst)
        except AgiAppError:
            return web.json_response({"ready": False, "because": "the database does not answer"}, status=503)
        return web.json_response({"ready": True})

    app.router.add_get("/health/live", live, allow_head=False)
    app.router.add_get("/health/ready", ready, allow_head=False)
