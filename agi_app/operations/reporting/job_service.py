"""The process that makes the reports that are asked for, one after another, until it is told to end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from agi_app.event_loop import happens_within, told_to_end
from agi_app.installation import Installation
from agi_app.messages import template
from agi_app.model.actors import Scope
from agi_app.operations.acting import reads
from agi_app.operations.reporting import jobs
from agi_app.operations.reporting.jobs import JobRow
from agi_app.service_manager import ServiceManager, served

LOOK_EVERY_S = 2.0
MAKES = template("reports are made")


@reads(Scope.EXPORTS_MASKED)
async def make_waiting(inst: Installation, told_of: Callable[[JobRow], None], end: asyncio.Event | None = None) -> None:
    """Remove old files and make what waits now, until ``end``; ``told_of`` hears of each. Raises StoreError."""
    await jobs.remove_expired(inst)
    while not (end and end.is_set()) and (row := await jobs.run_next(inst)) is not None:
        told_of(row)


@reads(Scope.EXPORTS_MASKED)
async def make_until_told(inst: Installation, told_of: Callable[[JobRow], None], manager: ServiceManager) -> None:
    """Until SIGINT or SIGTERM; then a report that is being made is finished, or cut off when told twice."""
    me = asyncio.current_task()
    with told_to_end(me.cancel if me else bool) as told, suppress(asyncio.CancelledError):
        async with served(manager, told, MAKES):
            while not told.is_set():
                await make_waiting(inst, told_of, told)
                await happens_within(told, LOOK_EVERY_S)
