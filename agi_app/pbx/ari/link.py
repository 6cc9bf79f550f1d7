"""One event socket with the tasks that read it, and how a second one takes its place while calls go on.

Asterisk checks the password of a socket with each request over it, so a socket that was opened by an old password is
good for events alone. The second one is opened beside it: Asterisk tells the first that it is replaced, which is its
last event, and then the second is read. No event is lost, and none comes before an older one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import aiohttp

from agi_app.errors import AsteriskError
from agi_app.messages import t
from agi_app.pbx.ari.connection_settings import AriSettings
from agi_app.pbx.ari.events import Frame
from agi_app.pbx.ari.http import explain
from agi_app.pbx.ari.joined_writes import join_writes
from agi_app.pbx.ari.websocket import EventSocket

_LARGEST_MESSAGE = 64 * 1024 * 1024  # bytes; `GET channels` with thousands of channels
_CLOSE_TIMEOUT = 1.0
_REPLACED_S, _LOOK_S = 1.0, 0.005  # Asterisk says at once that a socket is replaced


class Link:
    """An open event socket."""

    def __init__(self, session: aiohttp.ClientSession, socket: EventSocket, authorization: Mapping[str, str]) -> None:
        self.socket, self.authorization = socket, authorization
        self._session = session
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def open(
        cls,
        settings: AriSettings,
        authorization: Mapping[str, str],
        on_event: Callable[[Frame], None],
        timeout: float,
    ) -> Link:
        """Connect within ``timeout`` seconds; raises AsteriskError. Nothing is read before ``start``."""
        session = aiohttp.ClientSession(headers=authorization)
        try:
            return cls(session, EventSocket(await _opened(session, settings, timeout), on_event), authorization)
        except BaseException:
            await session.close()
            raise

    def start(self, group: asyncio.TaskGroup, heartbeat: float) -> None:
        """Hand over events from now on, and break off a connection over which nothing comes for so many seconds."""
        self._tasks = [group.create_task(self.socket.read()), group.create_task(self.socket.watch(heartbeat))]

    @property
    def reading(self) -> asyncio.Task[None]:
        """Ends with the connection."""
        return self._tasks[0]

    async def replaced(self) -> None:
        """Wait for its last event, which comes at once when another link of ours is open."""
        for _ in range(round(_REPLACED_S / _LOOK_S)):
            if self.socket.replaced or self.reading.done():
                return
            await asyncio.sleep(_LOOK_S)

    async def finish(self, patience: float) -> None:
        """After its replacement: take the answers that are on their way, and close."""
        self._tasks[1].cancel()
        try:
            await asyncio.wait({self.reading}, timeout=patience)
        finally:
            await self.end()

    async def end(self) -> None:
        """Close; safe to call twice."""
        if self._tasks:
            self._tasks[1].cancel()
        await self.socket.close()
        await self._session.close()


async def _opened(
    session: aiohttp.ClientSession, settings: AriSettings, timeout: float
) -> aiohttp.ClientWebSocketResponse[bool]:
    try:
        async with asyncio.timeout(timeout):
            opened = await session.ws_connect(
                settings.address("events"),
                params={"app": settings.app},
                max_msg_size=_LARGEST_MESSAGE,
                timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_TIMEOUT),
                decode_text=False,
            )
    except aiohttp.WSServerHandshakeError as fault:
        raise AsteriskError(explain(fault.status, settings)) from fault
    except (aiohttp.ClientError, TimeoutError) as fault:
        raise AsteriskError(
            t("Asterisk at {url} opens no event socket: {fault!r}", url=settings.url, fault=fault)
        ) from fault
    join_writes(opened)
    return opened
