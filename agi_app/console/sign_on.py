"""Single sign-on: to the issuer and back. The issuer's answer is the one page that another site may send people to.

Meanwhile the browser has another cookie, for ten minutes, which it also shows when the issuer sends it back. The
session begins with the answer, under a new id.
"""

from __future__ import annotations

from aiohttp import web

from agi_app.api.problems import RequestRefused
from agi_app.api.proxies import address_of
from agi_app.api.rate_limits import RateLimits
from agi_app.api.resources.live import METRICS
from agi_app.api.routes import Limit
from agi_app.console.rendering import Reader, page
from agi_app.console.serving import Server, redirect, within
from agi_app.errors import ConfigError, InputError
from agi_app.installation import Installation
from agi_app.operations.administration import sign_on
from agi_app.operations.administration.sign_on import CameBack
from agi_app.operations.service import sessions

TO, BACK, DONE = "/sign-in/oidc", "/sign-in/oidc/return", "/sign-in/oidc/done"
TEN_MINUTES_S = 600


def add_sign_on(app: web.Application, server: Server) -> None:
    """The routes of single sign-on; without a provider in the settings there are none."""
    if not sign_on.name_of(server.inst):
        return
    limits = RateLimits(server.inst.clock.monotonic)

    async def to(request: web.Request) -> web.StreamResponse:
        async def answer(reader: Reader) -> web.Response:
            _limit(limits, request)
            return await _send(server, request, reader)

        return await server.answered(request, answer)

    async def back(request: web.Request) -> web.StreamResponse:
        async def answer(reader: Reader) -> web.Response:
            _limit(limits, request)
            return await _take(server, request, reader)

        return await server.answered(request, answer)

    async def done(request: web.Request) -> web.StreamResponse:
        async def answer(reader: Reader) -> web.Response:
            return redirect("/sign-in") if reader.actor is None else _shown(reader, "", 200)

        return await server.answered(request, answer)

    app.router.add_get(TO, to, allow_head=False)
    app.router.add_get(BACK, back, allow_head=False)
    app.router.add_get(DONE, done, allow_head=False)


def _limit(limits: RateLimits, request: web.Request) -> None:
    """Each answer is an ask, which is kept for good: so not more from one address than people make."""
    if not limits.take(f"{address_of(request)} {request.path}", Limit.LOOK).allowed:
        raise RequestRefused("rate")


async def _send(server: Server, request: web.Request, reader: Reader) -> web.Response:
    """Send the browser to the provider, when a page of ours says so: no other site can begin it."""
    proof = "again" in request.query
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return redirect("/sign-in")
    if proof and reader.actor is None:
        return redirect("/sign-in?said=ended")
    if not proof and reader.actor is not None:
        return redirect(within(request.query.get("next", "/")))
    onward = DONE if proof else within(request.query.get("next", "/"))
    try:
        sent = await sign_on.begin(_acting(server, reader), _redirect_uri(server, request), onward, proof=proof)
    except (InputError, ConfigError) as error:
        return _shown(reader, str(error), 502)
    given = redirect(sent.address)
    secure = server.is_secure(request)
    given.set_cookie(
        _cookie(server, request),
        sent.secret,
        path="/",
        max_age=TEN_MINUTES_S,
        secure=secure,
        httponly=True,
        samesite="Lax",
    )
    return given


async def _take(server: Server, request: web.Request, reader: Reader) -> web.Response:
    back = CameBack(
        request.cookies.get(_cookie(server, request), ""),
        dict(request.query),
        _redirect_uri(server, request),
        address_of(request),
        request.headers.get("User-Agent", ""),
    )
    try:
        end = await sign_on.finish(_acting(server, reader), back)
    except (InputError, ConfigError) as error:
        request.app[METRICS].login_failed("single sign-on")
        given = _shown(reader, str(error), 403)
    else:
        given = redirect(end.onward)
        if end.session is not None:
            given.set_cookie(
                server.cookie(request),
                end.session,
                path="/",
                secure=server.is_secure(request),
                httponly=True,
                samesite="Lax",
            )
    given.del_cookie(_cookie(server, request), path="/", secure=server.is_secure(request))
    return given


def _acting(server: Server, reader: Reader) -> Installation:
    return server.inst if reader.actor is None else sessions.acting(server.inst, reader.actor)


def _cookie(server: Server, request: web.Request) -> str:
    return f"{server.cookie(request)}_to_provider"


def _redirect_uri(server: Server, request: web.Request) -> str:
    """Where the provider sends people back to: the name by which the browser knows us, which is one of the settings."""
    return f"{'https' if server.is_secure(request) else 'http'}://{request.host}{BACK}"


def _shown(reader: Reader, fault: str, status: int) -> web.Response:
    return web.Response(status=status, text=page("sign_on.html", reader, fault=fault), content_type="text/html")
