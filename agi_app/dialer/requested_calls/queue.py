"""Takes the calls that staff ask for, on one node: looks for requests, runs each, and ends them with the worker.

A request is a row (``store/requested_calls``); what is done with it is its kind's own. All obey what holds the dialer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from agi_app import log
from agi_app.dialer.node import Node
from agi_app.dialer.until_stopped import until_stored
from agi_app.errors import AgiAppError, StoreError
from agi_app.event_loop import happens_within
from agi_app.messages import template
from agi_app.store.requested_calls import agent_calls, requests
from agi_app.store.requested_calls.requests import RequestKind

LOOK_EVERY_S = 0.5
CLOSE_S = 8.0  # for the last words of calls when the worker ends
CLOSING = template("the worker is shutting down")

Forbidden = Callable[[], str | None]  # why nobody may be dialled now
_log = log.get("requests")


class RequestedCall(Protocol):
    """One request that this worker has taken."""

    request_id: int

    async def run(self) -> None:
        """See it to its end, which is stored then. Raises AgiAppError: nobody was dialled."""

    def end(self) -> None:
        """The worker goes away: end what nobody should be left in."""


class Taker(Protocol):
    """Takes the requests of one kind."""

    kind: RequestKind
    at_once: int  # how many calls go on at most

    async def take(self, going_on: Collection[int], forbidden: Forbidden) -> RequestedCall | None:
        """The oldest request that waits and is not among ``going_on``, if any. Raises StoreError."""


class RequestedCalls:
    """All requested calls of one node."""

    def __init__(self, node: Node, takers: Sequence[Taker], waiting_reason: Forbidden) -> None:
        self._node, self._takers, self._waiting_reason = node, takers, waiting_reason
        self._live: dict[RequestedCall, RequestKind] = {}
        self._quiet = asyncio.Event()  # set while there is none
        self._quiet.set()
        self._closing = False

    async def run(self) -> None:
        """Make the calls that are asked for, until cancelled."""
        node = self._node
        await until_stored(
            template("the end of an earlier call"), lambda: agent_calls.end_left(node.store, node.entityid)
        )
        async with asyncio.TaskGroup() as calls:
            while True:
                if self._forbidden() is not None or not await self._look(calls):
                    await asyncio.sleep(LOOK_EVERY_S)

    def close(self) -> None:
        """Make no new call, and end those there are: nobody is left in silence by a worker that goes away."""
        self._closing = True
        for call in self._live:
            call.end()

    async def ended(self) -> None:
        """Wait until all are over and stored, but not for long."""
        await happens_within(self._quiet, CLOSE_S)

    def _forbidden(self) -> str | None:
        return CLOSING if self._closing else self._waiting_reason()

    async def _look(self, calls: asyncio.TaskGroup) -> bool:
        """Begin a call of each kind that waits; whether there was one."""
        began = False
        try:
            waiting = await requests.waiting(self._node.store)
            for taker in self._takers:
                going_on = [call.request_id for call, kind in self._live.items() if kind is taker.kind]
                if taker.kind not in waiting or len(going_on) >= taker.at_once:
                    continue
                if (call := await taker.take(going_on, self._forbidden)) is not None:
                    began = True
                    self._live[call] = taker.kind
                    self._quiet.clear()
                    calls.create_task(self._run(call, taker.kind))
        except StoreError as error:
            _log.warning("could not look for requested calls", error=str(error))
        return began

    async def _run(self, call: RequestedCall, kind: RequestKind) -> None:
        with log.bind_call(attempt=f"{kind}-{call.request_id}"):
            try:
                await call.run()
            except AgiAppError as error:
                _log.warning("a requested call was not made", reason=str(error))
            finally:
                del self._live[call]
                if not self._live:
                    self._quiet.set()
