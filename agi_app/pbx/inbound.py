"""Calls that come in to our own numbers while this worker serves none of them: given back at once.

The dialplan hands them over by ``Stasis(agi-app,inbound,NUMBER)``. Nobody is left in silence: the call
goes on in the context ``agi-app-when-down``, which leads to reception or plays a short message.
"""

from __future__ import annotations

import asyncio

from agi_app import log
from agi_app.errors import RequestFailed
from agi_app.pbx.ari import Ari
from agi_app.pbx.events import Event, Started

CONTEXT = "agi-app-when-down"
ARGUMENT = "inbound"

_log = log.get("pbx.inbound")


class Inbound:
    """Takes the start events of foreign channels and sends the channels back into the dialplan."""

    def __init__(self) -> None:
        self._arrived: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    def take(self, channel_id: str, event: Event) -> None:
        """An event of a channel that is not ours; never waits."""
        match event:
            case Started((first, number, *_)) if first == ARGUMENT:
                self._arrived.put_nowait((channel_id, number))

    async def run(self, ari: Ari) -> None:
        """Give calls back until cancelled."""
        while True:
            channel_id, number = await self._arrived.get()
            where = {"context": CONTEXT, "extension": number, "priority": "1"}
            try:
                await ari.request("POST", f"channels/{channel_id}/continue", where)
            except RequestFailed as error:
                _log.error("an inbound call could not be given back; it is hung up", reason=str(error))
                ari.hang_up_soon(channel_id)
            else:
                _log.info("an inbound call goes on in the dialplan", context=CONTEXT)
