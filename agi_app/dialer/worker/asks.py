"""Takes what people ask for by the service: stops first, then each ask in its turn, done and answered as one.

To pause or to stop waits for no other ask: a preview, an import or a start may take minutes. Nor does a sign-in, for
which an issuer outside is asked, and which keeps nothing else waiting.

What no transaction can have, as the files of an erased person, comes after the answer and beside the next asks. It is
done again until it was done as a whole, by the next worker when this one dies.

What is done with an ask is given as functions: the worker's own layers are below the operations that do it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from agi_app import log
from agi_app.errors import AgiAppError, StoreError
from agi_app.event_loop import happens_within
from agi_app.store.database.listen import Listening, Notification
from agi_app.store.database.pool import Store
from agi_app.store.people import entered_stops
from agi_app.store.requested_calls import asks
from agi_app.store.requested_calls.asks import LeftAsk, OpenAsk, Unfinished

LOOK_EVERY_S = 2.0  # beside each notification
FINISH_EVERY_S = 60.0  # what another worker left, or what failed
DONE, REFUSED = "done", "refused"
FAULT = "a fault of agi-app, which is in the worker's log"

KeepStop = Callable[[str, str], Awaitable[None]]  # a number and how it came, into the journal
Prepare = Callable[[OpenAsk], Awaitable[Any]]  # what takes long, before the transaction; it may happen twice
Do = Callable[[OpenAsk, Any], Awaitable[Mapping[str, Any] | Unfinished]]  # what came of it; by the store alone
Finish = Callable[[LeftAsk], Awaitable[None]]  # what is left of an answered one; it may happen twice, also at once
_log = log.get("asks")


class Asks:
    """The asks that one node takes."""

    def __init__(
        self, store: Store, node: str, keep_stop: KeepStop, prepare: Prepare, do: Do, finish: Finish | None = None
    ) -> None:
        """Without ``finish`` what asks leave stays for another worker."""
        self._store, self._node, self._keep_stop = store, node, keep_stop
        self._prepare, self._do, self._finish = prepare, do, finish
        self._wake = {lane: asyncio.Event() for lane in (*asks.LANES, asks.OTHERS)}
        self._left = asyncio.Event()

    async def run(self) -> None:
        """Take them until cancelled: at once with each notification, else a little later."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            group.create_task(self._go_on_finishing())
            for lane in self._wake:
                group.create_task(self._go_on_taking(lane))

    async def _go_on_taking(self, lane: str) -> None:
        while True:
            self._wake[lane].clear()
            try:
                if lane == "urgent":
                    await self.keep_stops()
                await self.take_all(lane)
            except StoreError as error:
                _log.warning("could not look for asks", error=str(error))
            await happens_within(self._wake[lane], LOOK_EVERY_S)

    async def keep_stops(self) -> None:
        """Keep the stops that the service entered; a worker does so before it dials anybody. Raises StoreError."""
        if kept := await entered_stops.keep(self._store, self._keep_stop):
            _log.info("stops that were entered at the console are kept", count=kept)

    async def take_all(self, lane: str | None = None) -> None:
        """Answer every ask that waits and that no other worker is at, or those alone. Raises StoreError."""
        after = 0
        while (found := await asks.look(self._store, after, lane)) is not None:
            after = found.ask_id
            await self.keep_stops()  # also the one that was entered with the ask
            await self._take(found)

    async def finish_all(self) -> None:
        """Do what is left of answered asks; what fails stays for the next time. Raises StoreError."""
        after = 0
        while self._finish is not None and (found := await asks.left(self._store, after)) is not None:
            after = found.ask_id
            try:
                await self._finish(found)
            except Exception as error:  # noqa: BLE001 - nobody may end a worker by what they ask
                _log.warning("an ask could not be finished", ask=found.ask_id, error=f"{type(error).__name__}: {error}")
            else:
                await asks.close(self._store, found.ask_id)
                _log.info("an ask is finished", ask=found.ask_id, verb=f"{found.kind} {found.verb}")

    async def _go_on_finishing(self) -> None:
        while True:
            self._left.clear()
            try:
                await self.finish_all()
            except StoreError as error:
                _log.warning("could not look for what asks have left", error=str(error))
            await happens_within(self._left, FINISH_EVERY_S)

    async def _take(self, ask: OpenAsk) -> None:
        try:
            prepared, fault = await self._prepare(ask), None
        except Exception as error:  # noqa: BLE001 - nobody may end a worker by what they ask
            prepared, fault = None, error
        async with self._store.as_one():
            if not await asks.take(self._store, ask.ask_id):
                return
            state: str = REFUSED
            told: Mapping[str, Any] | Unfinished = _told(fault, ask) if fault else {}
            if fault is None:
                try:
                    async with self._store.transaction():
                        state, told = DONE, await self._do(ask, prepared)
                except Exception as error:  # noqa: BLE001 - as above
                    state, told = REFUSED, _told(error, ask)
            await asks.answer(self._store, ask.ask_id, state, told, self._node)
        if isinstance(told, Unfinished):
            self._left.set()
        _log.info("an ask is answered", ask=ask.ask_id, verb=f"{ask.kind} {ask.verb}", account=ask.account, state=state)

    async def _listen(self) -> None:
        async for heard in self._store.listen(asks.CHANNEL):
            if isinstance(heard, Listening | Notification):
                for wake in self._wake.values():
                    wake.set()


def _told(error: Exception, ask: OpenAsk) -> dict[str, Any]:
    """What is stored of a fault: its kind, and words for people."""
    if isinstance(error, AgiAppError):
        return {"fault": type(error).__name__, "text": str(error)}
    _log.error("an ask met a fault", ask=ask.ask_id, error=f"{type(error).__name__}: {error}")
    return {"fault": type(error).__name__, "text": FAULT}
