"""Ends channels that must not live on, however often the connection breaks.

Used where nobody may wait: an originate whose answer was lost, a call whose event queue
overflowed, a channel that nobody runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from agi_app import log
from agi_app.clock import Clock
from agi_app.errors import RequestFailed

_log = log.get("pbx.janitor")
PAUSE_S = 0.25


class Janitor:
    """A set of channel ids to end; each is tried until Asterisk has ended it or does not know it."""

    def __init__(
        self,
        hang_up: Callable[[str], Awaitable[object]],
        connected: Callable[[], Awaitable[None]],
        clock: Clock,
    ) -> None:
        self._hang_up = hang_up
        self._connected = connected
        self._clock = clock
        self._doomed: dict[str, float] = {}
        self._work = asyncio.Event()

    def add(self, channel_id: str, settle: float) -> None:
        """End this channel; for ``settle`` seconds "no such channel" is not believed.

        An originate whose answer was lost may still be on its way inside Asterisk.
        """
        self._doomed[channel_id] = max(self._doomed.get(channel_id, 0.0), self._clock.monotonic() + settle)
        self._work.set()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._work.wait()
            self._work.clear()
            while self._doomed:
                await self._connected()
                for channel_id in list(self._doomed):
                    await self._end(channel_id)
                if self._doomed:
                    await asyncio.sleep(PAUSE_S)

    async def _end(self, channel_id: str) -> None:
        try:
            await self._hang_up(channel_id)
        except RequestFailed as fault:
            if fault.status != 404:
                _log.warning("a channel could not be ended yet", channel=channel_id, reason=str(fault))
                return
            if self._clock.monotonic() < self._doomed[channel_id]:
                return
        del self._doomed[channel_id]
