"""Parts of pages that are sent again while somebody looks: one producer a part, however many look.

A browser has one stream for all its tabs. A part is read once a second at most for each language, rendered once for
each zone in which somebody looks, and sent when it differs from what was sent before. A part may be about one object,
which its name then has: ``campaign:spring``.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from aiohttp import web

from agi_app.api.event_stream import HEADERS, SILENT_S, put
from agi_app.api.problems import RequestRefused
from agi_app.api.routes import PATH_PARAMETERS
from agi_app.console.ended_sessions import EndedSessions
from agi_app.console.rendering import Reader, part
from agi_app.console.serving import Server
from agi_app.errors import AgiAppError, NotThere
from agi_app.installation import Installation
from agi_app.messages import current, speaking
from agi_app.model.actors import Actor, Role, Scope

EVERY_S = 1.0
SHARE = 0.2  # of the time, at most, that a part's reading may take: a large installation is told less often
MOST_OF_STREAM = 20  # parts: what the tabs of one browser show together
MOST_PARTS = 60  # at once, of all who look: each costs the database something, whoever asks for it
_log = structlog.get_logger(part="console")


@dataclass(frozen=True, slots=True)
class LivePart:
    """A part: its name in pages, who may see it, how it is read, its template, how often it is read at most."""

    name: str
    scope: Scope
    read: Callable[[Installation], Awaitable[Any]]  # in the current language
    template: str
    every_s: float = EVERY_S


@dataclass(frozen=True, slots=True)
class ObjectPart:
    """Parts about one object each, of the kind that is called ``name`` in paths."""

    name: str
    scope: Scope
    read: Callable[[Installation, str], Awaitable[Any]]  # NotThere: nothing is sent
    template: str
    every_s: float = EVERY_S

    def of(self, about: str) -> LivePart | None:
        """The part about this object; None: no object can be called so."""
        if re.fullmatch(PATH_PARAMETERS[self.name]["pattern"], about) is None:
            return None
        read = self.read
        return LivePart(f"{self.name}:{about}", self.scope, lambda inst: read(inst, about), self.template, self.every_s)


@dataclass(frozen=True, slots=True)
class Look:
    """How some readers see a part: what is rendered once for all of them."""

    name: str
    language: str
    zone: str


class LiveParts:
    """The producers, and those who look."""

    def __init__(self, inst: Installation, parts: Sequence[LivePart | ObjectPart]) -> None:
        self._inst = dataclasses.replace(inst, actor=Actor("agi-app console", frozenset({Role.VIEWER}), "console"))
        self._declared = {one.name: one for one in parts}
        self._readers: dict[Look, set[asyncio.Queue[bytes | None]]] = defaultdict(set)
        self._sent: dict[Look, str] = {}
        self._group: asyncio.TaskGroup | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def monotonic(self) -> float:
        """Seconds."""
        return self._inst.clock.monotonic()

    def named(self, name: str) -> LivePart | None:
        """The part of this name; None: there is none."""
        kind, _, about = name.partition(":")
        declared = self._declared.get(kind)
        if isinstance(declared, ObjectPart):
            return declared.of(about)
        return None if about else declared

    async def running(self, _app: web.Application) -> AsyncIterator[None]:
        """For ``cleanup_ctx``: produce while the application serves, what somebody looks at."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            yield
            for task in self._tasks.values():
                task.cancel()
            for queue in {queue for queues in self._readers.values() for queue in queues}:
                put(queue, None)

    @contextlib.contextmanager
    def looking(self, looks: Sequence[Look]) -> Iterator[asyncio.Queue[bytes | None]]:
        """What comes for these looks, from now on; first what they see now. RequestRefused when it is too much."""
        names = {look.name for look in looks}
        if len(names) > MOST_OF_STREAM or len(names | self._tasks.keys()) > MOST_PARTS:
            raise RequestRefused("rate", headers={"Retry-After": "5"})
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(MOST_OF_STREAM)
        for look in looks:
            self._readers[look].add(queue)
            if look in self._sent:
                put(queue, _event(look, self._sent[look]))
            if look.name not in self._tasks and self._group is not None and (wanted := self.named(look.name)):
                self._tasks[look.name] = self._group.create_task(self._produce(wanted))
        try:
            yield queue
        finally:
            for look in looks:
                self._readers[look].discard(queue)
                if not self._readers[look]:
                    del self._readers[look]
                    self._sent.pop(look, None)

    async def _produce(self, produced: LivePart) -> None:
        while any(look.name == produced.name for look in self._readers):
            began = self.monotonic()
            for language in {look.language for look in self._readers if look.name == produced.name}:
                with speaking(language):
                    try:
                        self._tell(produced, language, await produced.read(self._inst))
                    except NotThere:
                        pass
                    except AgiAppError as error:
                        _log.warning("a part of a page cannot be read", name=produced.name, error=str(error))
                    except Exception:  # noqa: BLE001 - no fault of a part may end the console
                        _log.exception("a part of a page cannot be read", name=produced.name)
            took = self.monotonic() - began
            await asyncio.sleep(max(produced.every_s, took / SHARE) - took)
        del self._tasks[produced.name]

    def _tell(self, produced: LivePart, language: str, data: Any) -> None:
        for look in [one for one in self._readers if (one.name, one.language) == (produced.name, language)]:
            text = part(produced.template, look.zone, data=data)
            if self._sent.get(look) != text:
                self._sent[look] = text
                for queue in self._readers[look]:
                    put(queue, _event(look, text))


def add_live(app: web.Application, server: Server, live: LiveParts) -> None:
    """GET /live?parts=today,campaign:spring,…: the stream of a browser that is signed in."""
    ended = EndedSessions(server.inst)
    app.cleanup_ctx.append(live.running)
    app.cleanup_ctx.append(ended.running)

    async def stream(request: web.Request) -> web.StreamResponse:
        async def answer(reader: Reader) -> web.StreamResponse:
            if reader.actor is None:
                raise RequestRefused("no_token")
            names = request.query.get("parts", "").split(",")[: MOST_OF_STREAM + 1]
            wanted = [one for name in dict.fromkeys(names) if (one := live.named(name)) is not None]
            for one in wanted:
                reader.actor.require(one.scope)
            looks = [Look(one.name, current(), reader.zone) for one in wanted]
            return await _stream(request, live, looks, ended, reader.actor.token or "")

        return await server.answered(request, answer)

    app.router.add_get("/live", stream, allow_head=False)


async def _stream(
    request: web.Request, live: LiveParts, looks: list[Look], ended: EndedSessions, session_id: str
) -> web.StreamResponse:
    response = web.StreamResponse(headers=HEADERS)
    with contextlib.suppress(ConnectionError), live.looking(looks) as queue, ended.following(queue, session_id):
        await response.prepare(request)
        await response.write(b"retry: 2000\n\n")
        while True:
            try:
                chunk = await asyncio.wait_for(queue.get(), SILENT_S)
            except TimeoutError:
                chunk = b": still here\n\n"
            if chunk is None:
                break
            await response.write(chunk)
    return response


def _event(look: Look, text: str) -> bytes:
    return f"event: part\ndata: {json.dumps({'name': look.name, 'html': text}, ensure_ascii=False)}\n\n".encode()
