"""Where calls wait until they are answered: bridges of ours, each for one call at a time and used again.

A channel that is dialled in no bridge is put into one that Asterisk hides: it plays music on hold there, also after
the answer, records nothing and cannot be taken out again. In a bridge of its own it hears nothing and costs nothing. It
is muted in it, so that even two in one would not hear each other.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

from agi_app.errors import RequestFailed
from agi_app.pbx.ari.object_names import DIAL_BRIDGE

_ALONE = {"mute": "true", "inhibitConnectedLineUpdates": "true"}
_NOT_FOUND = 404


class DialBridges:
    """Those of one connection to Asterisk, as many as calls were dialled at the same time."""

    def __init__(self, request: Callable[..., Awaitable[object]]) -> None:
        """``request`` is that of the connection."""
        self._request = request
        self._free: list[str] = []
        self._made = 0
        self._series = secrets.token_hex(4)

    def forget(self) -> None:
        """A new connection: what was made over an old one is used no more, and goes when it is empty (``bridges``)."""
        self._free, self._series = [], secrets.token_hex(4)

    async def enter(self, channel_id: str) -> str:
        """Put a channel that is not dialled yet into a bridge; returns its id. Raises RequestFailed."""
        if self._free:
            try:
                return await self._add(self._free.pop(), channel_id)
            except RequestFailed as fault:
                if fault.status != _NOT_FOUND:
                    raise
                self._free.clear()  # somebody has removed it, and perhaps all
        self._made += 1
        bridge = f"{DIAL_BRIDGE}{self._series}-{self._made}"
        await self._request("POST", f"bridges/{bridge}", {"type": "mixing"})
        return await self._add(bridge, channel_id)

    def give_back(self, bridge: str) -> None:
        """Nobody is in it now."""
        if bridge.startswith(f"{DIAL_BRIDGE}{self._series}-"):
            self._free.append(bridge)

    async def remove(self) -> None:
        """Remove those that are free: this connection dials no more. Raises RequestFailed."""
        while self._free:
            await self._request("DELETE", f"bridges/{self._free.pop()}")

    async def _add(self, bridge: str, channel_id: str) -> str:
        await self._request("POST", f"bridges/{bridge}/addChannel", {"channel": channel_id, **_ALONE})
        return bridge
