"""What a worker answers over HTTP: whether it lives, whether it can do its work and why not, and its figures.

It reads no request's body and has no token: it is for this machine, or your own network. An address that cannot be
had keeps nobody from being called; the log says so, and it is tried again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web
from aiohttp.typedefs import Handler

from agi_app import log
from agi_app.config.monitor import MonitorSettings
from agi_app.monitoring.holding import Holding

AGAIN_S = 30.0  # between two tries to have the address
LAST_S = 1.0  # for a scrape in progress at the end
NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})  # of this machine, without a page of elsewhere that has them
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"

_log = log.get("monitor")


class MonitorServer:
    """Serves until cancelled; ``holdings`` says why nobody is dialled now, ``figures`` makes the page of a scrape."""

    def __init__(
        self,
        settings: MonitorSettings,
        holdings: Callable[[], Sequence[Holding]],
        figures: Callable[[], Awaitable[bytes]],
    ) -> None:
        self._settings, self._holdings, self._figures = settings, holdings, figures

    async def run(self) -> None:
        """Serve, and try again where the address is taken; returns at once when there is no port."""
        if not self._settings.port:
            return
        runner = web.AppRunner(self._app(), access_log=None, handle_signals=False, shutdown_timeout=LAST_S)
        await runner.setup()
        try:
            await self._listen(runner)
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    async def _listen(self, runner: web.AppRunner) -> None:
        host, port, said = self._settings.host, self._settings.port, False
        while True:
            try:
                await web.TCPSite(runner, host, port).start()
            except OSError as error:
                if not said:
                    why = error.strerror or str(error)
                    _log.warning("[monitor]: health and figures cannot be served", host=host, port=port, reason=why)
                said = True
                await asyncio.sleep(AGAIN_S)
            else:
                _log.info("health and figures are served", address=f"http://{host}:{port}")
                return

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[self._known_by_name])
        app.router.add_get("/health/live", self._live, allow_head=False)
        app.router.add_get("/health/ready", self._ready, allow_head=False)
        app.router.add_get("/metrics", self._metrics, allow_head=False)
        return app

    @web.middleware
    async def _known_by_name(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        host = request.headers.get("Host", "")
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
        if self._settings.loopback and name not in NAMES:
            raise web.HTTPMisdirectedRequest
        return await handler(request)

    async def _live(self, _request: web.Request) -> web.Response:
        return web.json_response({"live": True})

    async def _ready(self, _request: web.Request) -> web.Response:
        found = self._holdings()
        is_ready = all(one.wanted for one in found)
        because = [{"code": one.code, "text": one.text} for one in found]
        told = {"ready": is_ready, "dialling": not found, "because": because}
        return web.json_response(told, status=200 if is_ready else 503)

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=await self._figures(), headers={"Content-Type": PROMETHEUS})
