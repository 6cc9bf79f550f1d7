"""Calls that come in to our own numbers: handed to the part that serves them, and otherwise given back to the dialplan.

The dialplan hands them over by ``Stasis(agi-app,inbound,NUMBER)``. Nobody is left in silence: a call that is
not served goes on in the context ``agi-app-when-down``, which leads to reception or plays a short message. That
holds also for calls that a worker had answered before it died, and for channels that another part of the dialplan
sent to us by mistake: those go on where they came from.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Container
from dataclasses import dataclass

import msgspec

from agi_app import log
from agi_app.errors import AgiAppError, RequestFailed
from agi_app.messages import t
from agi_app.pbx.ari.connection import Ari, if_there
from agi_app.pbx.ari.events import Event, Started
from agi_app.pbx.ari.object_names import CHANNEL_PREFIX

CONTEXT = "agi-app-when-down"
ARGUMENT = "inbound"
_UP = "Up"

_log = log.get("pbx.inbound")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A call that has come in; ``called`` is the number as the dialplan has it."""

    channel_id: str
    called: str


Serve = Callable[[Arrival], Awaitable[str | None]]  # returns when it is over: why it was not served, or None


class _Application(msgspec.Struct, frozen=True):
    channel_ids: list[str]


class _Place(msgspec.Struct, frozen=True):
    exten: str


class _Waiting(msgspec.Struct, frozen=True):
    dialplan: _Place
    state: str = ""


class Inbound:
    """Takes the start events of foreign channels, has them served, and gives back what is not."""

    def __init__(self) -> None:
        self._arrived: asyncio.Queue[tuple[str, str | None, str]] = asyncio.Queue()  # with why it is not to be served

    def take(self, channel_id: str, event: Event) -> None:
        """An event of a channel that is not ours; never waits."""
        match event:
            case Started((first, number, *_)) if first == ARGUMENT:
                self._arrived.put_nowait((channel_id, number, ""))
            case Started():
                self._arrived.put_nowait((channel_id, None, t("sent here by mistake")))

    async def collect(self, ari: Ari, ours: Container[str] = ()) -> None:
        """After a connect: take the calls that wait in our application since before it, but for ``ours``.

        A caller who was answered already has heard a dead worker break off: they go on in the dialplan.
        """
        answer = await ari.request("GET", f"applications/{ari.settings.app}")
        for channel_id in answer.decode(_Application).channel_ids:
            if channel_id.startswith(CHANNEL_PREFIX) or channel_id in ours:
                continue
            if (there := await if_there(ari.request("GET", f"channels/{channel_id}"))) is None:
                continue  # hung up this instant
            waiting = there.decode(_Waiting)
            fault = t("the worker that had answered it is gone") if waiting.state == _UP else ""
            self._arrived.put_nowait((channel_id, waiting.dialplan.exten, fault))

    async def run(self, ari: Ari, serve: Serve) -> None:
        """Have calls served, or give them back, until cancelled."""
        async with asyncio.TaskGroup() as calls:
            while True:
                calls.create_task(_one(ari, serve, *await self._arrived.get()))


async def _one(ari: Ari, serve: Serve, channel_id: str, called: str | None, fault: str) -> None:
    reason: str | None = fault
    if called is not None and not fault:
        try:
            reason = await serve(Arrival(channel_id, called))
        except AgiAppError as error:
            reason = str(error)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with us, the caller goes on
            _log.exception("a call that came in failed in our own code")
            reason = t("internal error: {name}", name=type(error).__name__)
    if reason is not None:
        await give_back(ari, channel_id, called, reason)


async def give_back(ari: Ari, channel_id: str, called: str | None, reason: str) -> None:
    """To the fail-open context; without a number to the next step of the dialplan that the call came from."""
    where = {"context": CONTEXT, "extension": called, "priority": "1"} if called else None
    try:
        await ari.request("POST", f"channels/{channel_id}/continue", where)
    except RequestFailed as error:
        if error.status in (404, 409):  # hung up, or given back already
            return
        _log.error("an inbound call could not be given back; it is hung up", reason=str(error))
        ari.hang_up_soon(channel_id)
    else:
        _log.info("an inbound call goes on in the dialplan", context=where and CONTEXT, reason=reason)
