"""The page behind a stop link: it asks once, takes the stop, and says so, in both languages and without a script.

Opening it does nothing, because programs that look at mails open every link in them.
"""

from __future__ import annotations

import dataclasses
from html import escape

from aiohttp import web

from agi_app.api.proxies import address_of
from agi_app.api.rate_limits import RateLimits
from agi_app.api.routes import Limit
from agi_app.errors import AgiAppError
from agi_app.installation import Installation
from agi_app.messages import speaking, t, template
from agi_app.model.actors import Actor
from agi_app.operations.people import stop_links

PATH = "/stop/{link:[A-Za-z0-9_-]{40,400}}"
_ACTOR = Actor("stop link", frozenset(), "worker")
_EVERYBODY = "everybody"  # together they may ask as often as one may for a stop
_ASKS = template("Do you want no more calls from us?")
_BUTTON = template("Never call me again")
_TAKEN = template("Your request is kept. You will not be called again.")
_AWAY = template("Your request could not be kept just now. Please open the link again in a few minutes.")
_OFTEN = template("Too many requests came at once. Please open the link again in a few minutes.")


def add_stop_page(app: web.Application, inst: Installation) -> None:
    """GET asks, POST hands the stop to a worker, which knows whose link it is."""
    acting, limits = dataclasses.replace(inst, actor=_ACTOR), RateLimits(inst.clock.monotonic)

    async def show(_request: web.Request) -> web.Response:
        return _page(200, _ASKS, f'<form method="post"><button>{_both(_BUTTON)}</button></form>')

    async def take(request: web.Request) -> web.Response:
        by = address_of(request) or ""
        if not (limits.take(by, Limit.LOOK).allowed and limits.take(_EVERYBODY, Limit.STOP).allowed):
            return _page(429, _OFTEN)
        try:
            await stop_links.ask_stop_by_link(acting, request.match_info["link"], by)
        except AgiAppError:
            return _page(503, _AWAY)
        return _page(200, _TAKEN)

    app.router.add_get(PATH, show, allow_head=False)
    app.router.add_post(PATH, take)


def _page(status: int, text: str, more: str = "") -> web.Response:
    body = (
        '<!DOCTYPE html><html><head><meta charset="utf-8"><meta name="robots" content="noindex">'
        '<meta name="viewport" content="width=device-width"><title>agi-app</title></head>'
        f"<body><main><p>{_both(text)}</p>{more}</main></body></html>"
    )
    return web.Response(status=status, text=body, content_type="text/html")


def _both(text: str) -> str:
    """A text in both languages; the reader's own may be neither that of the request nor ours."""
    said = []
    for language in ("zh", "en"):
        with speaking(language):
            said.append(f'<span lang="{language}">{escape(t(text))}</span>')
    return "<br>".join(said)
