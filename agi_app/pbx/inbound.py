"""Calls that come in to our own numbers while this worker serves none of them: given back at once.

The dialplan hands them over by ``Stasis(agi-app,inbound,NUMBER)``. Nobody is left in silence: the call
goes on in the context ``agi-app-when-down``, which leads to reception or plays a short message. That holds
also for calls whose start we missed while the connection was down, and for channels that another part of the
dialplan sent to us by mistake: they go on where they came from.
"""

from __future__ import annotations

import asyncio

import msgspec

from agi_app import log
from agi_app.errors import RequestFailed
from agi_app.pbx.ari import Ari
from agi_app.pbx.events import Event, Started
from agi_app.pbx.names import CHANNEL_PREFIX

CONTEXT = "agi-app-when-down"
ARGUMENT = "inbound"

_log = log.get("pbx.inbound")


class _Application(msgspec.Struct, frozen=True):
    channel_ids: list[str]


class _Place(msgspec.Struct, frozen=True):
    exten: str


class _Waiting(msgspec.Struct, frozen=True):
    dialplan: _Place


class Inbound:
    """Takes the start events of foreign channels and sends the channels back into the dialplan."""

    def __init__(self) -> None:
        self._arrived: asyncio.Queue[tuple[str, str | None]] = asyncio.Queue()

    def take(self, channel_id: str, event: Event) -> None:
        """An event of a channel that is not ours; never waits."""
        match event:
            case Started((first, number, *_)) if first == ARGUMENT:
                self._arrived.put_nowait((channel_id, number))
            case Started():
                self._arrived.put_nowait((channel_id, None))

    async def collect(self, ari: Ari) -> None:
        """After a connect: take the calls that wait in our application since before it."""
        answer = await ari.request("GET", f"applications/{ari.settings.app}")
        for channel_id in answer.decode(_Application).channel_ids:
            if channel_id.startswith(CHANNEL_PREFIX):
                continue
            try:
                waiting = (await ari.request("GET", f"channels/{channel_id}")).decode(_Waiting)
            except RequestFailed as error:
                if error.status != 404:
                    raise
                continue  # hung up this instant
            self._arrived.put_nowait((channel_id, waiting.dialplan.exten))

    async def run(self, ari: Ari) -> None:
        """Give calls back until cancelled."""
        while True:
            await self._give_back(ari, *await self._arrived.get())

    async def _give_back(self, ari: Ari, channel_id: str, number: str | None) -> None:
        """To the fail-open context; without a number to the next step of the dialplan that the call came from."""
        where = {"context": CONTEXT, "extension": number, "priority": "1"} if number else None
        try:
            await ari.request("POST", f"channels/{channel_id}/continue", where)
        except RequestFailed as error:
            if error.status in (404, 409):  # hung up, or given back already
                return
            _log.error("an inbound call could not be given back; it is hung up", reason=str(error))
            ari.hang_up_soon(channel_id)
        else:
            _log.info("an inbound call goes on in the dialplan", context=where and CONTEXT)
