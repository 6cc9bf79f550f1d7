"""What verification calls and rehearsals share: a stop of the rung number ends them, and their results are stored."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from agi_app import log
from agi_app.errors import StoreError
from agi_app.store.database.pool import Store
from agi_app.store.people import stops

WATCH_EVERY_S = 0.3  # the rung number may have said stop elsewhere
STORE_AGAIN_S = 2.0

_log = log.get("internal")


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


async def until_stored(what: str, write: Callable[[], Awaitable[object]]) -> None:
    """Write a result, however long the database takes."""
    while True:
        try:
            await write()
        except StoreError as error:
            _log.warning(f"{what} waits for the database", error=str(error))
            await asyncio.sleep(STORE_AGAIN_S)
        else:
            return
