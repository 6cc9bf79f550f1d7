"""A connection that dies without a word: whoever is on the line waits in silence until we notice and are back."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager

import pytest

from agi_app.errors import RequestFailed
from agi_app.pbx.ari.events import Lost, PlaybackFinished
from agi_app.pbx.channel import Channel
from sandbox.asterisk import Asterisk
from tests.asterisk.client import Client, all_events, connected, number, ping, settings_of, wait_for
from tests.asterisk.proxy import wire
from tests.asterisk.sip import Sip

pytestmark = pytest.mark.asterisk
DEAD_AIR_S = 3.0


@contextmanager
def standing_still(asterisk: Asterisk) -> Iterator[None]:
    """Asterisk does nothing meanwhile, as under a heavy load."""
    os.kill(asterisk.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(asterisk.pid, signal.SIGCONT)


async def lost(request: Awaitable[object]) -> None:
    """A request whose answer cannot come."""
    with pytest.raises(RequestFailed) as raised:
        await request
    assert raised.value.status == 0


async def until(client: Client, *, connected: bool, limit: float) -> None:
    """Wait until the client says so."""
    async with asyncio.timeout(limit):
        while client.ari.is_connected is not connected:  # noqa: ASYNC110 - the client has no such event
            await asyncio.sleep(0.01)


async def answered(client: Client, *numbers: str) -> list[Channel]:
    """Calls that are up."""
    return [await client.answered(callee) for callee in numbers]


async def test_nobody_waits_in_silence_for_longer_than_three_seconds(asterisk: Asterisk, sip: Sip) -> None:
    """A call that missed nothing goes on; one whose prompt ended, was not begun, or whose hangup was lost, ends."""
    numbers = [number("10") for _ in range(4)]
    async with wire(asterisk.ari_url) as proxy, connected(settings_of(asterisk, url=proxy.url)) as client:
        sound = f"sound:{asterisk.prompts_path}"
        hearing, ended, unheard, leaving = await answered(client, *numbers)
        await hearing.play("hearing", f"{sound}/long")
        await ended.play("ended", f"{sound}/short")
        dead_at = time.time()
        proxy.half_open()
        await asyncio.gather(lost(unheard.play("unheard", f"{sound}/long")), lost(leaving.hangup()))
        await client.ari.connected(2)
        for callee in numbers[1:]:
            bye = await sip.wait_for(callee, "BYE", 1)
            assert bye.at - dead_at <= DEAD_AIR_S
        assert isinstance((await all_events(ended, 1))[-1], Lost)
        assert isinstance((await all_events(unheard, 1))[-1], Lost)
        await all_events(leaving, 1)
        await hearing.stop_playback("hearing")
        assert await wait_for(hearing, PlaybackFinished, 1) == PlaybackFinished("hearing")


async def test_nobody_is_dialled_into_a_silence_long_before_it_is_given_up(asterisk: Asterisk, sip: Sip) -> None:
    """A lost originate counts as a call that somebody got; so it must not leave."""
    callee = number("20")
    async with wire(asterisk.ari_url) as proxy, connected(settings_of(asterisk, url=proxy.url)) as client:
        connections = proxy.opened
        proxy.half_open()
        await until(client, connected=False, limit=1.7)
        with pytest.raises(RequestFailed, match="nothing was dialled"):
            await client.call(callee)
        assert proxy.opened == connections, "it is not given up yet"
        await until(client, connected=True, limit=2)
        assert await sip.calls(callee, wait=0.2) == []
        await all_events(await client.call(callee))
        assert len(await sip.calls(callee)) == 1


async def test_an_asterisk_that_stands_still_for_a_second_loses_no_call(asterisk: Asterisk) -> None:
    """It is slow, not gone: the same connection goes on, and with it every call, also one that asked meanwhile."""
    async with wire(asterisk.ari_url) as proxy, connected(settings_of(asterisk, url=proxy.url)) as client:
        sound = f"sound:{asterisk.prompts_path}"
        hearing, asking = await answered(client, number("10"), number("10"))
        await hearing.play("hearing", f"{sound}/short")
        connections = proxy.opened
        with standing_still(asterisk):
            playing = asyncio.create_task(asking.play("asking", f"{sound}/short"))
            await asyncio.sleep(1)
        await playing
        assert await wait_for(hearing, PlaybackFinished, 2) == PlaybackFinished("hearing")
        assert await wait_for(asking, PlaybackFinished, 2) == PlaybackFinished("asking")
        assert (hearing.ended, asking.ended) == (None, None)
        assert proxy.opened == connections


async def test_a_stall_of_our_own_loses_no_call(asterisk: Asterisk) -> None:
    """Longer than the silence of a dead connection: what Asterisk says meanwhile waits in the kernel."""
    async with wire(asterisk.ari_url) as proxy, connected(settings_of(asterisk, url=proxy.url)) as client:
        channel = await client.answered(number("10"))
        await channel.play("heard", f"sound:{asterisk.prompts_path}/short")
        connections = proxy.opened
        time.sleep(client.ari.settings.heartbeat + 0.5)  # noqa: ASYNC251 - the stall
        assert await wait_for(channel, PlaybackFinished, 1) == PlaybackFinished("heard")
        await ping(client.ari)
        assert proxy.opened == connections
