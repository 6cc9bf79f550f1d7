"""Keys of calls that are over: a key press and the end of a call come on different connections.

So the start of a key may be heard of when its channel is gone. It still counts, and its stop is stored.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from agi_app.calls.runner import LiveCall

REMEMBERED_S = 60.0  # after its end a call is known for so long
UNTAKEN = 10_000  # keys that may wait to be looked at


class LateKeys:
    """The calls of this worker that go on, or ended a moment ago, by their channels."""

    def __init__(self) -> None:
        self._calls: dict[str, LiveCall] = {}
        self._pressed: asyncio.Queue[tuple[LiveCall, str]] = asyncio.Queue(UNTAKEN)

    @contextlib.contextmanager
    def of(self, channel_id: str, call: LiveCall) -> Iterator[None]:
        """While this lasts, and for a minute after it, keys of this channel are keys of this call."""
        self._calls[channel_id] = call
        try:
            yield
        finally:
            asyncio.get_running_loop().call_later(REMEMBERED_S, self._calls.pop, channel_id, None)

    def pressed(self, channel_id: str, key: str) -> None:
        """A key went down on a channel that no longer reports anything; never waits."""
        if (call := self._calls.get(channel_id)) is not None:
            with contextlib.suppress(asyncio.QueueFull):
                self._pressed.put_nowait((call, key))

    async def run(self) -> None:
        """Take the stops among them until cancelled; what has come by then is still taken."""
        try:
            while True:
                await self._take(await self._pressed.get())
        finally:
            while not self._pressed.empty():
                await self._take(self._pressed.get_nowait())

    async def _take(self, pressed: tuple[LiveCall, str]) -> None:
        call, key = pressed
        await call.late_key(key)
