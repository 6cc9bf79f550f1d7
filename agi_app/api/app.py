"""The HTTP application: routes, problems for whatever goes wrong, host names, health."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Collection, Mapping

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from agi_app.api import all_routes, openapi
from agi_app.api.authentication import Doorkeeper
from agi_app.api.event_stream import EventStream
from agi_app.api.handling import LARGEST_BODY, RATE, Handling
from agi_app.api.health import add_health
from agi_app.api.metrics import Metrics
from agi_app.api.problems import MEDIA_TYPE, RequestRefused
from agi_app.api.proxies import PROXIES, TrustedProxies
from agi_app.api.rate_limits import RateLimits
from agi_app.api.resources.live import METRICS, STREAM
from agi_app.api.routes import BASE
from agi_app.api.stop_page import add_stop_page
from agi_app.installation import Installation
from agi_app.messages import LANGUAGES, current, speaking

_log = structlog.get_logger(part="api")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_HTTP = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "media_type"}
SAFE = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Server": "agi-app",
}


def make_app(inst: Installation, *, hosts: Collection[str], proxies: TrustedProxies) -> web.Application:
    """What a server serves: ``inst`` is open as long as it does; each request acts in it as its token's owner.

    ``hosts``: the names without port that the header Host may have, so that no page of elsewhere can reach us by its
    own name. ``proxies``: who may say in another's name where a request comes from.
    """
    stream = EventStream(inst)
    metrics = Metrics(stream)
    app = web.Application(middlewares=[_guarded(frozenset(hosts), metrics)], client_max_size=LARGEST_BODY)
    app[PROXIES] = proxies
    app[STREAM] = stream
    app[METRICS] = metrics
    app.cleanup_ctx.append(stream.running)
    handling = Handling(inst, Doorkeeper(inst), RateLimits(inst.clock.monotonic))
    declared = all_routes.ROUTES
    for route in sorted(declared, key=lambda route: route.method != "GET"):
        app.router.add_route(route.method, route.whole, handling.of(route))
    text = json.dumps(openapi.document(declared), ensure_ascii=False).encode()

    async def show_document(_request: web.Request) -> web.Response:
        return web.Response(body=text, content_type="application/json")

    app.router.add_get(f"{BASE}/openapi.json", show_document, allow_head=False)
    add_health(app, inst)
    add_stop_page(app, inst)
    return app


def _guarded(hosts: frozenset[str], metrics: Metrics) -> Middleware:
    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        began = time.monotonic()
        with speaking(language_of(request)):
            answer = await answered(request, handler)
        metrics.count(_declared(request), request.method, answer.status, time.monotonic() - began)
        return answer

    async def answered(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            if _host_of(request) not in hosts:
                raise RequestRefused("host")
            answer = await handler(request)
        except RequestRefused as refused:
            if refused.status >= 500:  # who asks is not told how we reach the database
                _log.error("a request failed", path=_declared(request), error=str(refused.__cause__))
            answer = problem(refused)
        except web.HTTPException as error:
            answer = problem(_of_http(error))
        except Exception:  # noqa: BLE001 - nobody sees what it was but the log
            _log.exception("a request failed", path=_declared(request))
            answer = problem(RequestRefused("fault"))
        if not answer.prepared:
            for name, value in {**SAFE, **request.get(RATE, {}), "Content-Language": current()}.items():
                answer.headers.setdefault(name, value)  # a page has a policy of its own
        return answer

    return guarded


def _declared(request: web.Request) -> str:
    """The path as it is declared: with names where a request has what they stand for."""
    resource = request.match_info.route.resource
    return "" if resource is None else resource.canonical


def problem(refused: RequestRefused) -> web.Response:
    """The answer of a request that ends with a problem."""
    body = refused.answer.model_dump_json(exclude_none=True).encode()
    return web.Response(status=refused.status, body=body, content_type=MEDIA_TYPE, headers=refused.headers)


def _of_http(error: web.HTTPException) -> RequestRefused:
    headers: Mapping[str, str] = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    return RequestRefused(_HTTP.get(error.status, "bad_request" if error.status < 500 else "fault"), headers=headers)


def language_of(request: web.Request) -> str:
    """The first of our languages that the reader prefers (RFC 9110, Accept-Language)."""
    wanted: list[tuple[float, str]] = []
    for part in request.headers.get("Accept-Language", "").split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            wanted.append((-float(weight or 1), tag[:2].lower()))
        except ValueError:
            continue
    return next((tag for weight, tag in sorted(wanted, key=lambda one: one[0]) if weight and tag in LANGUAGES), "en")


def _host_of(request: web.Request) -> str:
    host = request.headers.get("Host", "")
    return host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
