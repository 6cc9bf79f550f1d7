"""Recordings of a real Asterisk: what is said is heard, nothing of it stays in the spool, nobody waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from agi_app.pbx.ari.events import Destroyed, Key, PlaybackFinished, Started, TalkingFinished, TalkingStarted
from agi_app.pbx.channel import Channel
from agi_app.pbx.media.recording_spool import RecordingSpool
from agi_app.recordings.files import talk_seconds
from sandbox.asterisk import Asterisk
from tests.asterisk.client import Client, connected, number, permit_for, settings_of, wait_for
from tests.asterisk.proxy import wire
from tests.asterisk.talker import Talker

pytestmark = pytest.mark.asterisk


@pytest.fixture
async def spool(client: Client, asterisk: Asterisk) -> AsyncIterator[RecordingSpool]:
    """What takes the recordings of this worker; other tests of this Asterisk record without one and leave theirs."""
    for left in asterisk.recording_dir.iterdir():
        left.unlink()
    client.spool = spool = RecordingSpool(client.ari)
    deleting = asyncio.create_task(spool.run())
    yield spool
    deleting.cancel()


async def answered(client: Client, talker: Talker) -> Channel:
    permit = permit_for(number("10"))
    channel = await client.call(permit.number, permit=permit, endpoint=talker.endpoint(permit.number), listens=True)
    await wait_for(channel, Started)
    return channel


async def until(true: Callable[[], bool]) -> bool:
    """Whether it becomes true within three seconds."""
    for _ in range(60):
        if true():
            return True
        await asyncio.sleep(0.05)
    return False


async def empty(folder: Path) -> bool:
    return await until(lambda: not any(folder.iterdir()))


def loud(pcm: bytes) -> bool:
    return max(abs(v) for v in memoryview(pcm).cast("h")) > 3000


async def test_talk_breaks_the_prompt_off_and_is_heard_at_once(
    client: Client, spool: RecordingSpool, asterisk: Asterisk, tmp_path: Path
) -> None:
    with Talker(tmp_path, [1.0, 1.5]) as talker:
        channel = await answered(client, talker)
        await channel.play(f"{channel.id}-p1", f"sound:{asterisk.prompts_path}/long")
        await wait_for(channel, TalkingStarted)
        name, start = f"{channel.id}-r2", time.monotonic()
        await channel.stop_playback(f"{channel.id}-p1")
        with spool.wanted(name):
            await spool.start(name, channel.id, 8.0, beside=False)
            assert time.monotonic() - start < 0.5, "it does not wait for the prompt"
            await wait_for(channel, TalkingFinished)
            await spool.stop(name)
            assert await spool.ended(name, 1.0)
            pcm = await spool.take(name)
        assert 1.2 < len(pcm) / 16000 < 2.6, "the talk and the pause behind it"
        assert loud(pcm)
        assert await empty(asterisk.recording_dir)


async def test_an_ear_hears_beside_the_prompt_which_goes_on(
    client: Client, spool: RecordingSpool, asterisk: Asterisk, tmp_path: Path
) -> None:
    with Talker(tmp_path, [0.6, 1.0]) as talker:
        channel = await answered(client, talker)
        await channel.play(f"{channel.id}-p1", f"sound:{asterisk.prompts_path}/long")
        await wait_for(channel, TalkingStarted)
        name = f"{channel.id}-r2"
        with spool.wanted(name):
            await spool.start(name, channel.id, 8.0, beside=True)
            await wait_for(channel, TalkingFinished)
            await spool.stop(name)
            assert await spool.ended(name, 1.0)
            pcm = await spool.take(name)
        assert loud(pcm)
        assert f"{channel.id}-p1" in channel.playing
        assert await empty(asterisk.recording_dir)
        assert await until(lambda: len(asterisk.cli("core show channels concise").split()) == 1), "the ear ends"
        assert client.strays == []


async def test_words_before_the_hangup_are_heard(
    client: Client, spool: RecordingSpool, asterisk: Asterisk, tmp_path: Path
) -> None:
    with Talker(tmp_path, [0.5, 2.0], hangs_up_after_s=1.6) as talker:
        channel = await answered(client, talker)
        name = f"{channel.id}-r1"
        with spool.wanted(name):
            await spool.start(name, channel.id, 8.0, beside=False)
            await wait_for(channel, Destroyed)
            assert await spool.ended(name, 1.0)
            assert loud(await spool.take(name))
        assert await empty(asterisk.recording_dir)


async def test_what_nobody_wants_any_more_is_thrown_away(
    client: Client, spool: RecordingSpool, asterisk: Asterisk, tmp_path: Path
) -> None:
    with Talker(tmp_path, [0.5, 1.0]) as talker:
        channel = await answered(client, talker)
        with spool.wanted(f"{channel.id}-r1"):
            await spool.start(f"{channel.id}-r1", channel.id, 8.0, beside=False)
            await asyncio.sleep(0.3)
        assert await empty(asterisk.recording_dir), "while the channel lives on"
        await channel.play(f"{channel.id}-p2", f"sound:{asterisk.prompts_path}/short")
        assert not (await wait_for(channel, PlaybackFinished)).failed, "nothing holds the next prompt up"


async def test_a_key_is_heard_while_it_records(client: Client, spool: RecordingSpool) -> None:
    channel = await client.answered(number("12"))  # presses 9 after four seconds
    with spool.wanted(f"{channel.id}-r1"):
        await spool.start(f"{channel.id}-r1", channel.id, 20.0, beside=False)
        assert (await wait_for(channel, Key, timeout=60)).digit == "9"


async def test_what_a_crash_left_is_deleted_and_other_recordings_stay(
    client: Client, spool: RecordingSpool, asterisk: Asterisk
) -> None:
    ours, other = asterisk.recording_dir / "agi-app-t0-r1.sln", asterisk.recording_dir / "voicemail-7.wav"
    for file in (ours, other):
        file.write_bytes(b"\0" * 320)
    await spool.sweep()
    assert await until(lambda: not ours.exists())
    assert other.exists()
    other.unlink()


async def test_silence_ends_a_message(
    client: Client, spool: RecordingSpool, asterisk: Asterisk, tmp_path: Path
) -> None:
    with Talker(tmp_path, [0.5, 2.0]) as talker:
        channel = await answered(client, talker)
        name = f"{channel.id}-m1"
        with spool.wanted(name):
            await spool.start(name, channel.id, 30.0, silence=2)
            assert not await spool.ended(name, 2.0)
            assert await spool.ended(name, 5.0)
            pcm = await spool.take(name)
        assert loud(pcm)
        assert 1.5 < talk_seconds(pcm, 256) < 2.5
        assert await empty(asterisk.recording_dir)


async def test_both_sides_of_a_call_beside_a_prompt_until_the_hangup(
    client: Client, spool: RecordingSpool, asterisk: Asterisk, tmp_path: Path
) -> None:
    """As long as the call lasts, and no part is missing where nobody makes a sound."""
    with Talker(tmp_path, [1.0, 1.0, 1.5, 1.0]) as talker:
        channel = await answered(client, talker)
        name, began = f"{channel.id}-c1", time.monotonic()
        with spool.wanted(name):
            await spool.start(name, channel.id, 60.0, both=True)
            await asyncio.sleep(2.4)  # one second of talk is over
            await channel.play(f"{channel.id}-p1", f"sound:{asterisk.prompts_path}/long")
            await asyncio.sleep(1.7)  # the prompt alone, then both
            await channel.hangup()
            await wait_for(channel, Destroyed)
            lasted = time.monotonic() - began
            assert await spool.ended(name, 1.0), "with the call"
            pcm = await spool.take(name)
        assert abs(len(pcm) / 16000 - lasted) < 0.3
        quiet, talk, prompt, both = (level(pcm, second) for second in (0.3, 1.4, 2.8, 3.7))
        assert quiet < 100 < 1000 < talk
        assert prompt == pytest.approx(2048, rel=0.05), "the tone of the prompt, which is square"
        assert both > 1.15 * prompt
        assert await empty(asterisk.recording_dir)
        assert await until(lambda: asterisk.cli("core show channels concise").strip() == ""), "its ear ends"
        assert client.strays == []


def level(pcm: bytes, second: float) -> float:
    """The mean amplitude of a fifth of a second."""
    samples = memoryview(pcm).cast("h")[int(second * 8000) : int((second + 0.2) * 8000)]
    return sum(map(abs, samples)) / len(samples)


async def test_the_recording_of_a_call_ends_in_mid_prompt_when_it_is_told_to(
    client: Client, spool: RecordingSpool, asterisk: Asterisk
) -> None:
    channel = await client.answered(number("13"))
    name = f"{channel.id}-c1"
    await channel.play(f"{channel.id}-p1", f"sound:{asterisk.prompts_path}/long")
    with spool.wanted(name):
        await spool.start(name, channel.id, 60.0, both=True)
        await asyncio.sleep(0.5)
        await spool.stop(name)
        assert await spool.ended(name, 1.0)
        assert 0.3 < len(await spool.take(name)) / 16000 < 0.8
    assert f"{channel.id}-p1" in channel.playing
    assert await until(lambda: len(asterisk.cli("core show channels concise").split()) == 1), "the call alone is left"


async def test_a_lost_connection_does_not_end_the_recording_of_a_call(asterisk: Asterisk) -> None:
    async with wire(asterisk.ari_url) as cut, connected(settings_of(asterisk, url=cut.url)) as client:
        client.spool = spool = RecordingSpool(client.ari)
        deleting = asyncio.create_task(spool.run())
        channel = await client.answered(number("13"))
        name = f"{channel.id}-c1"
        with spool.wanted(name):
            await spool.start(name, channel.id, 60.0, both=True)
            cut.cut()
            assert await until(lambda: not client.ari.is_connected)
            await client.ari.connected(5)
            await asyncio.sleep(0.7)
            await spool.stop(name)
            assert await spool.ended(name, 1.0)
            assert len(await spool.take(name)) / 16000 > 0.7
        assert channel.ended is None
        assert await empty(asterisk.recording_dir)
        deleting.cancel()


async def test_what_a_crash_left_of_the_recording_of_a_call_goes_with_its_ear(asterisk: Asterisk) -> None:
    """A worker that is gone at once (kill -9), and the next one."""
    async with connected(settings_of(asterisk)) as client:
        client.spool = spool = RecordingSpool(client.ari)
        channel = await client.answered(number("13"))
        with spool.wanted(f"{channel.id}-c1"):
            await spool.start(f"{channel.id}-c1", channel.id, 60.0, both=True)
            await asyncio.sleep(0.3)
            assert client.task is not None
            client.task.cancel()
            assert [file.name for file in asterisk.recording_dir.iterdir()] == [f"{channel.id}-c1.sln"]
    async with connected(settings_of(asterisk)) as client:  # it hangs up what it inherits
        client.spool = spool = RecordingSpool(client.ari)
        deleting = asyncio.create_task(spool.run())
        await spool.sweep()
        assert await empty(asterisk.recording_dir)
        assert await until(lambda: asterisk.cli("core show channels concise").strip() == "")
        deleting.cancel()
