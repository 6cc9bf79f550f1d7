"""Channels that must end do end, whatever the connection does meanwhile."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator

import pytest

from agi_app.errors import RequestFailed
from agi_app.pbx.ari.hangup_retry import Janitor
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.slow  # waits on a real clock: not part of the fast unit tests


class Pbx:
    """Answers each DELETE with the next of ``statuses`` (0: connection lost, 204: ended)."""

    def __init__(self) -> None:
        self.clock = FakeClock(dt.datetime(2026, 3, 2, tzinfo=dt.UTC))
        self.up = asyncio.Event()
        self.up.set()
        self.statuses: list[int] = []
        self.asked: list[str] = []
        self.janitor = Janitor(self.hang_up, self.connected, self.clock, pause_s=0.001)

    async def connected(self) -> None:
        await self.up.wait()

    async def hang_up(self, channel_id: str) -> None:
        self.asked.append(channel_id)
        status = self.statuses.pop(0) if self.statuses else 204
        if status != 204:
            raise RequestFailed(f"DELETE channels/{channel_id}", status, "so the test wants it")


@pytest.fixture
async def pbx() -> AsyncIterator[Pbx]:
    pbx = Pbx()
    task = asyncio.create_task(pbx.janitor.run())
    yield pbx
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_it_tries_again_until_asterisk_has_ended_the_channel(pbx: Pbx) -> None:
    pbx.statuses = [0, 500, 204]
    pbx.janitor.add("agi-app-1", 0)
    await asyncio.sleep(0.05)
    assert pbx.asked == ["agi-app-1"] * 3


async def test_it_waits_for_the_connection(pbx: Pbx) -> None:
    pbx.up.clear()
    pbx.janitor.add("agi-app-1", 0)
    await asyncio.sleep(0.01)
    assert pbx.asked == []
    pbx.up.set()
    await asyncio.sleep(0.01)
    assert pbx.asked == ["agi-app-1"]


async def test_no_such_channel_is_not_believed_while_the_originate_may_still_arrive(pbx: Pbx) -> None:
    pbx.statuses = [404] * 1000
    pbx.janitor.add("agi-app-1", 5.0)
    await asyncio.sleep(0.03)
    assert len(pbx.asked) > 2
    pbx.clock.advance(5.1)
    await asyncio.sleep(0.03)
    tries = len(pbx.asked)
    await asyncio.sleep(0.03)
    assert len(pbx.asked) == tries
