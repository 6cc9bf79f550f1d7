"""Ends what must not live on in Asterisk, however often the connection breaks: channels, and recordings that are taken.

Used where nobody may wait: an originate whose answer was lost, a call whose event queue
overflowed, a channel that nobody runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from structlog.stdlib import BoundLogger

from agi_app import log
from agi_app.clock import Clock
from agi_app.errors import RequestFailed
from agi_app.messages import template

_log = log.get("pbx.janitor")
PAUSE_S = 0.25


class Janitor:
    """A set of ids to end, mostly of channels; each is tried until Asterisk has ended it or does not know it."""

    def __init__(
        self,
        end: Callable[[str], Awaitable[object]],
        connected: Callable[[], Awaitable[None]],
        clock: Clock,
        *,
        kind: str = "channel",
        not_yet: str = template("a channel could not be ended yet"),
        to: BoundLogger = _log,
        pause_s: float = PAUSE_S,
    ) -> None:
        """``end`` asks Asterisk for it; the log ``to`` hears ``not_yet`` when it is in vain."""
        self._end_in_asterisk, self._connected, self._clock = end, connected, clock
        self._kind, self._not_yet, self._log, self._pause_s = kind, not_yet, to, pause_s
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
                for doomed in list(self._doomed):
                    await self._end(doomed)
                if self._doomed:
                    await asyncio.sleep(self._pause_s)

    async def _end(self, doomed: str) -> None:
        try:
            await self._end_in_asterisk(doomed)
        except RequestFailed as fault:
            if fault.status != 404:
                self._log.warning(self._not_yet, **{self._kind: doomed}, reason=str(fault))
                return
            if self._clock.monotonic() < self._doomed[doomed]:
                return
        del self._doomed[doomed]
