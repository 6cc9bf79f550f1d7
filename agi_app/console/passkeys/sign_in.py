"""Sign-in by a passkey, without a name: its authenticator knows whose it is, and has verified its owner.

The challenge belongs to the browser that asked for it, which keeps a random text as a cookie until then.
"""

from __future__ import annotations

import hashlib
import re
import secrets

from aiohttp import web

from agi_app.api.problems import RequestRefused
from agi_app.api.proxies import address_of
from agi_app.api.resources.live import METRICS
from agi_app.console.forms import form_of
from agi_app.console.passkeys import shown
from agi_app.console.rendering import Reader
from agi_app.console.serving import Server, redirect, within
from agi_app.console.sign_in import sign_in_page
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.operations.administration import passkeys
from agi_app.operations.administration.passkeys import PasskeyBrowser
from agi_app.operations.service import sessions
from agi_app.operations.service.sessions import SignInRefused

COOKIE, GOOD_FOR_S = "agi_app_passkey", 300
_KEPT = re.compile(r"[0-9a-f]{64}")


def add_passkey_sign_in(app: web.Application, server: Server) -> None:
    """The routes of it."""

    async def begin(request: web.Request) -> web.StreamResponse:
        async def answer(reader: Reader) -> web.Response:
            return await _begin(server, request, reader)

        return await server.answered(request, answer)

    async def take(request: web.Request) -> web.StreamResponse:
        async def answer(reader: Reader) -> web.Response:
            return await _take(server, request, reader)

        return await server.answered(request, answer)

    app.router.add_post("/sign-in/passkey/begin", begin)
    app.router.add_post("/sign-in/passkey", take)


async def _begin(server: Server, request: web.Request, reader: Reader) -> web.Response:
    """What the browser is asked, as JSON."""
    site = reader.passkeys.site
    if site is None:
        raise RequestRefused("refused", reader.passkeys.why_not)
    kept = request.cookies.get(_cookie(server, request), "")
    kept = kept if _KEPT.fullmatch(kept) else secrets.token_hex(32)
    try:
        asked = await passkeys.begin_sign_in(server.inst, _browser(request, kept))
    except SignInRefused as refused:
        request.app[METRICS].login_failed(refused.kind)
        raise RequestRefused("refused", sessions.waits(refused.wait_s)) from refused
    text = shown.get_options(site, asked).model_dump_json()
    given = web.Response(text=text, content_type="application/json")
    secure = server.is_secure(request)
    given.set_cookie(
        _cookie(server, request), kept, max_age=GOOD_FOR_S, path="/", secure=secure, httponly=True, samesite="Strict"
    )
    return given


async def _take(server: Server, request: web.Request, reader: Reader) -> web.Response:
    """A session, or the page of the sign-in with the reason why not."""
    form = await form_of(request)
    onward = within(form.get("next", "/"))
    site = reader.passkeys.site
    if site is None:
        return sign_in_page(reader, onward, fault=reader.passkeys.why_not, status=422)
    kept = request.cookies.get(_cookie(server, request), "")
    try:
        text = await passkeys.sign_in(server.inst, site, shown.shown_of(form), _browser(request, kept))
    except InputError as error:
        return sign_in_page(reader, onward, fault=str(error), status=422)
    except SignInRefused as refused:
        if refused.kind != "over":
            request.app[METRICS].login_failed(refused.kind)
        return sign_in_page(reader, onward, fault=_why(refused), status=401)
    given = redirect(onward)
    secure = server.is_secure(request)
    given.set_cookie(server.cookie(request), text, path="/", secure=secure, httponly=True, samesite="Lax")
    given.del_cookie(_cookie(server, request), path="/", secure=secure)
    return given


def _cookie(server: Server, request: web.Request) -> str:
    return f"__Host-{COOKIE}" if server.is_secure(request) else COOKIE


def _browser(request: web.Request, kept: str) -> PasskeyBrowser:
    sha256 = hashlib.sha256(kept.encode()).digest()
    return PasskeyBrowser(sha256, address_of(request), request.headers.get("User-Agent", ""))


def _why(refused: SignInRefused) -> str:
    match refused.kind:
        case "wait":
            return sessions.waits(refused.wait_s)
        case "over":
            return t("This took more than five minutes, or was done already. Try again.")
        case _:
            return t("This passkey is not known here, or no longer. Sign in with account and password.")
