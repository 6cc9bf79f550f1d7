"""What calls share: a stop of the rung number ends our own calls, and results are stored, however long it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from structlog.stdlib import BoundLogger

from agi_app import log
from agi_app.errors import StoreError
from agi_app.messages import t, template
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
                    return t("the number was put on the suppression list")
        except (StoreError, TimeoutError):
            return t("the database did not say that the number may still be called")


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
            to.warning(template("{what} waits for the database").format(what=what), error=str(error), next_try_s=delay)
            await asyncio.sleep(delay)
            delay = min(delay * 2, longest_s)
        else:
            return
