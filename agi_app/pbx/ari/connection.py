"""One worker's connection to Asterisk's REST interface (ARI), kept alive.

Requests that never block (``pbx/ari/socket_verbs.py``) go over the event socket, the rest over a small
HTTP pool. The connection counts as *connected* only after the version check, the event filter
(Asterisk forgets it when the socket closes) and the caller's ``prepare`` step have passed.

``ApplicationReplaced`` means that a second worker has taken our application. Asterisk leaves
the old socket open and still obeys it, so we stop by ourselves and never connect again.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Container
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp

from agi_app import log
from agi_app.clock import Clock
from agi_app.errors import AsteriskError, OtherWorkerError, RequestFailed
from agi_app.event_loop import alongside
from agi_app.messages import t
from agi_app.pbx.ari.connection_settings import AriSettings
from agi_app.pbx.ari.dial_bridges import DialBridges
from agi_app.pbx.ari.events import Frame
from agi_app.pbx.ari.hangup_retry import Janitor
from agi_app.pbx.ari.http import AsteriskInfo, HttpPool, Response, ask_info, explain
from agi_app.pbx.ari.joined_writes import join_writes
from agi_app.pbx.ari.socket_verbs import is_non_blocking
from agi_app.pbx.ari.websocket import Body, EventSocket, Params

_log = log.get("pbx.ari")

# What no call uses (pbx/ari/events.py) and Asterisk need not even encode. Never Dial: it alone tells a dead trunk.
EVENT_FILTER = {
    "disallowed": [
        {"type": name}
        for name in (
            "BridgeCreated",
            "BridgeDestroyed",
            "ChannelCallerId",
            "ChannelConnectedLine",
            "ChannelCreated",
            "ChannelDialplan",
            "ChannelEnteredBridge",
            "ChannelLeftBridge",
            "ChannelStateChange",
            "ChannelVarset",
        )
    ]
}
OnEvent = Callable[[Frame], None]
Prepare = Callable[["Ari"], Awaitable[None]]  # the place to reconcile calls
_LARGEST_MESSAGE = 64 * 1024 * 1024  # bytes; `GET channels` with thousands of channels
_CLOSE_TIMEOUT = 1.0
_TRIAL_S = 5.0  # to connect for a trial
_COMPLAIN_EVERY = 5.0  # seconds; the tries are more frequent


async def if_there(request: Awaitable[Response], absent: Container[int] = (404,)) -> Response | None:
    """The answer to a request about something that may be gone already; None: Asterisk knows of no such thing."""
    try:
        return await request
    except RequestFailed as fault:
        if fault.status not in absent:
            raise
        return None


class Ari:
    """The connection of one worker to one Asterisk."""

    def __init__(
        self,
        settings: AriSettings,
        clock: Clock,
        *,
        on_event: OnEvent | None = None,
        prepare: Prepare | None = None,
    ) -> None:
        """``on_event`` and ``prepare`` as in ``join``."""
        self.settings = settings
        self.clock = clock
        self.info: AsteriskInfo | None = None
        self.dial_bridges = DialBridges(self.request)
        self._on_event: OnEvent = on_event or (lambda _: None)
        self._prepare = prepare
        self._pool = HttpPool(settings)
        self._janitor = Janitor(
            lambda channel_id: self.request("DELETE", f"channels/{channel_id}"), self.connected, clock
        )
        self._socket: EventSocket | None = None
        self._up = asyncio.Event()
        self._was_up = False

    def join(self, on_event: OnEvent, prepare: Prepare) -> None:
        """Before ``run``: who gets every event, and what happens at each connect before ``is_connected``."""
        self._on_event, self._prepare = on_event, prepare

    @property
    def is_connected(self) -> bool:
        """Whether Asterisk is listening to us now; the dialler dials only while this is true."""
        socket = self._socket
        return self._up.is_set() and socket is not None and socket.is_open and not socket.stalled

    async def connected(self, timeout: float | None = None) -> None:
        """Wait until connected, at most ``timeout`` seconds; then raises AsteriskError."""
        try:
            async with asyncio.timeout(timeout):
                await self._up.wait()
        except TimeoutError as fault:
            raise AsteriskError(
                t("No connection to Asterisk at {url} within {timeout:g} s.", url=self.settings.url, timeout=timeout)
            ) from fault

    async def run(self) -> None:
        """Connect and stay connected until cancelled.

        Raises AsteriskError when the first connect fails (unreachable, password, version), and
        OtherWorkerError when another worker takes the application. Later faults are retried.
        """
        async with self._pool, alongside(self._janitor.run()):
            await self._stay_connected()

    async def request(
        self,
        method: str,
        uri: str,
        query: Params | None = None,
        body: Body | None = None,
        *,
        timeout: float | None = None,
    ) -> Response:
        """Send one request; raises RequestFailed on an error status, or with status 0 without an answer.

        ``uri`` is relative to ``/ari`` and without query, for example ``channels/ID/play``.
        """
        if is_non_blocking(method, uri):
            response = await self.request_over_socket(method, uri, query, body, timeout=timeout)
        else:
            limit = self.settings.request_timeout if timeout is None else timeout
            response = await self._pool.request(method, uri, query, body, timeout=limit)
        if response.status >= 400:
            raise RequestFailed(f"{method} {uri}", response.status, response.reason)
        return response

    async def request_over_socket(
        self,
        method: str,
        uri: str,
        query: Params | None = None,
        body: Body | None = None,
        *,
        timeout: float | None = None,
    ) -> Response:
        """Send over the socket, whatever the verb. Use ``request``: it knows where each verb belongs."""
        if self._socket is None:
            raise RequestFailed(f"{method} {uri}", 0, t("no connection to Asterisk; nothing was sent"))
        limit = self.settings.request_timeout if timeout is None else timeout
        return await self._socket.request(method, uri, query, body, timeout=limit)

    async def tell(
        self, method: str, uri: str, query: Params | None = None, *, answered: Callable[[int], None] | None = None
    ) -> None:
        """Send one request that never blocks, and do not wait for its answer, whose status ``answered`` gets.

        It is carried out before what is sent over the socket later. Raises RequestFailed when it cannot be sent.
        """
        if not is_non_blocking(method, uri):
            raise ValueError(f"{method} {uri} may block, so its answer is waited for")
        if self._socket is None:
            raise RequestFailed(f"{method} {uri}", 0, t("no connection to Asterisk; nothing was sent"))
        await self._socket.tell(method, uri, query, answered)

    def hang_up_soon(self, channel_id: str, settle: float = 0.0) -> None:
        """End a channel without waiting for it, also across a reconnect; see ``Janitor.add``."""
        self._janitor.add(channel_id, settle)

    async def _stay_connected(self) -> None:
        delay = self.settings.first_retry
        complain_at = 0.0
        while True:
            try:
                await self._one_connection()
                delay = self.settings.first_retry
                _log.warning("connection to Asterisk lost", next_try_s=delay)
            except AsteriskError as fault:
                if not self._was_up:
                    raise
                if (now := self.clock.monotonic()) >= complain_at:
                    _log.warning("no connection to Asterisk", reason=str(fault))
                    complain_at = now + _COMPLAIN_EVERY
            await asyncio.sleep(delay)
            delay = min(delay * 2, self.settings.longest_retry)

    @property
    def _connect_timeout(self) -> float:
        """To get back, a try need not wait longer than any request may: the next one may find the way repaired."""
        return self.settings.request_timeout if self._was_up else self.settings.connect_timeout

    async def _one_connection(self) -> None:
        """Connect and serve; returns when a connection that had become usable was lost."""
        await self._pool.renew()
        self.dial_bridges.forget()
        self.info = await ask_info(self._pool, self.settings, self._connect_timeout)
        async with aiohttp.ClientSession(headers=self.settings.authorization) as session:
            self._socket = EventSocket(await self._open(session), self._on_event)
            await self._serve(self._socket)

    async def _open(self, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse[bool]:
        try:
            async with asyncio.timeout(self._connect_timeout):
                opened = await session.ws_connect(
                    self.settings.address("events"),
                    params={"app": self.settings.app},
                    max_msg_size=_LARGEST_MESSAGE,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_TIMEOUT),
                    decode_text=False,
                )
        except aiohttp.WSServerHandshakeError as fault:
            raise AsteriskError(explain(fault.status, self.settings)) from fault
        except (aiohttp.ClientError, TimeoutError) as fault:
            raise AsteriskError(
                t("Asterisk at {url} opens no event socket: {fault!r}", url=self.settings.url, fault=fault)
            ) from fault
        join_writes(opened)
        return opened

    async def _serve(self, socket: EventSocket) -> None:
        fault: AsteriskError | None = None
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(socket.read())
            watching = group.create_task(socket.watch(self.settings.heartbeat))
            try:
                await self._set_up()
                self._was_up = True
                self._up.set()
                await reading
            except AsteriskError as failed:
                fault = failed
                socket.break_off()
            finally:
                self._up.clear()
                watching.cancel()
                await socket.close()
        if socket.replaced:
            raise OtherWorkerError(
                t(
                    "Another worker has registered application {app!r} at {url}; this one stops. One Asterisk has"
                    " one worker: stop the other one, or give each its own Asterisk.",
                    app=self.settings.app,
                    url=self.settings.url,
                )
            )
        if fault is not None:
            raise fault

    async def _set_up(self) -> None:
        try:
            await self.request("PUT", f"applications/{self.settings.app}/eventFilter", body=EVENT_FILTER)
        except RequestFailed as fault:
            if fault.status:
                raise AsteriskError(explain(fault.status, self.settings)) from fault
            raise
        if self._prepare is not None:
            await self._prepare(self)


@asynccontextmanager
async def connected_for_a_trial(settings: AriSettings, clock: Clock, on_event: OnEvent) -> AsyncIterator[Ari]:
    """Its own connection for as long as it takes; raises AsteriskError when there is none.

    It registers its own application, so a running worker notices nothing.
    """
    ari = Ari(replace(settings, app=f"{settings.app}-doctor-{secrets.token_hex(4)}"), clock, on_event=on_event)
    async with alongside(ari.run()):
        await ari.connected(_TRIAL_S)
        yield ari
