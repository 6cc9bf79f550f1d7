"""What calls share: something runs beside them, a stop of the rung number ends our own calls, results are stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager

from structlog.stdlib import BoundLogger

from agi_app import log
from agi_app.errors import StoreError, first_of_ours
from agi_app.store.database.pool import Store
from agi_app.store.people import stops

WATCH_EVERY_S = 0.3  # the rung number may have said stop elsewhere
STORE_AGAIN_S = 2.0

_log = log.get("internal")


@asynccontextmanager
async def alongside(*works: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run these as long as the block goes on; a fault in one of them ends it."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work) for work in works]
            yield
            for task in tasks:
                task.cancel()
    except BaseExceptionGroup as faults:
        raise first_of_ours(faults) from faults


async def until_stopped(store: Store, number: str) -> str:
    """Returns why the call to ``number`` must end: it is suppressed meanwhile, or nobody can tell."""
    while True:
        await asyncio.sleep(WATCH_EVERY_S)
        try:
            async with asyncio.timeout(WATCH_EVERY_S):
                if await stops.is_suppressed(store, number):
                    return "the number was put on the suppression list"
        except (StoreError, TimeoutError):
            return "the database did not say that the number may still be called"


async def until_stored(
    what: str,
    write: Callable[[], Awaitable[object]],
    *,
    first_s: float = STORE_AGAIN_S,
    longest_s: float = STORE_AGAIN_S,
    to: BoundLogger = _log,
) -> None:
    """Write something, however long the database takes; ``first_s`` to ``longest_s`` lie between two tries."""
    delay = first_s
    while True:
        try:
            await write()
        except StoreError as error:
            to.warning(f"{what} waits for the database", error=str(error), next_try_s=delay)
            await asyncio.sleep(delay)
            delay = min(delay * 2, longest_s)
        else:
            return
