"""A person or a machine, by Asterisk's own detection through our dialplan: there, back, and when it cannot be had."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agi_app.calls import attempt as att
from agi_app.calls.event_translation import to_attempt
from agi_app.calls.send_to_amd import detection_variables
from agi_app.model.machine_detection import MachineAction, MachineDetection
from agi_app.pbx import originate
from agi_app.pbx.ari.events import Destroyed, Key, Left, PlaybackFinished, Started
from agi_app.pbx.ari.object_names import AMD, AMD_CONTEXT, SILENCE
from agi_app.pbx.channel import Channel
from sandbox.asterisk import Asterisk
from tests.asterisk.client import TRUNK, Client, connected, number, permit_for, settings_of, wait_for
from tests.asterisk.talker import Talker

pytestmark = pytest.mark.asterisk
DETECTION = MachineDetection(MachineAction.LEAVE_MESSAGE, "message")


async def answered(client: Client, endpoint: str) -> Channel:
    channel = await originate.place(
        client.ari, client.router, permit_for(number("10")), dial_string=lambda *_: endpoint,
        ring_timeout=10, max_call=60, variables=detection_variables(DETECTION),
    )  # fmt: skip
    await wait_for(channel, Started)
    return channel


@pytest.mark.parametrize(
    ("turns", "verdict"),
    [([0.5, 0.6], "person"), ([0.5, 0.4, *[0.2, 0.4] * 9], "machine"), ([3.0], "not_sure"), ([0.3, 4.0], "not_sure")],
    ids=["hello", "greeting", "silence", "noise"],
)
async def test_there_and_back(client: Client, tmp_path: Path, turns: list[float], verdict: str) -> None:
    """A short word and silence is a person, talk for long a machine; no words at all is neither."""
    with Talker(tmp_path, turns) as talker:
        channel = await answered(client, talker.endpoint(number("10")))
        assert await channel.detour(AMD_CONTEXT, AMD)
        back = await wait_for(channel, Started, timeout=60)
        assert to_attempt(back) == att.AmdFinished(att.AnsweredBy(verdict))
        await channel.hangup()
        await wait_for(channel, Destroyed)


async def test_the_wait_for_the_end_of_a_greeting(client: Client, tmp_path: Path) -> None:
    with Talker(tmp_path, [0.2, 2.0]) as talker:
        channel = await answered(client, talker.endpoint(number("10")))
        begun = asyncio.get_running_loop().time()
        assert await channel.detour(AMD_CONTEXT, SILENCE)
        back = await wait_for(channel, Started, timeout=60)
        assert to_attempt(back) == att.GreetingEnded(silent=True)
        assert asyncio.get_running_loop().time() - begun > 3.5  # the talk, and two seconds of silence behind it
        await channel.hangup()
        await wait_for(channel, Destroyed)


async def test_keys_are_heard_while_the_dialplan_has_the_call(client: Client) -> None:
    channel = await client.answered(number("12"))  # presses 9 after four seconds
    assert await channel.detour(AMD_CONTEXT, SILENCE)
    assert (await wait_for(channel, Key, timeout=60)).digit == "9"
    await channel.hangup()
    await wait_for(channel, Destroyed)


async def test_a_place_that_the_dialplan_does_not_have_leaves_the_call_with_us(
    client: Client, asterisk: Asterisk
) -> None:
    channel = await client.answered(number("10"))
    assert not await channel.detour("agi-app-elsewhere", AMD)
    assert channel.started
    await channel.play("after", f"sound:{asterisk.prompts_path}/short")
    assert not (await wait_for(channel, PlaybackFinished)).failed


async def test_a_worker_that_dies_meanwhile_leaves_no_silent_leg(asterisk: Asterisk) -> None:
    """The way back fails, and the dialplan hangs up; far sooner than TIMEOUT(absolute)."""
    async with connected(settings_of(asterisk)) as worker:
        channel = await answered(worker, f"PJSIP/{number('10').removeprefix('+')}@{TRUNK}")
        assert await channel.detour(AMD_CONTEXT, AMD)
    for _ in range(100):
        if "!Up!" not in asterisk.cli("core show channels concise"):
            return
        await asyncio.sleep(0.1)
    pytest.fail("the call is still there")


async def test_without_app_amd_nobody_knows_who_has_answered(client: Client, asterisk: Asterisk) -> None:
    """The call comes back at once, instead of being hung up for an application that is not there."""
    channel = await answered(client, f"PJSIP/{number('10').removeprefix('+')}@{TRUNK}")
    asterisk.cli("module unload app_amd.so")
    try:
        assert await channel.detour(AMD_CONTEXT, AMD)
        assert to_attempt(await wait_for(channel, Started, timeout=2)) == att.AmdFinished(att.AnsweredBy.NOT_SURE)
    finally:
        asterisk.cli("module load app_amd.so")


async def test_a_call_can_be_ended_while_the_dialplan_has_it(client: Client) -> None:
    """At once: a stop, or a deadline that is over, waits for no verdict."""
    channel = await answered(client, f"PJSIP/{number('10').removeprefix('+')}@{TRUNK}")
    assert await channel.detour(AMD_CONTEXT, AMD)
    await wait_for(channel, Left)
    await channel.hangup()
    assert (await wait_for(channel, Destroyed, timeout=1)).cause == 16
