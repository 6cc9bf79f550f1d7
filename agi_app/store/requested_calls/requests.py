"""Requests for calls, as rows: one is written, a worker takes it and makes the call, and the asking command follows it.

Each kind has its own table, with the same states: ``waiting``, then what a worker calls it, then ``ended``.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

from agi_app.clock import Clock
from agi_app.errors import AsteriskError, StoreError
from agi_app.messages import t
from agi_app.messages.retold import retold
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries

Q = load_queries("requested_calls/requests")
PATIENCE = dt.timedelta(seconds=30)  # real time; a request that no worker took by then is not called any more
LOOK_EVERY_S = 0.2
REFUSED, EXPIRED = "refused", "expired"  # results: the gate said no; no worker took it


class RequestKind(StrEnum):
    """What may be asked for."""

    VERIFICATION = "verification"
    CALL_BACK = "call_back"
    REHEARSAL = "rehearsal"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class RequestStatus:
    """How far a request is: ``state`` waiting, something else or ended; ``result`` when it ended."""

    state: str
    result: str | None
    note: str | None
    progress: list[str]  # what has happened so far, for the command that asked


S = TypeVar("S", bound=RequestStatus)


async def waiting(store: Store) -> set[RequestKind]:
    """What may be waiting for a worker."""
    row = await store.record(Q["waiting"])
    return {RequestKind(kind) for kind, waits in (row or {}).items() if waits}


class Requests(Generic[S]):
    """The requests of one kind, as the command that asks sees them; its queries are ``status`` and ``give_up``."""

    def __init__(self, asked: Mapping[str, str], status: type[S]) -> None:
        self._queries, self._status = asked, status

    async def status(self, store: Store, request_id: int) -> S:
        """What has happened to a request."""
        if (row := await store.record(self._queries["status"], {"request_id": request_id})) is None:
            raise StoreError(
                t("database {where}: has lost the request {request_id}", where=store.where, request_id=request_id)
            )
        return msgspec.convert(row, self._status)

    async def give_up(self, store: Store, request_id: int) -> bool:
        """Take a request back; False when a worker has taken it already."""
        return await store.execute(self._queries["give_up"], {"request_id": request_id}) > 0

    async def follow(
        self,
        store: Store,
        clock: Clock,
        request_id: int,
        longest: dt.timedelta,
        show: Callable[[str], None] = lambda _line: None,
        patience: dt.timedelta = PATIENCE,
    ) -> S:
        """Show what happens while it does; returns how the request ended, or that no worker took it.

        ``longest`` is what a worker may need for the call. Raises AsteriskError when the worker says nothing by then.
        """
        start, shown = clock.monotonic(), 0
        while True:
            status = await self.status(store, request_id)
            for line in status.progress[shown:]:
                show(retold(line))
            shown = len(status.progress)
            if status.state == "ended":
                return status
            waited = dt.timedelta(seconds=clock.monotonic() - start)
            if status.state == "waiting" and waited > patience:
                await self.give_up(store, request_id)
            if waited > patience + longest:
                raise AsteriskError(t("the worker that made the call has not said how it ended; is it still running?"))
            await asyncio.sleep(LOOK_EVERY_S)
