"""What runs beside a call ends with it, and a fault of either is the fault that is told."""

from __future__ import annotations

import asyncio

import pytest

from agi_app.errors import RequestFailed, StoreError
from agi_app.event_loop import alongside


class Beside:
    """Something that runs until it is cancelled."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault, self.cancelled = fault, False

    async def run(self) -> None:
        await asyncio.sleep(0)
        if self.fault is not None:
            raise self.fault
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise


async def test_what_runs_beside_a_call_ends_with_it() -> None:
    one, two = Beside(), Beside()
    async with alongside(one.run(), two.run()):
        await asyncio.sleep(0.001)
    assert (one.cancelled, two.cancelled) == (True, True)


async def call(beside: Beside, fault: Exception | None, seconds: float) -> None:
    """A call with something beside it."""
    async with alongside(beside.run()):
        await asyncio.sleep(seconds)
        if fault is not None:
            raise fault


async def test_a_database_that_fails_in_a_call_is_told_as_that_so_that_it_ends_this_call_alone() -> None:
    one = Beside()
    with pytest.raises(StoreError, match="is away"):
        await call(one, StoreError("database x: is away"), 0.001)
    assert one.cancelled


async def test_nobody_talks_on_when_what_watches_the_call_has_failed() -> None:
    with pytest.raises(RequestFailed):
        await call(Beside(RequestFailed("x", 0, "no answer")), None, 3600)
