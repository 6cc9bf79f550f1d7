"""One request: who asks, whether they may, what they ask, and the answer; all that no handler has to care about."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ValidationError

from agi_app.api import problems
from agi_app.api.authentication import Doorkeeper, acting
from agi_app.api.problems import RequestFault, RequestRefused
from agi_app.api.rate_limits import RateLimits
from agi_app.api.routes import PATH_PARAMETERS, ApiCall, Content, Kind, NoQuery, Route
from agi_app.api.slow_bodies import whole_body
from agi_app.errors import AgiAppError, InputError, LimitReached, NotThere
from agi_app.messages import t
from agi_app.operations.service import repeats
from agi_app.operations.service.repeats import KeptAnswer

LARGEST_BODY = 2 * 1024 * 1024
JSON = "application/json"
RATE = web.RequestKey("rate", dict[str, str])  # headers that tell how many requests are left
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Handling:
    """Makes the handlers of routes."""

    def __init__(self, inst: Any, doorkeeper: Doorkeeper, limits: RateLimits) -> None:
        self._inst = inst
        self._doorkeeper = doorkeeper
        self._limits = limits
        self._shows: dict[str, Route] = {}

    def of(self, route: Route) -> Handler:
        """The handler of a route."""
        if route.method == "GET":
            self._shows[route.path] = route

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                return await self._answer(route, request)
            except LimitReached as error:
                raise problems.of_error(error) from error
            except InputError as error:
                nothing_else = "{" in route.path and (route.query, route.body) == (NoQuery, None)  # can be wrong in it
                named = "{campaign}" in route.path or "{feed}" in route.path
                absent = nothing_else or (isinstance(error, NotThere) and named)
                raise RequestRefused("not_found" if absent else "refused", str(error)) from error
            except AgiAppError as error:
                raise problems.of_error(error, route.when_away) from error

        return handle

    async def _answer(self, route: Route, request: web.Request) -> web.StreamResponse:
        actor = await self._doorkeeper.actor(request)
        standing = self._limits.take(str(actor.token), route.limit)
        request[RATE] = standing.headers
        if not standing.allowed:
            raise RequestRefused("rate", headers=standing.headers)
        actor.require(route.scope)
        path = path_of(request)
        query = _query_of(route, request)
        body, raw = await _body_of(route, request)
        call = ApiCall(acting(self._inst, actor), path, query, body)
        if route.stream:
            begin: Handler = await route.handler(call)
            return await begin(request)
        if route.kind is Kind.EFFECT:
            answer = await self._once(route, request, call, (actor.account, raw))
            if route.after is not None:
                await route.after(call)
        elif route.kind is Kind.EDIT:
            answer = await self._edit(route, request, call)
        else:
            answer = _kept(route, await route.handler(call))
        return _response(answer, request if route.method == "GET" else None)

    async def _once(
        self, route: Route, request: web.Request, call: ApiCall[Any, Any], sent: tuple[str, bytes]
    ) -> KeptAnswer:
        """``sent``: by whose account, and the body as it came."""
        account, raw = sent
        key = request.headers.get("Idempotency-Key")
        if key is not None and not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):
            rule = t("is 1 to 255 printable ASCII characters")
            raise RequestRefused(
                "bad_request", faults=[RequestFault(pointer="Idempotency-Key", rule="header", text=rule)]
            )
        asked = hashlib.sha256(b"\n".join([route.method.encode(), request.raw_path.encode(), raw])).digest()

        async def work() -> tuple[KeptAnswer, KeptAnswer]:
            given = await route.handler(call)
            whole = _kept(route, given, asked)
            return whole, whole if route.keeps is None else _kept(route, route.keeps(given), asked)

        try:
            return await repeats.once(call.inst, account, key, asked, work)
        except repeats.InProgress:
            raise RequestRefused("in_progress", headers={"Retry-After": "1"}) from None
        except repeats.OtherRequest:
            raise RequestRefused("key_reused") from None

    async def _edit(self, route: Route, request: web.Request, call: ApiCall[Any, Any]) -> KeptAnswer:
        shows = self._shows[route.path]
        seen = request.headers.get("If-Match")
        if seen is None:
            raise RequestRefused("unseen")

        async def work() -> KeptAnswer:
            try:
                now = _kept(shows, await shows.handler(ApiCall(call.inst, call.path, shows.query(), None)))
            except InputError as error:
                raise RequestRefused("not_found", str(error)) from error
            if seen != "*" and etag(now.body) not in [one.strip() for one in seen.split(",")]:
                raise RequestRefused("changed")
            return _kept(route, await route.handler(call))

        return await repeats.edited(call.inst, request.path, work)


def etag(body: bytes) -> str:
    """The version of an object: of what is shown of it."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def path_of(request: web.Request) -> dict[str, str]:
    """What is in the path; RequestRefused when no object can be called so."""
    found = dict(request.match_info)
    for name, text in found.items():
        rule = PATH_PARAMETERS[name]
        if rule["type"] == "integer":
            fits = re.fullmatch(r"[0-9]{1,10}", text) is not None and 1 <= int(text) <= rule["maximum"]
        elif "enum" in rule:
            fits = text in rule["enum"]
        else:
            fits = re.fullmatch(rule["pattern"], text) is not None
        if not fits:
            raise RequestRefused("not_found")
    return found


def _query_of(route: Route, request: web.Request) -> Any:
    given = request.query
    twice = sorted({name for name in given if len(given.getall(name)) > 1})
    if twice:
        faults = [RequestFault(pointer=f"?{name}", rule="twice", text=t("is there twice")) for name in twice]
        raise RequestRefused("bad_request", faults=faults)
    try:
        return route.query.model_validate(dict(given))
    except ValidationError as error:
        raise problems.of_model(error, "?") from None


async def _body_of(route: Route, request: web.Request) -> tuple[Any, bytes]:
    """The body as the route's model, and as it came."""
    if route.body is None:
        if request.can_read_body and await _whole(request):
            raise RequestRefused(
                "bad_request", faults=[RequestFault(pointer="", rule="body", text=t("this route takes no body"))]
            )
        return None, b""
    wanted = route.body if isinstance(route.body, str) else JSON
    if request.content_type != wanted or "Content-Type" not in request.headers:
        raise RequestRefused("media_type", t("{media_type} is wanted", media_type=wanted))
    raw = await _whole(request)
    if isinstance(route.body, str):
        return raw, raw
    try:
        read = json.loads(raw.decode("utf-8"), object_pairs_hook=_no_twins, parse_float=_number)
        return route.body.model_validate_json(json.dumps(read), strict=True), raw
    except ValidationError as error:
        raise problems.of_model(error, "/") from None
    except (ValueError, RecursionError) as error:
        raise _bad("", "json", _no_json(error)) from None


async def _whole(request: web.Request) -> bytes:
    try:
        return await whole_body(request)
    except TimeoutError as error:
        raise RequestRefused("slow") from error


def _bad(pointer: str, rule: str, text: str) -> RequestRefused:
    return RequestRefused("bad_request", faults=[RequestFault(pointer=pointer, rule=rule, text=text)])


def _no_json(error: Exception) -> str:
    """What is wrong with a body, in our words."""
    if isinstance(error, json.JSONDecodeError):
        return t("is no JSON from line {line}, character {column} on", line=error.lineno, column=error.colno)
    if isinstance(error, UnicodeDecodeError):
        return t("is no UTF-8 from byte {place} on", place=error.start + 1)
    if isinstance(error, RecursionError):
        return t("is nested too deeply")
    return str(error) if isinstance(error, _TwiceError) else t("has a number that is too large")


class _TwiceError(ValueError):
    pass


def _number(text: str) -> int | float:
    """For JSON Schema 1.0 is an integer."""
    value = float(text)
    return int(value) if value.is_integer() else value


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _TwiceError(t("a name is there twice in an object"))
    return found


def _kept(route: Route, given: Any, request: bytes = b"") -> KeptAnswer:
    """What a handler gave, as bytes and headers."""
    if isinstance(given, Content):
        status = given.status or route.status
        return KeptAnswer(request, status, given.body, {"Content-Type": given.content_type, **given.headers})
    if given is None:
        return KeptAnswer(request, route.status, b"")
    if not isinstance(given, BaseModel):
        raise TypeError(f"{route.name} gave {type(given).__name__}")
    headers = {"Content-Type": JSON}
    if following := getattr(given, "next", None):
        headers["X-Next"] = following
    return KeptAnswer(request, route.status, given.model_dump_json().encode(), headers)


def _is_seen(version: str, seen: str) -> bool:
    """Compared weakly, as RFC 9110 has it: a proxy that compresses an answer says W/ before its ETag."""
    return seen.strip() == "*" or version in [one.strip().removeprefix("W/") for one in seen.split(",")]


def _response(answer: KeptAnswer, shown: web.Request | None) -> web.Response:
    """``shown``: the request is one that shows something, which may be unchanged."""
    headers = dict(answer.headers)
    if shown is not None:
        if following := headers.pop("X-Next", None):
            headers["Link"] = f'<{shown.rel_url.update_query(after=following)}>; rel="next"'
        headers["ETag"] = etag(answer.body)
        if _is_seen(headers["ETag"], shown.headers.get("If-None-Match", "")):
            return web.Response(status=304, headers={"ETag": headers["ETag"]})
    return web.Response(status=answer.status, body=answer.body or None, headers=headers)
