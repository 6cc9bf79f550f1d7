"""The FastAGI server: answers what Asterisk asks about a call, and survives anyone else who connects.

A request is bounded in bytes, lines and time before anything of it is believed; its first argument must be the token;
its script must be one of the hooks. Whatever is wrong ends that one connection without a word, and Asterisk then goes
on with the call as if nobody had been asked. Nothing that a peer does costs more than one bounded buffer for a bounded
time.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

from agi_app import log
from agi_app.clock import Clock
from agi_app.config.screening import AgiSettings
from agi_app.errors import AgiAppError, ConfigError
from agi_app.messages import t
from agi_app.pbx.agi.protocol import (
    HANGUP,
    HEADER_LIMIT,
    AgiRequest,
    BadAgi,
    Reply,
    parse_reply,
    parse_request,
    set_variable,
    shows,
)

BACKLOG = 4096  # who connects while we are busy, or stopped: the kernel's queue; its own limit is lower on some
TELL_S = 10.0  # the log has one line in so many seconds about those who were sent away
HELP_LIMIT = 100  # lines of a 520 answer
EMPTY_LINES = 8  # of a request: the caller's number and name, the called and the redirecting number bring one at most

_log = log.get("pbx.agi")


class AgiHangup(Exception):
    """The caller hung up, or the connection did."""


class AgiSession:
    """One question of Asterisk, and the answer to it."""

    def __init__(self, request: AgiRequest, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.request = request
        self._reader, self._writer = reader, writer

    async def set(self, name: str, value: str) -> None:
        """Set a channel variable; done when this returns. Raises AgiHangup, BadAgi, ValueError."""
        reply = await self._command(set_variable(name, value))
        if reply.dead:
            raise AgiHangup(t("the caller hung up"))
        if reply.code != 200:
            raise BadAgi(t("SET VARIABLE was answered {code}", code=reply.code))

    def leave(self) -> None:
        """Let the call go on; what the hook does now, nobody waits for."""
        self._writer.close()

    async def _command(self, command: bytes) -> Reply:
        """Its answer; Asterisk says HANGUP at most once, whenever it happens."""
        self._writer.write(command)
        line = await self._line()
        reply = parse_reply(await self._line() if line.rstrip() == HANGUP.encode() else line)
        if reply.more:
            for _ in range(HELP_LIMIT):
                if (await self._line()).startswith(f"{reply.code} ".encode()):
                    return Reply(reply.code, None)
            raise BadAgi(t("an answer without an end"))
        return reply

    async def _line(self) -> bytes:
        try:
            return await self._reader.readuntil(b"\n")
        except asyncio.IncompleteReadError:
            raise AgiHangup(t("the connection ended")) from None
        except asyncio.LimitOverrunError:
            raise BadAgi(t("an answer has more than {header_limit} bytes", header_limit=HEADER_LIMIT)) from None


Hook = Callable[[AgiSession], Awaitable[None]]


class AgiServer:
    """Listens until cancelled; ``hooks`` has what answers, by the script's name in the URL.

    A connection made while ``settings.sessions`` are open is refused at once.
    """

    def __init__(self, settings: AgiSettings, token: str, hooks: Mapping[str, Hook], clock: Clock) -> None:
        if not token:
            raise ValueError("a server without a token would answer strangers")
        self.settings = settings
        self.answered = 0
        self.sent_away: Counter[str] = Counter()
        self._token = token.encode()
        self._hooks = dict(hooks)
        self._clock = clock
        self.open = 0  # connections
        self._told = -TELL_S
        self._untold: Counter[str] = Counter()
        self._group: asyncio.TaskGroup | None = None

    async def run(self, listening: Callable[[int], None] | None = None) -> None:
        """Serve; ``listening`` gets the port. Raises ConfigError when the address cannot be had."""
        server = await self._listen()
        try:
            async with asyncio.TaskGroup() as self._group:
                port = server.sockets[0].getsockname()[1]
                _log.info("answers Asterisk's questions about calls", host=self.settings.host, port=port)
                if listening:
                    listening(port)
                try:
                    await asyncio.Event().wait()
                finally:
                    server.close()
        finally:
            self._group = None

    async def _listen(self) -> asyncio.Server:
        host, port = self.settings.host, self.settings.port
        try:
            return await asyncio.start_server(self._connected, host, port, limit=HEADER_LIMIT, backlog=BACKLOG)
        except OSError as error:
            reason = t("another program uses it") if error.errno == errno.EADDRINUSE else error.strerror
            raise ConfigError(
                t(
                    "[agi] cannot listen on {host}:{port}: {reason}; see `agi-app doctor`",
                    host=host,
                    port=port,
                    reason=reason,
                )
            ) from error

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (group := self._group) is None or self.open >= self.settings.sessions:
            self._away(t("too many at once"))
            writer.transport.abort()
            return
        self.open += 1
        group.create_task(self._serve(reader, writer))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection from beginning to end; no fault of it reaches the server."""
        try:
            async with asyncio.timeout(self.settings.session_limit):
                await self._answer(reader, writer)
        except BadAgi as error:
            self._away(str(error))
        except (TimeoutError, AgiHangup, OSError) as error:
            self._away(str(error) or t("took too long"))
        except AgiAppError as error:
            _log.error("a call was let through unscreened", reason=str(error))
        except Exception:  # noqa: BLE001 - a fault of ours in one call must not end the others, and that call rings
            _log.exception("a call was let through unscreened")
        finally:
            self.open -= 1
            if writer.transport.get_write_buffer_size():  # close() would wait for a peer that does not read it
                writer.transport.abort()
            else:
                writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = parse_request(await self._header(reader))
        hook = self._hooks.get(request.script)
        if request.doubtful:
            _log.warning("a question was not Asterisk's alone; its caller counts as unknown", channel=request.channel)
        if hook is None:
            raise BadAgi(t("an unknown script"))
        if (sock := writer.get_extra_info("socket")) is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await hook(AgiSession(request, reader, writer))
        self.answered += 1

    async def _header(self, reader: asyncio.StreamReader) -> bytes:
        """Up to the empty line behind the token: an empty line that a caller brought does not end it."""
        header = b""
        try:
            async with asyncio.timeout(self.settings.header_limit):
                for _ in range(EMPTY_LINES):
                    header += await reader.readuntil(b"\n\n")
                    if shows(header, self._token):
                        return header
                    if not parse_request(header).doubtful:
                        break
            raise BadAgi(t("a wrong token"))
        except asyncio.IncompleteReadError:
            raise AgiHangup(t("the connection ended before its request did")) from None
        except asyncio.LimitOverrunError:
            raise BadAgi(t("the request has more than {header_limit} bytes", header_limit=HEADER_LIMIT)) from None

    def _away(self, reason: str) -> None:
        """Count somebody who got no answer, and tell the log now and then."""
        self.sent_away[reason] += 1
        self._untold[reason] += 1
        now = self._clock.monotonic()
        if now - self._told >= TELL_S:
            self._told = now
            _log.warning("requests without an answer", reasons=dict(self._untold), open=self.open)
            self._untold.clear()
