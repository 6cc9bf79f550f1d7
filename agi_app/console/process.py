"""The process `agi-app console`: it listens at once, answers 503 until the database does, and ends with SIGTERM.

It knows neither Asterisk nor a key. Requests in progress get some seconds at its end.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from aiohttp import web
from aiohttp.typedefs import Handler

from agi_app import log
from agi_app.api.app import SAFE, problem
from agi_app.api.health import Scrape, add_health
from agi_app.api.problems import RequestRefused
from agi_app.api.resources.live import METRICS, PROMETHEUS
from agi_app.changed_settings import BY_CONSOLE, taken_over
from agi_app.config.console import ConsoleSettings
from agi_app.config.settings import Settings
from agi_app.console.app import make_console
from agi_app.errors import ConfigError, StoreError
from agi_app.event_loop import alongside, give_way, happens_within, told_to_end
from agi_app.installation import Installation, service_installation
from agi_app.messages import t, template
from agi_app.model.actors import Actor, Role
from agi_app.service_manager import ServiceManager, served
from agi_app.settings_again import SettingsAgain

AGAIN_S = 1.0  # between two tries to reach the database
HEAD_S = 15.0  # for the whole head of a request, and for the handshake of TLS before it
LAST_S = 5.0  # for requests in progress at the end
HEALTH_HOST = "127.0.0.1"
HEALTH_NAMES = frozenset({"127.0.0.1", "localhost"})
WAITS, SERVES = template("the console waits for the database"), template("the console serves")
_log = log.get("console")
_unread = logging.getLogger("agi_app.console.unread")  # of aiohttp: requests that it cannot read


def _without_request(record: logging.LogRecord) -> bool:
    """What cannot be read is not written into the log either: it may hold a cookie or a password."""
    kind = record.exc_info[0] if record.exc_info else None
    record.msg, record.args, record.exc_info = "a request could not be read", (), None
    if kind is not None:
        record.msg += f" ({kind.__name__})"
    return True


_unread.addFilter(_without_request)


async def serve(settings: Settings, manager: ServiceManager, beside: Beside, always: Always) -> None:
    """Serve until SIGINT or SIGTERM; do ``always``, and ``beside`` once the database answers.

    ``manager`` is told that it is ready as soon as it listens.

    SIGHUP reads the settings again, and the certificate, which may have been renewed.

    Raises ConfigError: it was not set up, or a port is taken. Raises SafetyError for another project's database.
    """
    give_way()
    console = settings.console
    settings.console_database_url()  # told now, not as a database that is away
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)  # each try to connect again; we say it once
    tls = await asyncio.to_thread(_tls, settings)

    async def take(new: Settings) -> Settings:
        return await asyncio.to_thread(_certificate_of, again.settings, new, tls)

    again = SettingsAgain(settings, take, manager)
    with _listening(console.host, console.port, "port") as main, told_to_end(lambda: None, again.ask) as told:
        async with AsyncExitStack() as stack, alongside(again.run(), always()):
            health = None
            if console.health_port:
                health = stack.enter_context(_listening(HEALTH_HOST, console.health_port, "health_port"))
            await stack.enter_async_context(served(manager, told, WAITS))
            inst = await _opened(settings, stack, told, (main, health, tls))
            if inst is not None:
                manager.does = SERVES
                async with alongside(beside(inst)):
                    await _serve(inst, console, told, (main, health, tls))


Always = Callable[[], Coroutine[None, None, None]]
Beside = Callable[[Installation], Coroutine[None, None, None]]
Sockets = tuple[socket.socket, socket.socket | None, ssl.SSLContext | None]


async def _opened(settings: Settings, stack: AsyncExitStack, told: asyncio.Event, at: Sockets) -> Installation | None:
    """What the requests work with, once the database answers; None: told to end before. Until then all get 503."""
    main, health, tls = at
    async with _site(_away(), main, tls), _site(_away(), health, None):
        said = False
        while not told.is_set():
            try:
                return await stack.enter_async_context(service_installation(settings))
            except StoreError as error:
                if not said:
                    _log.warning(WAITS, error=str(error))
                said = True
            await happens_within(told, AGAIN_S)
    return None


async def _serve(inst: Installation, console: ConsoleSettings, told: asyncio.Event, at: Sockets) -> None:
    main, health, tls = at
    app = make_console(inst, console)
    async with _site(app, main, tls), _site(_health(inst, app), health, None):
        scheme = "http" if tls is None else "https"
        _log.info(SERVES, address=f"{scheme}://{console.host}:{console.port}", health=console.health_port)
        await told.wait()


@asynccontextmanager
async def _site(app: web.Application, at: socket.socket | None, tls: ssl.SSLContext | None) -> AsyncIterator[None]:
    """Serve an application on a socket that stays open afterwards."""
    if at is None:
        yield
        return
    # The time of an idle connection is from its beginning, and from each answer, to the whole head of the next request.
    runner = web.AppRunner(
        app, access_log=None, logger=_unread, shutdown_timeout=LAST_S, handle_signals=False, keepalive_timeout=HEAD_S
    )
    await runner.setup()
    try:
        limit = None if tls is None else HEAD_S
        loop = asyncio.get_running_loop()
        if (serving := runner.server) is None:
            raise AssertionError  # it is set up
        listening = await loop.create_server(serving, sock=at.dup(), ssl=tls, backlog=128, ssl_handshake_timeout=limit)
        try:
            yield
        finally:
            listening.close()
    finally:
        await runner.cleanup()


def _away() -> web.Application:
    """What is answered before there is a database: that this process lives, and that all else must wait."""

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/health/live":
            return web.json_response({"live": True}, headers=SAFE)
        told = problem(RequestRefused("database_away", headers={"Retry-After": "5"}))
        told.headers.update(SAFE)
        return told

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    return app


def _health(inst: Installation, app: web.Application) -> web.Application:
    """Health and figures for this machine alone, without a token."""

    @web.middleware
    async def from_here(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.headers.get("Host", "").partition(":")[0] not in HEALTH_NAMES:
            raise web.HTTPMisdirectedRequest
        return await handler(request)

    reader = replace(inst, actor=Actor("agi-app console", frozenset({Role.VIEWER}), "api"))

    scrape = Scrape(lambda: app[METRICS].text(reader))

    async def metrics(_request: web.Request) -> web.Response:
        if (found := await scrape.page()) is None:
            return web.Response(status=503)
        return web.Response(body=found, headers={"Content-Type": PROMETHEUS})

    made = web.Application(middlewares=[from_here])
    add_health(made, inst)
    made.router.add_get("/metrics", metrics, allow_head=False)
    return made


def _listening(host: str, port: int, setting: str) -> socket.socket:
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=128
        )
    except OSError as error:
        told = "[console] {setting}: cannot listen on {host}:{port}: {why}; end what uses it, or set another one"
        raise ConfigError(t(told, setting=setting, host=host, port=port, why=error.strerror)) from error


def _certificate_of(old: Settings, new: Settings, tls: ssl.SSLContext | None) -> Settings:
    """Take the certificate over, and its key; what holds then. Blocks. Raises ConfigError: then nothing has changed."""
    holds = taken_over(old, new, BY_CONSOLE)
    if tls is None or (chain := holds.certificate_chain()) is None:  # to begin or end with TLS takes a restart
        return old
    _tls(holds)
    tls.load_cert_chain(*chain)
    return holds


def _tls(settings: Settings) -> ssl.SSLContext | None:
    """The certificate's context; None without one. Blocks. Raises ConfigError."""
    if (chain := settings.certificate_chain()) is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(*chain)
    except (OSError, ssl.SSLError) as error:
        told = "[console] certificate, certificate_key: cannot be used: {why}"
        raise ConfigError(t(told, why=error.strerror or error)) from error
    return context
