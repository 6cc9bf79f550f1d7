"""One worker's connection to Asterisk's REST interface (ARI), kept alive.

Requests that never block (``pbx/ari/socket_verbs.py``) go over the event socket, the rest over a small
HTTP pool. The connection counts as *connected* only after the version check, the event filter
(Asterisk forgets it when the socket closes) and the caller's ``prepare`` step have passed.

``ApplicationReplaced`` means that a second worker has taken our application. Asterisk leaves
the old socket open and still obeys it, so we stop by ourselves and never connect again.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Container
from contextlib import asynccontextmanager
from dataclasses import replace

from agi_app import log
from agi_app.clock import Clock
from agi_app.errors import AsteriskError, OtherWorkerError, RequestFailed
from agi_app.event_loop import alongside
from agi_app.messages import t
from agi_app.pbx.ari.connection_settings import AriSettings
from agi_app.pbx.ari.dial_bridges import DialBridges
from agi_app.pbx.ari.events import Frame
from agi_app.pbx.ari.hangup_retry import Janitor
from agi_app.pbx.ari.http import REFUSED, AsteriskInfo, HttpPool, Response, ask_info, explain
from agi_app.pbx.ari.link import Link
from agi_app.pbx.ari.sent_again import RequestsSentAgain
from agi_app.pbx.ari.socket_verbs import is_non_blocking
from agi_app.pbx.ari.websocket import Body, Params

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
_NOTICED_S = 0.01  # between two looks whether a socket that has closed was noticed
_TRIAL_S = 5.0  # to connect for a trial
_LOOK_S = 2.0  # between two questions over HTTP whether our password still holds
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
        self._again = RequestsSentAgain(self._pool, settings.request_timeout, self._look_at_link)
        self._link: Link | None = None
        self._wants_new = asyncio.Event()  # a link by the password that holds now
        self._up = asyncio.Event()
        self._was_up = False

    def join(self, on_event: OnEvent, prepare: Prepare) -> None:
        """Before ``run``: who gets every event, and what happens at each connect before ``is_connected``."""
        self._on_event, self._prepare = on_event, prepare

    @property
    def is_connected(self) -> bool:
        """Whether Asterisk is listening to us now; the dialler dials only while this is true."""
        if self._link is None or not self._up.is_set() or self.is_refused:
            return False
        return self._link.socket.is_open and not self._link.socket.stalled

    @property
    def is_refused(self) -> bool:
        """Whether Asterisk takes our password no longer: a call could be made, and not be led to its end."""
        return self._pool.refused

    async def connected(self, timeout: float | None = None) -> None:
        """Wait until connected, at most ``timeout`` seconds; then raises AsteriskError."""
        try:
            async with asyncio.timeout(timeout):
                await self._up.wait()
                while not (self._up.is_set() and self._link is not None and self._link.socket.is_open):
                    await asyncio.sleep(_NOTICED_S)  # it has closed, and that was not noticed yet
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
        async with self._pool, alongside(self._janitor.run(), self._again.run()):
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
        limit = self.settings.request_timeout if timeout is None else timeout
        if is_non_blocking(method, uri):
            response = await self.request_over_socket(method, uri, query, body, timeout=timeout)
            if response.status == REFUSED:
                response = await self._again.request(method, uri, query, body, timeout=limit)
        else:
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
        if self._link is None:
            raise RequestFailed(f"{method} {uri}", 0, t("no connection to Asterisk; nothing was sent"))
        limit = self.settings.request_timeout if timeout is None else timeout
        return await self._link.socket.request(method, uri, query, body, timeout=limit)

    async def tell(
        self, method: str, uri: str, query: Params | None = None, *, answered: Callable[[int], None] | None = None
    ) -> None:
        """Send one request that never blocks, and do not wait for its answer, whose status ``answered`` gets.

        It is carried out before what is sent over the socket later. Raises RequestFailed when it cannot be sent.
        """
        if not is_non_blocking(method, uri):
            raise ValueError(f"{method} {uri} may block, so its answer is waited for")
        if self._link is None:
            raise RequestFailed(f"{method} {uri}", 0, t("no connection to Asterisk; nothing was sent"))

        def status(code: int) -> None:
            if code == REFUSED:
                self._again.tell(method, uri, query, answered)
            elif answered is not None:
                answered(code)

        await self._link.socket.tell(method, uri, query, status)

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
        await self._serve(await self._open())

    async def _open(self) -> Link:
        self._wants_new.clear()
        return await Link.open(self.settings, self._pool.authorization, self._on_event, self._connect_timeout)

    async def _serve(self, link: Link) -> None:
        fault: AsteriskError | None = None
        async with asyncio.TaskGroup() as group:
            link.start(group, self.settings.heartbeat)
            self._link = link
            looking = group.create_task(self._look_at_password())
            try:
                await self._set_up()
                self._was_up = True
                self._up.set()
                while (new := await self._renewed(link, group)) is not None:
                    old, link = link, new
                    await self._take_over_from(old, link, group)
            except AsteriskError as failed:
                fault = failed
                link.socket.break_off()
            finally:
                self._up.clear()
                looking.cancel()
                await link.end()
        if link.socket.replaced and not link.socket.handed_over:
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

    async def _renewed(self, link: Link, group: asyncio.TaskGroup) -> Link | None:
        """A link by a new password, as soon as one is needed; None: the old one was lost before."""
        while True:
            wanted = group.create_task(self._wants_new.wait())
            await asyncio.wait({link.reading, wanted}, return_when=asyncio.FIRST_COMPLETED)
            wanted.cancel()
            if link.reading.done():
                return None
            link.socket.handed_over = True
            try:
                return await self._open()
            except AsteriskError as error:  # the next look asks for one again
                _log.warning("no event socket by the new password yet", reason=str(error))

    async def _take_over_from(self, old: Link, link: Link, group: asyncio.TaskGroup) -> None:
        """Use the new link; the old one only ends what is on its way."""
        self._link = link
        self._wants_new.clear()  # what the old one refused meanwhile asked for this one
        try:
            await old.replaced()
        except BaseException:
            await old.end()  # nobody else closes it
            raise
        link.start(group, self.settings.heartbeat)
        group.create_task(old.finish(self.settings.request_timeout))
        await self._filter_events()
        _log.info("the event socket was opened again by the new password")

    async def _look_at_password(self) -> None:
        """A socket stays open whatever happens to the password: only a question over HTTP tells whether it holds."""
        while True:
            await asyncio.sleep(_LOOK_S)
            before = self.is_refused
            with contextlib.suppress(RequestFailed):
                await self._pool.request("GET", "asterisk/ping", timeout=self.settings.request_timeout)
            if self.is_refused and not before:
                _log.error("nobody is called", reason=explain(REFUSED, self.settings))
            self._look_at_link()

    def _look_at_link(self) -> None:
        """One that was opened by a password that holds no longer has to be opened again."""
        if self._link is not None and self._link.authorization != self._pool.authorization:
            self._wants_new.set()

    async def _set_up(self) -> None:
        await self._filter_events()
        if self._prepare is not None:
            await self._prepare(self)

    async def _filter_events(self) -> None:
        try:
            await self.request("PUT", f"applications/{self.settings.app}/eventFilter", body=EVENT_FILTER)
        except RequestFailed as fault:
            if fault.status:
                raise AsteriskError(explain(fault.status, self.settings)) from fault
            raise


@asynccontextmanager
async def connected_for_a_trial(settings: AriSettings, clock: Clock, on_event: OnEvent) -> AsyncIterator[Ari]:
    """Its own connection for as long as it takes; raises AsteriskError when there is none.

    It registers its own application, so a running worker notices nothing.
    """
    ari = Ari(replace(settings, app=f"{settings.app}-doctor-{secrets.token_hex(4)}"), clock, on_event=on_event)
    async with alongside(ari.run()):
        await ari.connected(_TRIAL_S)
        yield ari
