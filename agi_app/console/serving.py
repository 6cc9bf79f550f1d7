"""Serves pages: who is signed in, whether they may, in which language; a fault is a page, too.

A form is taken only from a page of ours (Sec-Fetch-Site, else Origin), and the cookie is sent by no other site.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import quote, unquote, urlsplit

import structlog
from aiohttp import web

from agi_app.api import problems
from agi_app.api.app import language_of
from agi_app.api.handling import path_of
from agi_app.api.problems import RequestRefused
from agi_app.api.proxies import PROXIES, address_of
from agi_app.api.rate_limits import RateLimits
from agi_app.api.routes import Limit
from agi_app.api.sent_files import sending
from agi_app.console import forms
from agi_app.console.navigation import Navigation
from agi_app.console.pages import DeclaredPage, Download, GoTo, PageCall, Shown
from agi_app.console.passkey_site import offer_of
from agi_app.console.rendering import Reader, known_zone, page
from agi_app.console.typed_again import page_before, typed_of
from agi_app.errors import AgiAppError, InputError, NotThere
from agi_app.installation import Installation
from agi_app.messages import LANGUAGES, current, speaking, spoken, t, template
from agi_app.model.actors import Actor
from agi_app.operations.administration import passkeys, sign_on
from agi_app.operations.service import sessions

_log = structlog.get_logger(part="console")
ZONE_COOKIE, LANGUAGE_COOKIE = "agi_app_zone", "agi_app_language"
AGAIN = "proof"  # the field of a form in which the password is shown again
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "media-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_TITLES = {  # where those of the API speak of tokens
    "no_token": template("sign in first"),
    "forbidden": template("your roles do not allow this"),
    "media_type": template("the form cannot be read"),
}
HSTS = {"Strict-Transport-Security": "max-age=31536000"}


class Server:
    """Serves the pages of an installation. ``tls``: by this process itself."""

    def __init__(self, inst: Installation, declared: Sequence[DeclaredPage], *, tls: bool) -> None:
        self.inst = inst
        self._navigation = Navigation(declared)
        self._shown = frozenset(one.path for one in declared if one.method == "GET")
        self._tls = tls
        self._limits = RateLimits(inst.clock.monotonic)

    def is_secure(self, request: web.Request) -> bool:
        """Whether the browser has TLS: with us, or with a proxy that says so, on this machine or a trusted one."""
        if self._tls:
            return True
        near = request.remote in ("127.0.0.1", "::1") or request.app[PROXIES].trusts(request.remote)
        return near and request.headers.get("X-Forwarded-Proto") == "https"

    def cookie(self, request: web.Request) -> str:
        """The session cookie's name: with TLS one that no other host and no plain page can set."""
        return "__Host-agi_app" if self.is_secure(request) else "agi_app"

    async def actor(self, request: web.Request) -> Actor | None:
        """Who is signed in. Raises StoreError."""
        text = request.cookies.get(self.cookie(request), "")
        owner = await sessions.owner_of(self.inst, text) if text else None
        return None if owner is None else sessions.actor_of(owner, text, address_of(request))

    def of(self, declared: DeclaredPage) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The handler of one page, for who is signed in."""

        async def handle(request: web.Request) -> web.StreamResponse:
            async def answer(reader: Reader) -> web.StreamResponse:
                if reader.actor is None:
                    if declared.method == "GET" and not wants_json(request):
                        return redirect(f"/sign-in?next={quote(request.rel_url.path_qs)}")
                    return await self._ended(declared, request, reader)
                if not self._limits.take(str(reader.actor.token), Limit.STOP).allowed:
                    raise RequestRefused("rate")
                if declared.elsewhere and not _may(reader.actor, declared) and not wants_json(request):
                    return redirect(declared.elsewhere)
                if declared.scope is None:
                    reader.actor.require_own()
                else:
                    reader.actor.require(declared.scope)
                return await self._asked(declared, request, reader, reader.actor)

            return await self.answered(request, answer)

        return handle

    async def _ended(self, declared: DeclaredPage, request: web.Request, reader: Reader) -> web.Response:
        """What was typed, with a way to sign in and to send it again. RequestRefused where nobody would see that."""
        refused = RequestRefused("no_token")
        by_script = request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate"
        if (
            wants_json(request)
            or by_script
            or not self._limits.take(f"{address_of(request)} ended", Limit.LOOK).allowed
        ):
            raise refused
        onward = within(await page_before(request, self._shown))
        typed = await typed_of(request, declared.upload, declared.text)
        text = page("session_ended.html", dataclasses.replace(reader, path=onward), typed=typed, onward=onward)
        return web.Response(status=refused.status, text=text, content_type="text/html", headers=refused.headers)

    async def _asked(
        self, declared: DeclaredPage, request: web.Request, reader: Reader, actor: Actor
    ) -> web.StreamResponse:
        path, inst = path_of(request), sessions.acting(self.inst, actor)
        async with contextlib.AsyncExitStack() as stack:
            form, files = await forms.sent_with(request, stack, declared.upload, declared.text)
            unproved = await _unproved(inst, form.pop(AGAIN, "")) if declared.proof else None
            call = PageCall(inst, path, dict(request.query), form, files, unproved, reader.zone, reader.passkeys)
            try:
                given = await declared.handler(call)
            except NotThere as error:
                raise RequestRefused("not_found", str(error)) from error
            if isinstance(given, Download):
                return await sending(given.file, given.size, given.media_type, given.name, self._headers(request))(
                    request
                )
            asks = declared.proof and unproved is not None
            site = reader.passkeys.site if asks else None
            may_show = site is not None and await passkeys.may_show(inst, site)
            shown = dataclasses.replace(reader, asks_proof=asks, asks_passkey=may_show)
            return _response(request, shown, given)

    async def answered(
        self, request: web.Request, answer: Callable[[Reader], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """What ``answer`` gives, or the page of its fault; in the language that was chosen here, of the account, of the
        browser."""
        chosen = request.cookies.get(LANGUAGE_COOKIE, "")
        zone = known_zone(unquote(request.cookies.get(ZONE_COOKIE, "")))
        passkeys_here, provider = offer_of(request, secure=self.is_secure(request)), sign_on.name_of(self.inst)
        banner = self._banner(request)
        reader = Reader(None, zone, request.path, banner, passkeys=passkeys_here, provider=provider)
        with speaking(chosen if chosen in LANGUAGES else language_of(request)):
            try:
                from_here(request)
                actor = await self.actor(request)
                nav = () if actor is None else self._navigation.of(actor, request.path)
                reader = dataclasses.replace(reader, actor=actor, nav=nav)
                own = None if actor is None or chosen in LANGUAGES else actor.language
                with speaking(own or current()):
                    given = await answer(reader)
            except RequestRefused as refused:
                given = fault(request, reader, refused)
            except AgiAppError as error:
                told = problems.of_error(error)
                if told.status >= 500:
                    _log.error("a page failed", path=_declared(request), error=str(error))
                given = fault(request, reader, told)
            except web.HTTPException:
                raise
            except Exception:  # noqa: BLE001 - nobody sees what it was but the log
                _log.exception("a page failed", path=_declared(request))
                given = fault(request, reader, RequestRefused("fault"))
        if not given.prepared:
            given.headers.update(self._headers(request))
        return given

    def _headers(self, request: web.Request) -> dict[str, str]:
        return HEADERS | (HSTS if self.is_secure(request) else {})

    def _banner(self, request: web.Request) -> str:
        if self.is_secure(request) or self.inst.settings.console.loopback:
            return ""
        return t("This connection is not encrypted: who reads along has your password.")


def _may(actor: Actor, declared: DeclaredPage) -> bool:
    return declared.scope is None or actor.may(declared.scope)


def _declared(request: web.Request) -> str:
    """The path as it is declared: a part of the real one may be a secret, such as a link."""
    resource = request.match_info.route.resource
    return "" if resource is None else resource.canonical


def from_here(request: web.Request) -> None:
    """RequestRefused for a form that another site has sent."""
    if request.method in ("GET", "HEAD"):
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = urlsplit(request.headers.get("Origin", "")).netloc
    if site != "same-origin" if site is not None else origin != request.host:
        raise RequestRefused("forbidden", t("this form did not come from a page of the console"))


async def _unproved(inst: Installation, password: str) -> str | None:
    """None: the password was shown a short while ago, or is now; else why not, for people."""
    if password:
        try:
            await sessions.prove(inst, password)
        except InputError as error:
            return str(error)
        return None
    return None if await sessions.is_proved(inst) else t("Type your password again: this cannot be taken back.")


def wants_json(request: web.Request) -> bool:
    """Whether a program asks."""
    accepted = request.headers.get("Accept", "")
    return "application/json" in accepted and "text/html" not in accepted


def redirect(path: str) -> web.Response:
    """Sends the browser to another page of ours."""
    return web.Response(status=303, headers={"Location": path})


def within(path: str) -> str:
    """A path of ours; / for what leads elsewhere."""
    parts = urlsplit(path)
    good = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return path if good and path.isprintable() and "\\" not in path else "/"


def _response(request: web.Request, reader: Reader, given: Shown | GoTo) -> web.Response:
    if isinstance(given, GoTo):
        between = "&" if "?" in given.path else "?"
        return redirect(f"{given.path}{between}said={given.said}" if given.said else given.path)
    if wants_json(request):
        return web.Response(status=given.status, text=given.data.model_dump_json(), content_type="application/json")
    text = page(given.template, reader, query=request.query, data=given.data, command=given.command, **given.more)
    return web.Response(status=given.status, text=text, content_type="text/html")


def fault(request: web.Request, reader: Reader, refused: RequestRefused) -> web.Response:
    """The page, or the problem, of a request that cannot be answered."""
    if wants_json(request):
        return web.Response(
            status=refused.status,
            text=refused.answer.model_dump_json(exclude_none=True),
            content_type=problems.MEDIA_TYPE,
            headers=refused.headers,
        )
    title = spoken(_TITLES.get(refused.answer.type.rpartition(":")[2], refused.answer.title))
    text = page("fault.html", reader, problem=refused.answer, title=title)
    return web.Response(status=refused.status, text=text, content_type="text/html", headers=refused.headers)
