"""A worker that imports a long list makes calls, too: its event loop must go on all the time."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from agi_app.event_loop import spare_collections
from tests.store.feed_office import FeedOffice, result
from tests.store.world import World, campaign, number

pytestmark = pytest.mark.postgres
ROWS = 20_000
LOOK_EVERY_S = 0.002
COUNTED = 100_000  # numbers that are added up: the unit of a piece of work, as fast as the machine is now
MOST = 20  # units (0.1 s) in one piece, in one of the lists at least: a stall of our own doing is there each time


class Stalls:
    """The longest piece of the processor's time that this thread took while nothing else had a turn, in seconds."""

    busy = 0.0

    async def watch(self) -> None:
        """Until cancelled."""
        worked = time.thread_time()
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            work = time.thread_time()
            self.busy = max(self.busy, work - worked)
            worked = work


def unit() -> float:
    """Seconds of the processor for a piece of work that is always the same."""
    began = time.thread_time()
    sum(number * number for number in range(COUNTED))
    return time.thread_time() - began


@asynccontextmanager
async def watched() -> AsyncIterator[Stalls]:
    found = Stalls()
    watching = asyncio.create_task(found.watch())
    try:
        yield found
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


@pytest.fixture
def as_a_worker() -> Iterator[None]:
    """A worker looks for garbage less often than all the tests' objects would take it."""
    before = gc.get_threshold()
    spare_collections()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


@pytest.mark.usefixtures("as_a_worker")
async def test_a_long_list_of_a_feed_holds_no_call_up(world: World, tmp_path: Path) -> None:
    office = await FeedOffice(world, tmp_path).open()
    await office.started()
    await world.running(campaign(), [])
    rows = [f"row-{n},{number(n * 7919 % 9_999_991)}" for n in range(ROWS)]
    lists = {"all.csv": rows, "fewer.csv": [*rows[: ROWS - ROWS // 20], *(f"bad-{n}," for n in range(900))]}
    pieces = []
    for name, listed in lists.items():
        office.put(*listed, name=name)
        reader = office.reader()
        for _ in range(2):
            await reader.once()
        before = unit()
        async with watched() as stalls:
            await office.runs().take_all()
        await reader.once()
        await reader.close()
        pieces.append(stalls.busy / max(before, unit()))
    assert min(pieces) < MOST, pieces
    run = (await office.status()).last
    assert run is not None
    counts = {count: result(run)[count] for count in ("unchanged", "cancelled", "rejected")}
    assert counts == {"unchanged": 19_000, "cancelled": 1_000, "rejected": 900}
