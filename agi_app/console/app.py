"""The whole application of the console: the pages, what they load, and the API beside them."""

from __future__ import annotations

from aiohttp import web

from agi_app.api.app import make_app
from agi_app.api.problems import RequestRefused
from agi_app.api.proxies import TrustedProxies
from agi_app.config.console import ConsoleSettings
from agi_app.console import first_steps, me, sign_in, sign_on, today
from agi_app.console.calling import all_pages as calling
from agi_app.console.flows import all_pages as flows
from agi_app.console.guard import all_pages as guard
from agi_app.console.live import LiveParts, add_live
from agi_app.console.passkeys import mine as my_passkeys
from agi_app.console.passkeys.sign_in import add_passkey_sign_in
from agi_app.console.people import all_pages as people
from agi_app.console.records import all_pages as records
from agi_app.console.rendering import Reader, static_files
from agi_app.console.service import all_pages as service
from agi_app.console.serving import Server, fault
from agi_app.installation import Installation

PAGES = (
    *today.pages.declared,
    *first_steps.pages.declared,
    *calling.PAGES,
    *people.PAGES,
    *flows.PAGES,
    *guard.PAGES,
    *records.PAGES,
    *service.PAGES,
    *me.pages.declared,
    *my_passkeys.pages.declared,
)
PARTS = (today.PART, *calling.PARTS)
FOR_GOOD = "public, max-age=31536000, immutable"


def make_console(inst: Installation, console: ConsoleSettings) -> web.Application:
    """What `agi-app console` serves; ``inst`` is open as long as it does."""
    app = make_app(inst, hosts=console.names, proxies=TrustedProxies(console.proxies))
    server = Server(inst, PAGES, tls=console.certificate is not None)
    for declared in PAGES:
        app.router.add_route(declared.method, declared.path, server.of(declared))
    sign_in.add_sign_in(app, server)
    add_passkey_sign_in(app, server)
    sign_on.add_sign_on(app, server)
    add_live(app, server, LiveParts(inst, PARTS))
    app.router.add_get("/static/{name}", _static, allow_head=False)

    async def missing(request: web.Request) -> web.StreamResponse:
        async def answer(reader: Reader) -> web.Response:
            return fault(request, reader, RequestRefused("not_found"))

        return await server.answered(request, answer)

    app.router.add_get("/{path:(?!api/|health/|stop/|static/).*}", missing, allow_head=False)
    return app


async def _static(request: web.Request) -> web.Response:
    found = static_files().get(request.match_info["name"])
    if found is None:
        raise RequestRefused("not_found")
    content, kind = found
    answer = web.Response(body=content, content_type=kind, charset="utf-8", headers={"Cache-Control": FOR_GOOD})
    if kind == "text/javascript":  # a worker of the browser has the policy of its own file
        answer.headers["Content-Security-Policy"] = "default-src 'none'; connect-src 'self'"
    return answer
