"""The live sound of a real call: all of it comes, while prompts play, from Asterisk only, and nothing of it is left."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from agi_app.errors import RequestFailed
from agi_app.pbx.ari.events import Destroyed, Started
from agi_app.pbx.channel import Channel
from agi_app.pbx.media import snoop_taps as module
from agi_app.pbx.media.snoop_taps import EAR, MOUTH, SnoopTaps, samples
from agi_app.recordings.files import talk_seconds
from sandbox.asterisk import Asterisk
from tests.asterisk.client import Client, number, permit_for, wait_for
from tests.asterisk.talker import Talker

pytestmark = pytest.mark.asterisk


@pytest.fixture
async def taps(client: Client) -> AsyncIterator[SnoopTaps]:
    """The taps of this worker."""
    client.taps = taps = SnoopTaps(client.ari)
    tidying = asyncio.create_task(taps.run())
    yield taps
    tidying.cancel()


async def answered(client: Client, talker: Talker) -> Channel:
    permit = permit_for(number("10"))
    channel = await client.call(permit.number, permit=permit, endpoint=talker.endpoint(permit.number))
    await wait_for(channel, Started)
    return channel


async def left(client: Client) -> list[str]:
    """The channels and bridges of taps that Asterisk still has, when there has been time to remove them."""
    ids: list[str] = []
    for _ in range(40):
        found: list[dict[str, object]] = []
        for what in ("channels", "bridges"):
            found += msgspec.json.decode((await client.ari.request("GET", what)).body)
        if not (ids := [str(one["id"]) for one in found if str(one["id"]).endswith((EAR, MOUTH))]):
            break
        await asyncio.sleep(0.05)
    return ids


async def test_all_that_the_person_says_comes_while_a_prompt_plays(
    client: Client, taps: SnoopTaps, asterisk: Asterisk, tmp_path: Path
) -> None:
    heard: list[bytes] = []
    with Talker(tmp_path, [1.0, 1.5, 0.5, 0.5]) as talker:
        channel = await answered(client, talker)
        await channel.play(f"{channel.id}-p1", f"sound:{asterisk.prompts_path}/long")
        async with taps.open(channel.id, heard.append, 60.0):
            await asyncio.sleep(4.2)
            assert channel.playing, "the prompt was not touched"
        assert await left(client) == []
        await channel.hangup()
    pcm = b"".join(heard)
    assert len(pcm) / 16000 == pytest.approx(4.2, abs=0.4), "without gaps"
    assert talk_seconds(pcm, 256) == pytest.approx(2.0, abs=0.3)


async def test_a_tap_ends_with_its_call(client: Client, taps: SnoopTaps, tmp_path: Path) -> None:
    heard: list[bytes] = []
    with Talker(tmp_path, [0.2], hangs_up_after_s=0.8) as talker:
        channel = await answered(client, talker)
        async with taps.open(channel.id, heard.append, 60.0):
            await wait_for(channel, Destroyed)
    assert heard
    assert await left(client) == []
    assert client.strays == []


async def test_nobody_else_can_put_words_into_a_person_s_mouth(
    client: Client, taps: SnoopTaps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[bytes] = []
    made: list[socket.socket] = []
    bound = module._bound

    def noted(url: str) -> socket.socket:
        made.append(bound(url))
        return made[-1]

    monkeypatch.setattr(module, "_bound", noted)
    words = b"\x80\x00" + bytes(10) + b"\x7f\x7f" * 160
    assert talk_seconds(samples(words) * 50, 256) > 0.5, "it would be heard"
    with Talker(tmp_path, [0.2]) as talker, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        channel = await answered(client, talker)
        async with taps.open(channel.id, heard.append, 60.0):
            for _ in range(50):
                stranger.sendto(words, made[0].getsockname())
                await asyncio.sleep(0.01)
        await channel.hangup()
    assert heard
    assert talk_seconds(b"".join(heard), 256) == 0


async def test_a_call_that_is_over_cannot_be_followed_and_nothing_stays(client: Client, taps: SnoopTaps) -> None:
    with pytest.raises(RequestFailed):
        async with taps.open("agi-app-nobody", print, 60.0):
            pytest.fail("there is no such call")
    assert await left(client) == []
