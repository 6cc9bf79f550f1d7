"""Writes what was decided, some calls together, so that no caller waits for the disk."""

from __future__ import annotations

import asyncio

from agi_app import log
from agi_app.errors import StoreError
from agi_app.messages import t
from agi_app.store.database.pool import Store
from agi_app.store.screening import screened_calls as table
from agi_app.store.screening.screened_calls import EndedCall, NewCall

EVERY_S = 0.1
MOST_WAITING = 20_000  # while the database is away; later ones are not kept
TOGETHER = 500
FLUSH_S = 2.0
RETRY_S = 2.0

_log = log.get("guard.records")


class Records:
    """A bounded queue into the database."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[NewCall | EndedCall] = []
        self._lost = 0
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, row: NewCall | EndedCall) -> None:
        """Keep this; never waits."""
        if len(self._waiting) >= MOST_WAITING:
            self._lost += 1
            return
        self._waiting.append(row)
        self._idle.clear()
        self._wake.set()

    async def flushed(self) -> None:
        """Until everything is in the database. Raises StoreError when that takes too long."""
        try:
            async with asyncio.timeout(FLUSH_S):
                await self._idle.wait()
        except TimeoutError:
            raise StoreError(t("what was decided about calls does not reach the database")) from None

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(EVERY_S if await self._write_some() else RETRY_S)

    async def finish(self) -> None:
        """Write what is left, once."""
        while self._waiting and await self._write_some():
            pass

    async def _write_some(self) -> bool:
        """Write the oldest; False when the database does not take them."""
        some = self._waiting[:TOGETHER]
        calls, ends = [r for r in some if isinstance(r, NewCall)], [r for r in some if isinstance(r, EndedCall)]
        try:
            await table.write(self._store, calls, ends)
        except StoreError as error:
            _log.warning("calls that came in wait to be stored", waiting=len(self._waiting), reason=str(error))
            return False
        del self._waiting[: len(some)]
        if not self._waiting:
            self._wake.clear()
            self._idle.set()
        if self._lost:
            _log.error("calls that came in are not in the records", lost=self._lost)
            self._lost = 0
        return True
