"""The event queue of a call: ordered, bounded, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import datetime as dt

import uvloop

from agi_app.pbx.ari.connection import Ari
from agi_app.pbx.ari.connection_settings import AriSettings
from agi_app.pbx.ari.events import Destroyed, Event, Key, Lost, Ringing, Started
from agi_app.pbx.channel import QUEUE_LIMIT, Channel
from agi_app.pbx.event_router import Router
from tests.fake_clock import FakeClock


class RecordingAri(Ari):
    """Remembers whom it was asked to hang up."""

    def __init__(self) -> None:
        clock = FakeClock(dt.datetime(2026, 3, 2, tzinfo=dt.UTC))
        super().__init__(AriSettings("http://127.0.0.1:1/ari", "u", "p"), clock, on_event=lambda _: None)
        self.hung_up: list[str] = []

    def hang_up_soon(self, channel_id: str, settle: float = 0.0) -> None:
        self.hung_up.append(channel_id)


async def test_events_come_in_order_and_the_end_is_repeated() -> None:
    channel = Channel(RecordingAri(), "agi-app-1")
    sent: list[Event] = [Ringing(), Started(), Key("1"), Key("2"), Destroyed(16, None)]
    for event in sent:
        channel.deliver(event)
    assert [event async for event in channel] == sent
    assert await channel.next_event(0.01) == sent[-1]
    channel.deliver(Key("3"))
    assert await channel.next_event(0.01) == sent[-1], "nothing comes after the end"


async def test_no_event_within_the_timeout_is_none_and_loses_nothing() -> None:
    channel = Channel(RecordingAri(), "agi-app-1")
    assert await channel.next_event(0.01) is None
    channel.deliver(Key("1"))
    assert await channel.next_event(0.01) == Key("1")
    assert await channel.next_event(0.01) is None


def test_a_waiter_does_not_keep_the_processor_busy() -> None:
    """The worker's loop knows whole milliseconds only; who waits is woken about once, not until the time has come."""

    class Counted(Channel):
        rings = 0

        def _ring(self) -> None:
            self.rings += 1
            super()._ring()

    async def wait() -> int:
        channel = Counted(RecordingAri(), "agi-app-1")
        for n in range(20):  # with parts of a millisecond
            assert await channel.next_event(0.002 + n * 0.0001) is None
        return channel.rings

    assert uvloop.run(wait()) < 40


async def test_a_waiter_is_woken_by_the_end_of_the_call() -> None:
    channel = Channel(RecordingAri(), "agi-app-1")
    async with asyncio.TaskGroup() as group:
        waiter = group.create_task(channel.next_event(5))
        await asyncio.sleep(0)
        channel.deliver(Lost("gone"))
    assert waiter.result() == Lost("gone")


async def test_a_call_that_does_not_read_is_hung_up_and_still_learns_its_end() -> None:
    ari = RecordingAri()
    router = Router()
    slow, other = router.open(ari, "agi-app-slow"), router.open(ari, "agi-app-other")
    for _ in range(QUEUE_LIMIT + 50):
        router.deliver("agi-app-slow", Key("1"))
    router.deliver("agi-app-other", Ringing())
    router.deliver("agi-app-slow", Destroyed(16, None))

    assert ari.hung_up == ["agi-app-slow"]
    assert await other.next_event(0.01) == Ringing()
    received = [event async for event in slow]
    assert len(received) == QUEUE_LIMIT + 1
    assert received[-1] == Destroyed(16, None)


async def test_living_channels_of_ours_that_nobody_runs_are_reported_and_others_are_not() -> None:
    strays: list[str] = []
    router = Router(lambda channel_id, _: strays.append(channel_id))
    router.deliver("agi-app-unknown", Started())
    router.deliver("agi-app-unknown", Destroyed(16, None))
    router.deliver("1765432.1", Started())
    assert strays == ["agi-app-unknown"]


async def test_a_call_that_ended_is_no_longer_registered() -> None:
    router = Router()
    router.open(RecordingAri(), "agi-app-1")
    assert "agi-app-1" in router
    router.deliver("agi-app-1", Destroyed(16, None))
    assert not list(router)
