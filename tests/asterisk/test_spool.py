"""Recordings of a real Asterisk: what is said is heard, nothing of it stays in the spool, nobody waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from agi_app.pbx.channel import Channel
from agi_app.pbx.events import Destroyed, Key, PlaybackFinished, Started, TalkingFinished, TalkingStarted
from agi_app.pbx.spool import Spool
from agi_app.recordings.files import talk_seconds
from sandbox.asterisk import Asterisk
from tests.asterisk.client import Client, number, permit_for, wait_for
from tests.asterisk.talker import Talker

pytestmark = pytest.mark.asterisk


@pytest.fixture
async def spool(client: Client, asterisk: Asterisk) -> AsyncIterator[Spool]:
    """What takes the recordings of this worker; other tests of this Asterisk record without one and leave theirs."""
    for left in asterisk.recording_dir.iterdir():
        left.unlink()
    client.spool = spool = Spool(client.ari)
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
    client: Client, spool: Spool, asterisk: Asterisk, tmp_path: Path
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
    client: Client, spool: Spool, asterisk: Asterisk, tmp_path: Path
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
    client: Client, spool: Spool, asterisk: Asterisk, tmp_path: Path
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
    client: Client, spool: Spool, asterisk: Asterisk, tmp_path: Path
) -> None:
    with Talker(tmp_path, [0.5, 1.0]) as talker:
        channel = await answered(client, talker)
        with spool.wanted(f"{channel.id}-r1"):
            await spool.start(f"{channel.id}-r1", channel.id, 8.0, beside=False)
            await asyncio.sleep(0.3)
        assert await empty(asterisk.recording_dir), "while the channel lives on"
        await channel.play(f"{channel.id}-p2", f"sound:{asterisk.prompts_path}/short")
        assert not (await wait_for(channel, PlaybackFinished)).failed, "nothing holds the next prompt up"


async def test_a_key_is_heard_while_it_records(client: Client, spool: Spool) -> None:
    channel = await client.answered(number("12"))  # presses 9 after four seconds
    with spool.wanted(f"{channel.id}-r1"):
        await spool.start(f"{channel.id}-r1", channel.id, 20.0, beside=False)
        assert (await wait_for(channel, Key, timeout=8)).digit == "9"


async def test_what_a_crash_left_is_deleted_and_other_recordings_stay(
    client: Client, spool: Spool, asterisk: Asterisk
) -> None:
    ours, other = asterisk.recording_dir / "agi-app-t0-r1.sln", asterisk.recording_dir / "voicemail-7.wav"
    for file in (ours, other):
        file.write_bytes(b"\0" * 320)
    await spool.sweep()
    assert await until(lambda: not ours.exists())
    assert other.exists()
    other.unlink()


async def test_silence_ends_a_message(client: Client, spool: Spool, asterisk: Asterisk, tmp_path: Path) -> None:
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
