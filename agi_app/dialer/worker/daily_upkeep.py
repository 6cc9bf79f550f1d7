"""What a worker takes away once a day beside the purge: events of webhooks, and the long log of the embedded database.

The purge (``consent/purge.py``) goes by the rules of a country; here are machines' own records, by settings and sizes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from agi_app import log
from agi_app.atomic_files import write_whole
from agi_app.config.settings import Settings
from agi_app.errors import StoreError
from agi_app.store.database.embedded import server_log
from agi_app.store.database.pool import Store
from agi_app.store.webhooks import deliveries

FIRST_AFTER_S = 900.0  # a worker that begins has more urgent things to do
EVERY_S = 24 * 3600.0
LONGEST, KEPT = 32 << 20, 8 << 20  # bytes of a log, and how much of its end is kept then

_log = log.get("upkeep")


async def keep_short(store: Store, settings: Callable[[], Settings]) -> None:
    """Do it once a day until cancelled; what fails is done the next day. ``settings`` gives those that hold then."""
    pause = FIRST_AFTER_S
    while True:
        await asyncio.sleep(pause)
        pause = EVERY_S
        await once(store, settings())


async def once(store: Store, settings: Settings) -> None:
    """Do it now; a fault is logged."""
    try:
        # `agi-app deliver` does this each hour; where none runs, they would grow for ever.
        if events := await deliveries.purge(store, settings.webhooks.keep_days):
            _log.info("old events of webhooks are removed", count=events)
        await asyncio.to_thread(cut, server_log(settings.data))
    except (StoreError, OSError) as error:
        _log.error("what was kept long enough could not be removed", error=str(error))


def cut(file: Path) -> None:
    """Of a log that is too long, keep the end, in FILE.old; its writer goes on at the beginning.

    Blocks. Raises OSError.
    """
    if not file.exists() or file.stat().st_size <= LONGEST:
        return
    with file.open("r+b") as found:
        found.seek(-KEPT, 2)
        write_whole(file.with_name(f"{file.name}.old"), found.read(), 0o600)
        found.truncate(0)
