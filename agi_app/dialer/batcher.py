"""What many calls ask for within a moment, done in one trip."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Together(Generic[Asked, Answer]):
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
