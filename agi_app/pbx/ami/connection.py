"""The manager interface (AMI), for looking and listening only: a connection of panoramisk's protocol behind a fence.

panoramisk 1.4 parses and pairs answers with questions; what it does not do is done here. It decodes each TCP
chunk alone, so that a character on the border is lost: we feed it whole characters. It writes values as they
are: we refuse line breaks, with which a value could begin another action. It never gives up waiting: every
question has a time-out, and a lost connection fails those that wait. It sends unanswered actions again after a
reconnect: a connection of ours is never used again, nor is its manager. Only a few questions may be asked
at all, so nobody can be called over it.
"""

from __future__ import annotations

import asyncio
import codecs
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol

from agi_app.config.ami import AmiSettings
from agi_app.errors import AsteriskError, SafetyError
from agi_app.event_loop import happens_within
from agi_app.messages import of_system, t

QUESTIONS = frozenset(
    {
        "Login",
        "Logoff",
        "Ping",
        "PJSIPShowRegistrationsOutbound",
        "PJSIPShowEndpoint",
        "QueueStatus",
        "QueueSummary",
        "ShowDialPlan",
    }
)
MOST_BYTES = 4 * 1024 * 1024  # from one question to the next: more is no answer to ours, and too much to listen to
KEYS = "dtmf"  # the class of events that tell of keys
_KEY, _KEY_BEGINS, _END = "Event: DTMF", "Event: DTMFBegin\r\n", "\r\n\r\n"

Answer = Mapping[str, str]  # one message: header -> value; read with the names that Asterisk writes


class Ami:
    """One open connection, logged in. Any fault ends it: open another one."""

    def __init__(self, protocol: _Protocol, where: str, timeout: float) -> None:
        self._protocol, self._where, self._timeout = protocol, where, timeout

    async def ask(self, question: str, **values: str) -> list[Answer]:
        """All messages of the answer; raises AsteriskError when it is a refusal, late, or the connection is lost."""
        if question not in QUESTIONS:
            raise SafetyError(
                t("{question} is not asked over the manager interface: it is for looking only", question=question)
            )
        for name, value in values.items():
            if any(ord(character) < 32 for character in f"{name}{value}"):
                raise SafetyError(
                    t(
                        "{question}: {name} has a line break or control character; it was not sent",
                        question=question,
                        name=name,
                    )
                )
        try:
            async with asyncio.timeout(self._timeout):
                answers = await self._protocol.ask({"Action": question, "Async": "false", **values})
        except TimeoutError:
            self._protocol.end(AsteriskError(t("{where} is out of step", where=self._where)))
            raise AsteriskError(
                t(
                    "{where} did not answer {question} within {timeout:g} s",
                    where=self._where,
                    question=question,
                    timeout=self._timeout,
                )
            ) from None
        if answers[0].get("Response", "") not in ("Success", "Follows", "Goodbye"):
            raise ActionRefused(
                t(
                    "{where} refused {question}: {get}",
                    where=self._where,
                    question=question,
                    get=answers[0].get("Message", ""),
                )
            )
        return answers

    async def lost_within(self, seconds: float) -> bool:
        """Wait that long, or until the connection is lost; whether it is."""
        return await happens_within(self._protocol.gone, seconds)


class ActionRefused(AsteriskError):
    """Asterisk answered no; the connection stays good."""


@asynccontextmanager
async def connected(
    settings: AmiSettings, password: str, on_key: Callable[[Answer], None] | None = None
) -> AsyncIterator[Ami]:
    """Connect and log in; raises AsteriskError. ``on_key`` gets the events of keys, without it there are none."""
    where = t("the manager interface at {host}:{port}", host=settings.host, port=settings.port)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(settings.timeout):
            _, protocol = await loop.create_connection(lambda: _Protocol(where, on_key), settings.host, settings.port)
    except TimeoutError:
        raise AsteriskError(
            t("{where} cannot be reached within {timeout:g} s", where=where, timeout=settings.timeout)
        ) from None
    except OSError as error:
        raise AsteriskError(
            t("{where} cannot be reached: {strerror}", where=where, strerror=of_system(error))
        ) from None
    ami = Ami(protocol, where, settings.timeout)
    try:
        await ami.ask("Login", Username=settings.username, Secret=password, Events="off" if on_key is None else KEYS)
        yield ami
    finally:
        protocol.end(AsteriskError(t("{where} was closed", where=where)))


class _Protocol(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """panoramisk's reading and writing; we are its manager, too, so that none of its timers ever runs."""

    encoding = "utf-8"
    forgetable_actions = frozenset(question.lower() for question in QUESTIONS)  # never to be sent again

    def __init__(self, where: str, on_event: Callable[[Answer], None] | None) -> None:
        self._where, self._on_event = where, on_event
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._waiting: set[asyncio.Future[Any]] = set()
        self._bytes = 0
        self._ended: AsteriskError | None = None
        self.gone = asyncio.Event()
        self.awaiting_actions: deque[Any] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.factory = self

    async def ask(self, values: Mapping[str, str]) -> list[Answer]:
        """Send one action and wait for all of its answer."""
        if self._ended is not None:
            raise self._ended
        self._bytes = 0
        future = self.send(Action(values), as_list=None)  # None: as many messages as Asterisk announces
        self._waiting.add(future)
        try:
            found = await future
        finally:
            self._waiting.discard(future)
        return [dict(message.items()) for message in (found if isinstance(found, list) else [found])]

    def data_received(self, data: bytes) -> None:
        self._bytes += len(data)
        if self._bytes > MOST_BYTES:
            self.end(
                AsteriskError(
                    t(
                        "{where} sent more than {most_bytes} bytes after one question",
                        where=self._where,
                        most_bytes=MOST_BYTES,
                    )
                )
            )
            return
        # Events of keys, several a call: what panoramisk's reading would make of them, at a tenth of the time. Only the
        # start of a key is asked for; its end comes with it, and tells nothing that ARI does not.
        text = self._decoder.decode(data)
        if any(self.queue) or not (text.startswith(_KEY) and text.endswith(_END)):
            super().data_received(text.encode())
            return
        for message in text.removesuffix(_END).split(_END):
            if message.startswith(_KEY_BEGINS):
                self.dispatch(dict(header.split(": ", 1) for header in message.split("\r\n") if ": " in header))
            elif not message.startswith(_KEY):
                super().data_received(f"{message}{_END}".encode())

    def connection_lost(self, exc: Any) -> None:
        self.end(AsteriskError(t("{where} closed the connection", where=self._where)))

    def dispatch(self, event: Any) -> None:
        """An event that nobody asked for: of keys, if they were wanted, otherwise hardly any."""
        if self._on_event is not None and self._ended is None:
            self._on_event(dict(event.items()))

    def end(self, why: AsteriskError) -> None:
        """Close, and fail all who wait; once."""
        if self._ended is not None:
            return
        self._ended = why
        self.gone.set()
        for future in self._waiting:
            if not future.done():
                future.set_exception(why)
        self.close()
