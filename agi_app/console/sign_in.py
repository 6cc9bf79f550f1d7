"""Sign in and out, the link for a first password, and the reader's language."""

from __future__ import annotations

import dataclasses
from urllib.parse import quote

from aiohttp import web

from agi_app.api.problems import RequestRefused
from agi_app.api.proxies import address_of
from agi_app.api.resources.live import METRICS
from agi_app.console.forms import form_of
from agi_app.console.given import second_of
from agi_app.console.rendering import Reader, page
from agi_app.console.serving import LANGUAGE_COOKIE, Server, redirect, within
from agi_app.errors import InputError
from agi_app.messages import LANGUAGES, t
from agi_app.operations.service import sessions
from agi_app.operations.service.sessions import SignInForm, SignInRefused

YEAR_S = 365 * 86400


def add_sign_in(app: web.Application, server: Server) -> None:
    """The routes of the sign-in."""

    async def show(request: web.Request) -> web.StreamResponse:
        async def answer(reader: Reader) -> web.Response:
            if reader.actor is not None:
                return redirect(within(request.query.get("next", "/")))
            said = _words(request.query.get("said", ""), reader.provider)
            return sign_in_page(reader, within(request.query.get("next", "/")), said=said)

        return await server.answered(request, answer)

    async def take(request: web.Request) -> web.StreamResponse:
        async def answer(reader: Reader) -> web.Response:
            return await _take(server, request, reader)

        return await server.answered(request, answer)

    async def leave(request: web.Request) -> web.StreamResponse:
        async def answer(reader: Reader) -> web.Response:
            if reader.actor is not None:
                await sessions.sign_out(sessions.acting(server.inst, reader.actor))
            given = redirect("/sign-in?said=out")
            given.del_cookie(server.cookie(request), path="/", secure=server.is_secure(request))
            given.headers["Clear-Site-Data"] = '"cache", "storage"'
            return given

        return await server.answered(request, answer)

    app.router.add_get("/sign-in", show, allow_head=False)
    app.router.add_post("/sign-in", take)
    app.router.add_post("/sign-out", leave)
    _add_language(app, server)
    _add_link(app, server)


def _add_language(app: web.Application, server: Server) -> None:
    async def language(request: web.Request) -> web.StreamResponse:
        async def answer(_reader: Reader) -> web.Response:
            chosen = request.match_info["language"]
            if chosen not in LANGUAGES:
                raise RequestRefused("not_found")
            given = redirect(within(request.query.get("next", "/")))
            given.set_cookie(LANGUAGE_COOKIE, chosen, max_age=YEAR_S, samesite="Lax", path="/")
            return given

        return await server.answered(request, answer)

    app.router.add_get("/language/{language}", language, allow_head=False)


def _add_link(app: web.Application, server: Server) -> None:
    async def show(request: web.Request) -> web.StreamResponse:
        async def answer(reader: Reader) -> web.Response:
            owner = await sessions.link_owner(server.inst, request.match_info["link"])
            return _link_page(reader, owner, "", 200 if owner else 410)

        return await server.answered(request, answer)

    async def take(request: web.Request) -> web.StreamResponse:
        async def answer(reader: Reader) -> web.Response:
            form, link = await form_of(request), request.match_info["link"]
            owner = await sessions.link_owner(server.inst, link)
            if form.get("password") != form.get("again"):
                return _link_page(reader, owner, t("the two passwords differ"), 422)
            try:
                await sessions.set_by_link(server.inst, link, form.get("password", ""))
            except InputError as error:
                return _link_page(reader, owner, str(error), 422)
            return redirect("/sign-in?said=set")

        return await server.answered(request, answer)

    app.router.add_get("/link/{link}", show, allow_head=False)
    app.router.add_post("/link/{link}", take)


async def _take(server: Server, request: web.Request, reader: Reader) -> web.Response:
    typed = await form_of(request)
    form = SignInForm(
        typed.get("account", "").strip(),
        typed.get("password", ""),
        second_of(typed),
        address_of(request),
        request.headers.get("User-Agent", ""),
    )
    try:
        text = await sessions.sign_in(server.inst, form)
    except SignInRefused as refused:
        if refused.kind != "second":
            request.app[METRICS].login_failed(refused.kind)
        return sign_in_page(reader, within(typed.get("next", "/")), fault=_why(refused), account=form.name, status=401)
    given = redirect("/me?said=recovery" if form.second.by_recovery else within(typed.get("next", "/")))
    secure = server.is_secure(request)
    given.set_cookie(server.cookie(request), text, path="/", secure=secure, httponly=True, samesite="Lax")
    return given


def _why(refused: SignInRefused) -> str:
    match refused.kind:
        case "wait":
            return sessions.waits(refused.wait_s)
        case "second":
            return t("Type the six digits that your authenticator app shows now, and the password again.")
        case _:
            return t("The account, the password or the code is not right.")


def _words(said: str, provider: str) -> str:
    match said:
        case "out" if provider:
            told = "You are signed out here. You may still be signed in at {name}: on a shared computer end that, too."
            return t(told, name=provider)
        case "out":
            return t("You are signed out.")
        case "set":
            return t("The password is set. Sign in with it.")
        case "factor":
            return t("The second factor is changed. Sign in again.")
        case "passkeys":
            return t("Your passkeys are changed. Sign in again.")
        case "ended":
            return t("Your session has ended. Sign in again.")
        case _:
            return ""


def sign_in_page(
    reader: Reader, onward: str, *, said: str = "", fault: str = "", account: str = "", status: int = 200
) -> web.Response:
    """The form; ``onward``: where the browser goes afterwards, also in the other language."""
    reader = dataclasses.replace(reader, path=f"/sign-in?next={quote(onward)}")
    text = page("sign_in.html", reader, said=said, fault=fault, account=account, onward=onward)
    return web.Response(status=status, text=text, content_type="text/html")


def _link_page(reader: Reader, owner: str | None, fault: str, status: int) -> web.Response:
    text = page("link.html", reader, owner=owner, fault=fault)
    return web.Response(status=status, text=text, content_type="text/html")
