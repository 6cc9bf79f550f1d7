"""What is asked for within a moment is done in one trip, and nobody pays for another one's fault but with the trip."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from agi_app.dialer.attempt_writer import Batcher
from agi_app.errors import StoreError


class Work:
    """Doubles numbers; notes the batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.begun: asyncio.Queue[int] = asyncio.Queue()  # sizes of the batches
        self.fault: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        self.begun.put_nowait(len(items))
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        return [2 * item for item in items]


async def test_what_comes_within_the_moment_shares_a_trip_and_everybody_gets_his_own_answer() -> None:
    work = Work()
    batcher = Batcher(work, wait_s=0.01, most=10)
    assert await asyncio.gather(*(batcher.ask(n) for n in (3, 1, 2))) == [6, 2, 4]
    assert await batcher.ask(7) == 14
    assert work.batches == [[3, 1, 2], [7]]


async def test_a_full_batch_does_not_wait() -> None:
    work = Work()
    batcher = Batcher(work, wait_s=60.0, most=2)
    async with asyncio.timeout(5):
        assert await asyncio.gather(*(batcher.ask(n) for n in range(4))) == [0, 2, 4, 6]
    assert work.batches == [[0, 1], [2, 3]]


async def test_a_batch_does_not_wait_for_the_one_before_it() -> None:
    """One person's row that somebody has locked for long must not hold up all later calls."""
    work = Work()
    batcher = Batcher(work, wait_s=0.0, most=10)
    work.gate.clear()
    first = asyncio.ensure_future(batcher.ask(1))
    await work.begun.get()
    second = asyncio.ensure_future(batcher.ask(2))
    await work.begun.get()
    work.gate.set()
    assert [await first, await second] == [2, 4]


async def test_a_fault_reaches_everybody_who_asked_and_nobody_later() -> None:
    work = Work()
    batcher = Batcher(work, wait_s=0.0, most=10)
    work.fault = StoreError("database x: is away")
    answers = list(await asyncio.gather(batcher.ask(1), batcher.ask(2), return_exceptions=True))
    assert answers == [work.fault, work.fault]
    work.fault = None
    assert await batcher.ask(3) == 6


async def test_who_goes_away_meanwhile_does_not_disturb_the_others() -> None:
    work = Work()
    batcher = Batcher(work, wait_s=0.0, most=10)
    work.gate.clear()
    gone, stays = asyncio.ensure_future(batcher.ask(1)), asyncio.ensure_future(batcher.ask(2))
    await work.begun.get()
    gone.cancel()
    work.gate.set()
    assert await stays == 4
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert work.batches == [[1, 2]]
