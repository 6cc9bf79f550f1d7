"""Events as they happen. They are thin: kind and number of a row; what it says is asked for, with its scope."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web
from pydantic import Field

from agi_app.api.event_stream import EventStream, audible
from agi_app.api.metrics import Metrics
from agi_app.api.problems import RequestFault, RequestRefused
from agi_app.api.routes import ApiCall, NoQuery, Query, Routes
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.service import events as operations
from agi_app.operations.service.events import KINDS

routes = Routes()
STREAM = web.AppKey("stream", EventStream)
METRICS = web.AppKey("metrics", Metrics)
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
LARGEST = 2**62


class EventQuery(Query):
    """Which events."""

    kinds: str | None = Field(
        None, pattern=r"^[a-z_]{1,40}(,[a-z_]{1,40}){0,40}$", description="of these kinds alone: result,suppression …"
    )


@routes.get("/events", Scope.FIGURES_READ, "text/event-stream", query=EventQuery, stream=True)
async def events(call: ApiCall[EventQuery, None]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """What is recorded, as a stream of server-sent events; their ids are leaves of the audit tree.

    With Last-Event-ID it goes on behind that event, without a gap; 400 when there is no such event yet.
    """
    wanted = None if call.query.kinds is None else call.query.kinds.split(",")
    if unknown := sorted(set(wanted or ()) - set(KINDS)):
        words = t("no such kind: {kinds}; there are {known}", kinds=", ".join(unknown), known=", ".join(sorted(KINDS)))
        raise RequestRefused("refused", faults=[RequestFault(pointer="?kinds", rule="kind", text=words)])
    kinds = audible([scope for scope in Scope if call.inst.actor.may(scope)], wanted)

    async def begin(request: web.Request) -> web.StreamResponse:
        since = _since(request)
        if since:  # one of another database, or of this one before a backup was restored, would wait in silence
            newest = await operations.newest(call.inst)
            if since > newest:
                raise _bad(t("is above the newest event, {newest}: begin without it", newest=newest))
        return await request.app[STREAM].serve(request, kinds, since)

    return begin


def _since(request: web.Request) -> int | None:
    text = request.headers.get("Last-Event-ID")
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise _bad(t("is no id of an event here"))
    return int(text)


def _bad(words: str) -> RequestRefused:
    return RequestRefused("bad_request", faults=[RequestFault(pointer="Last-Event-ID", rule="header", text=words)])


@routes.get("/metrics", Scope.FIGURES_READ, "text/plain", stream=True, beside=True)
async def metrics(call: ApiCall[NoQuery, None]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Figures for Prometheus, at most five seconds old."""

    async def begin(request: web.Request) -> web.StreamResponse:
        found = await request.app[METRICS].text(call.inst)
        return web.Response(body=found, headers={"Content-Type": PROMETHEUS})

    return begin
