"""What of each attempt must be in the database: its mark before it is dialled, its result, or that it was given back.

Marks and results of several calls share a trip: each is a flushed commit, and one by one they took a quarter of the
worker's and half of PostgreSQL's time. Nothing waits for the trip that a person could hear.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Generic, TypeVar

from agi_app import log
from agi_app.dialer.until_stopped import until_stored
from agi_app.errors import StoreError
from agi_app.gate.permit import MarkReceipt
from agi_app.messages import template
from agi_app.model.call import Claim
from agi_app.store.calling import attempts
from agi_app.store.calling.attempts import Ended
from agi_app.store.database.pool import Store

# What many calls ask for within a moment, done in one trip.


Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Batcher(Generic[Asked, Answer]):
    """Gathers items for a moment and has them done at once; a later batch does not wait for an earlier one."""

    def __init__(
        self, work: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer]]], *, wait_s: float, most: int
    ) -> None:
        """``work`` gives as many answers as items, in their order; what it raises, everybody who asked gets.

        An item waits for others for ``wait_s`` seconds at most; ``most`` items are done without waiting.
        """
        self._work, self._wait_s, self._most = work, wait_s, most
        self._waiting: list[tuple[Asked, asyncio.Future[Answer]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._nobodys = contextvars.copy_context()  # else the log lines of a batch would bear the name of one call

    async def ask(self, item: Asked) -> Answer:
        """The answer for this item. Cancelled meanwhile, it is done anyway."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((item, future))
        if len(self._waiting) >= self._most:
            self._begin()
        elif self._timer is None:
            self._timer = loop.call_later(self._wait_s, self._begin, context=self._nobodys)
        return await future

    def _begin(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        batch, self._waiting = self._waiting, []
        task = asyncio.get_running_loop().create_task(self._do(batch), context=self._nobodys)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _do(self, batch: Sequence[tuple[Asked, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._work([item for item, _ in batch])
        except asyncio.CancelledError:
            for _, future in batch:
                future.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - it is for those who asked
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():
                future.set_result(answer)


FIRST_RETRY_S, LONGEST_RETRY_S = 0.2, 5.0
MARKED_S, ENDED_S = 0.1, 0.2  # a mark, or a result, waits so long for others
MOST = 50  # in one trip
_log = log.get("dialer")


class AttemptWriter:
    """Writes the attempts of one node; a result is kept and tried again until the database has it."""

    def __init__(self, store: Store, entityid: str, note: Callable[[Sequence[Claim]], None]) -> None:
        """``note`` keeps what is about to be marked outside the database, too, and does not wait."""
        self._store, self._entityid, self._note = store, entityid, note
        self._marks = Batcher(self._mark, wait_s=MARKED_S, most=MOST)
        self._ends = Batcher(partial(attempts.finish, store), wait_s=ENDED_S, most=MOST)

    async def mark(self, claim: Claim) -> MarkReceipt | None:
        """The receipt of the durable mark; None: do not dial, and the claim has been given back."""
        try:
            return await self._marks.ask(claim)
        except StoreError as error:  # maybe committed, maybe not: surely not dialled
            _log.warning("could not mark; not dialled", error=str(error))
            await self.give_back(claim, template("the mark failed"))
            return None

    async def _mark(self, claims: Sequence[Claim]) -> Sequence[MarkReceipt | None]:
        self._note(claims)
        return await attempts.mark(self._store, claims, node=self._entityid)

    async def give_back(self, claim: Claim, reason: str) -> None:
        """Its contact is due again; nobody was dialled."""
        await self._until_stored(partial(attempts.release, self._store, claim.attempt_id, reason))

    async def finish(self, end: Ended) -> None:
        """Returns when the result is in the database."""
        try:
            await self._ends.ask(end)
        except StoreError as error:  # alone from now on: another call's result may be what the database refuses
            _log.warning("a result waits for the database", error=str(error), next_try_s=FIRST_RETRY_S)
            await asyncio.sleep(FIRST_RETRY_S)
            await self._until_stored(partial(attempts.finish, self._store, [end]))

    async def _until_stored(self, write: Callable[[], Awaitable[object]]) -> None:
        await until_stored("a result", write, first_s=FIRST_RETRY_S, longest_s=LONGEST_RETRY_S, to=_log)
