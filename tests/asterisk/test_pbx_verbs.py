"""Requests on one socket run one after another: the ones we send there never wait for a prompt."""

from __future__ import annotations

import asyncio
import time

import pytest

from agi_app.errors import RequestFailed
from agi_app.pbx.ari.connection import EVENT_FILTER
from agi_app.pbx.ari.object_names import DIAL_BRIDGE
from agi_app.pbx.ari.socket_verbs import NON_BLOCKING, is_non_blocking, shape
from agi_app.pbx.ari.websocket import Body, Params
from agi_app.pbx.channel import Channel
from sandbox.asterisk import Asterisk
from tests.asterisk.client import TRUNK, Client, connected, number, ping, settings_of

pytestmark = pytest.mark.asterisk

Request = tuple[str, str, Params | None, Body | None]


async def play_long(client: Client, asterisk: Asterisk) -> Channel:
    channel = await client.answered(number("10"))
    await channel.play(f"{channel.id}-long", f"sound:{asterisk.prompts_path}/long")
    return channel


async def test_a_blocking_verb_holds_up_the_raw_socket_but_not_our_client(asterisk: Asterisk) -> None:
    async with connected(settings_of(asterisk, heartbeat=60.0)) as client:
        channel = await play_long(client, asterisk)
        variable = ("POST", f"channels/{channel.id}/variable", {"variable": "X", "value": "1"})

        start = time.monotonic()
        asked = asyncio.create_task(client.ari.request(*variable))
        await asyncio.sleep(0.05)
        assert await ping(client.ari) < 1
        other = await client.call(number("21"))
        assert time.monotonic() - start < 1, "a ping and an originate pass"
        assert other.ended is None
        with pytest.raises(RequestFailed, match=r"within 2 s"):
            await asked

        raw = asyncio.create_task(client.ari.request_over_socket(*variable, timeout=20))
        await asyncio.sleep(0.05)
        with pytest.raises(RequestFailed, match="no answer"):
            await client.ari.request("GET", "asterisk/ping", timeout=5.2)
        await asyncio.to_thread(asterisk.cli, "channel request hangup all")
        await raw
        assert await ping(client.ari) < 1, "only the end of the prompt let it go on"


async def test_our_channel_refuses_to_set_a_variable_while_a_prompt_plays(asterisk: Asterisk, client: Client) -> None:
    channel = await play_long(client, asterisk)
    start = time.monotonic()
    with pytest.raises(RequestFailed, match="a prompt is playing"):
        await channel.set_variable("COLOUR", "blue")
    assert time.monotonic() - start < 0.1
    await channel.stop_playback(f"{channel.id}-long")
    while channel.playing:
        assert await channel.next_event(2) is not None
    await channel.set_variable("COLOUR", "是/&+")
    assert await channel.get_variable("COLOUR") == "是/&+"
    with pytest.raises(RequestFailed) as raised:
        await channel.get_variable("NOT_SET")
    assert raised.value.status == 404


def requests_on(channel: Channel, media: str) -> list[Request]:
    """Every non-blocking verb once, in an order in which each is possible."""
    of = f"channels/{channel.id}"
    new = {"endpoint": f"PJSIP/99986000000021@{TRUNK}", "app": "agi-app", "channelId": f"{channel.id}-x"}
    bridge = f"bridges/{DIAL_BRIDGE}verbs"
    return [
        ("GET", "asterisk/ping", None, None),
        ("POST", "asterisk/variable", {"variable": "VERB", "value": "1"}, None),
        ("GET", "asterisk/variable", {"variable": "VERB"}, None),
        ("PUT", "applications/agi-app/eventFilter", None, EVENT_FILTER),
        ("GET", "applications/agi-app", None, None),
        ("POST", "applications/agi-app/subscription", {"eventSource": f"channel:{channel.id}"}, None),
        ("GET", "channels", None, None),
        ("POST", "channels/create", None, {**new, "variables": {"CONNECTEDLINE(num,i)": "+998612340001"}}),
        ("GET", of, None, None),
        ("GET", f"{of}/variable", {"variable": "CHANNEL(state)"}, None),
        ("GET", f"{of}/rtp_statistics", None, None),
        ("POST", f"{of}/dtmf", {"dtmf": "1"}, None),
        ("POST", f"{of}/hold", None, None),
        ("DELETE", f"{of}/hold", None, None),
        ("POST", f"{of}/moh", None, None),
        ("DELETE", f"{of}/moh", None, None),
        ("POST", f"{of}/mute", {"direction": "in"}, None),
        ("DELETE", f"{of}/mute", {"direction": "in"}, None),
        ("POST", f"{of}/play", None, {"media": media}),
        ("POST", f"{of}/play/second", None, {"media": media}),
        ("POST", f"{of}/record", {"name": channel.id, "format": "wav", "maxDurationSeconds": "1"}, None),
        ("POST", f"{of}/record", None, {"name": f"{channel.id}-2", "format": "sln"}),
        ("POST", f"recordings/live/{channel.id}/stop", None, None),
        ("DELETE", f"recordings/live/{channel.id}-2", None, None),
        ("POST", f"{of}/ring", None, None),
        ("DELETE", f"{of}/ring", None, None),
        ("POST", f"{of}/snoop", {"app": "agi-app", "spy": "in"}, None),
        ("POST", f"{of}/snoop/{channel.id}-snoop", {"app": "agi-app", "spy": "in"}, None),
        ("GET", "playbacks/second", None, None),
        ("DELETE", "playbacks/second", None, None),
        ("POST", bridge, {"type": "mixing"}, None),
        ("POST", f"{bridge}/addChannel", {"channel": new["channelId"]}, None),
        ("POST", f"channels/{new['channelId']}/dial", {"timeout": "5"}, None),
        ("POST", f"{bridge}/removeChannel", {"channel": new["channelId"]}, None),
        ("DELETE", bridge, None, None),
        ("POST", f"{of}/continue", {"context": "nowhere", "extension": "s", "priority": "1"}, None),
        ("DELETE", of, None, None),
    ]


async def test_no_verb_on_the_socket_waits_for_the_prompt(asterisk: Asterisk, client: Client) -> None:
    channel = await play_long(client, asterisk)
    todo = requests_on(channel, f"sound:{asterisk.prompts_path}/long")
    assert {shape(method, uri) for method, uri, _, _ in todo} == NON_BLOCKING, "each verb is measured"
    for method, uri, query, body in todo:
        assert is_non_blocking(method, uri)
        start = time.monotonic()
        verb = asyncio.create_task(client.ari.request(method, uri, query, body, timeout=5))
        await asyncio.sleep(0)
        await client.ari.request("GET", "asterisk/ping", timeout=5)
        assert time.monotonic() - start < 0.5, f"{method} {uri} held up a ping"
        await verb


async def test_a_verb_that_may_block_works_over_http(client: Client) -> None:
    channel = await client.answered(number("10"))
    await client.ari.request("POST", f"channels/{channel.id}/variable", {"variable": "X", "value": "y"})
    assert await channel.get_variable("X") == "y"
