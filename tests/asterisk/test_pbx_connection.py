"""Losing the connection to Asterisk, and getting it back."""

from __future__ import annotations

import asyncio
import time

import pytest

from agi_app.errors import AsteriskError, OtherWorkerError, RequestFailed
from agi_app.pbx.ari.events import Key, Lost, PlaybackFinished, Ringing
from agi_app.pbx.ari.http import probe
from agi_app.pbx.reconcile import live_channels
from sandbox.asterisk import Asterisk
from tests.asterisk.client import Client, all_events, connected, number, ping, settings_of, wait_for
from tests.asterisk.proxy import wire
from tests.asterisk.sip import Sip

pytestmark = pytest.mark.asterisk


async def until_disconnected(client: Client, limit: float = 2) -> float:
    start = time.monotonic()
    async with asyncio.timeout(limit):
        while client.ari.is_connected:  # noqa: ASYNC110 - the client has no such event
            await asyncio.sleep(0.005)
    return time.monotonic() - start


async def test_probe_tells_who_answers(asterisk: Asterisk) -> None:
    info = await probe(settings_of(asterisk))
    assert info.version.startswith(asterisk.version())
    assert info.entity_id == asterisk.entityid


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "wrong"}, "refuses the ARI user"),
        ({"url": "http://127.0.0.1:9/ari"}, "No Asterisk answers at"),
        ({"app": ""}, "answered 400 for application ''"),
    ],
)
async def test_a_first_connect_that_fails_is_fatal(asterisk: Asterisk, change: dict[str, object], words: str) -> None:
    with pytest.raises(AsteriskError, match=words):
        async with connected(settings_of(asterisk, **change)):
            pass


async def test_a_wrong_path_is_explained(asterisk: Asterisk) -> None:
    with pytest.raises(AsteriskError, match="There is no ARI at"):
        await probe(settings_of(asterisk, url=asterisk.ari_url.replace("/ari", "/nowhere")))


async def test_the_event_filter_holds_after_a_reconnect(asterisk: Asterisk) -> None:
    async with wire(asterisk.ari_url) as proxy, connected(settings_of(asterisk, url=proxy.url)) as client:
        for _ in range(2):
            channel = await client.answered(number("10"))
            await channel.set_variable("COLOUR", "blue")
            await ping(client.ari)
            kinds = {frame.type for frame in client.frames}
            assert "ChannelVarset" not in kinds
            assert {"Dial", "StasisStart"} <= kinds
            client.frames.clear()
            proxy.cut()
            await until_disconnected(client)
            await client.ari.connected(5)


async def test_a_second_worker_stops_the_first_for_good(asterisk: Asterisk) -> None:
    async with connected(settings_of(asterisk)) as first, connected(settings_of(asterisk)) as second:
        assert first.task is not None
        with pytest.raises(OtherWorkerError) as raised:
            await asyncio.wait_for(asyncio.shield(first.task), 2)
        assert raised.value.exit_code == 3
        await asyncio.sleep(0.3)
        assert second.ari.is_connected, "the first did not come back"
        with pytest.raises(RequestFailed, match="nothing was dialled"):
            await first.call(number("20"))


async def test_calls_over_a_lost_connection(asterisk: Asterisk, sip: Sip) -> None:
    """Kept: the ringing one and the one whose prompt still plays. Ended: those whose wait is over."""
    async with (
        wire(asterisk.ari_url) as proxy,
        connected(settings_of(asterisk, url=proxy.url, first_retry=1.2)) as client,
    ):
        sound = f"sound:{asterisk.prompts_path}"
        missed_number = number("10")
        ringing = await client.call(number("21"))
        hearing = await client.answered(number("10"))
        waiting = await client.answered(number("12"))
        missed = await client.answered(missed_number)
        gone = await client.answered(number("11"))
        await hearing.play("hearing", f"{sound}/long")
        await missed.play("missed", f"{sound}/short")
        await wait_for(ringing, Ringing)
        proxy.cut()
        await until_disconnected(client)
        await client.ari.connected(5)

        assert ringing.ended is None
        assert hearing.ended is None
        assert waiting.ended is None
        assert isinstance((await all_events(gone))[-1], Lost)
        assert isinstance((await all_events(missed))[-1], Lost)
        await sip.wait_for(missed_number, "BYE", 1)

        await hearing.stop_playback("hearing")
        assert await wait_for(hearing, PlaybackFinished, 1) == PlaybackFinished("hearing")
        assert (await wait_for(waiting, Key)).digit == "9", "keys arrive again"
        await ringing.hangup()
        await all_events(ringing, 2)


async def test_a_call_answered_while_we_were_away_is_not_left_in_dead_air(asterisk: Asterisk, sip: Sip) -> None:
    callee = number("10")
    async with (
        wire(asterisk.ari_url) as proxy,
        connected(settings_of(asterisk, url=proxy.url, first_retry=0.6)) as client,
    ):
        channel = await client.call(callee)
        proxy.cut()
        end = (await all_events(channel, 3))[-1]
        assert isinstance(end, Lost)
        await sip.wait_for(callee, "BYE", 1)


async def test_an_answer_told_to_a_dead_socket_is_not_left_in_dead_air(asterisk: Asterisk, sip: Sip) -> None:
    callee = number("10")
    async with wire(asterisk.ari_url) as proxy, connected(settings_of(asterisk, url=proxy.url)) as client:
        channel = await client.call(callee)
        proxy.freeze = True  # Asterisk still believes that we listen: the call enters our application
        await asyncio.sleep(0.6)
        proxy.cut()
        proxy.freeze = False
        end = (await all_events(channel, 3))[-1]
        assert isinstance(end, Lost)
        await sip.wait_for(callee, "BYE", 1)


async def test_a_half_open_connection_is_noticed_and_replaced(asterisk: Asterisk) -> None:
    async with (
        wire(asterisk.ari_url) as proxy,
        connected(settings_of(asterisk, url=proxy.url, heartbeat=0.4)) as client,
    ):
        proxy.freeze = True
        assert await until_disconnected(client) < 1
        proxy.cut()
        proxy.freeze = False
        await client.ari.connected(5)
        assert client.task is not None
        assert not client.task.done()


async def test_a_new_worker_hangs_up_what_a_dead_one_left(asterisk: Asterisk, sip: Sip) -> None:
    ringing, talking = number("21"), number("10")
    async with connected(settings_of(asterisk)) as dead:
        await dead.call(ringing)
        await dead.answered(talking)
        assert dead.task is not None
        dead.task.cancel()
        await asyncio.wait({dead.task})
    start = time.monotonic()
    async with connected(settings_of(asterisk)) as heir:
        assert time.monotonic() - start < 2
        await sip.wait_for(ringing, "CANCEL", 2)
        await sip.wait_for(talking, "BYE", 2)
        await asyncio.sleep(0.1)
        assert await live_channels(heir.ari) == []


async def test_a_crash_of_asterisk_ends_every_wait(asterisk: Asterisk) -> None:
    async with connected(settings_of(asterisk)) as client:
        channel = await client.answered(number("10"))
        await asyncio.to_thread(asterisk.kill)
        try:
            await until_disconnected(client)
            assert await channel.next_event(0.3) is None, "not known yet"
            with pytest.raises(RequestFailed):
                await channel.hangup()
        finally:
            await asyncio.to_thread(asterisk.start)
        await client.ari.connected(10)
        assert isinstance((await all_events(channel, 1))[-1], Lost)
        assert (await client.answered(number("10"))).started, "and calls can be made again"
