"""A person is transferred to somebody of ours, on a real Asterisk: talk, ways back, and who is left when it ends."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from agi_app.calls.call_plan import TransferOrder
from agi_app.config.ami import AmiSettings
from agi_app.config.destinations import DestinationSettings
from agi_app.dialer.agents.availability import AgentWatch
from agi_app.dialer.agents.transfer_to_agent import Transfers
from agi_app.dialer.live_calls import LiveCalls
from agi_app.dialer.node import Node
from agi_app.pbx.ari.events import Destroyed, Key, PlaybackFinished
from agi_app.pbx.bridges import join, remove_empty
from agi_app.pbx.channel import Channel
from agi_app.pbx.reconcile import live_channels
from sandbox.asterisk import Asterisk
from tests.asterisk.client import CALLER_ID, DESKS, Client, number, wait_for
from tests.asterisk.sip import Sip

pytestmark = pytest.mark.asterisk


@pytest.fixture
def sound(asterisk: Asterisk) -> str:
    """Half a second of something."""
    return f"sound:{asterisk.prompts_path}/short"


def desk(behaviour: str) -> str:
    """A phone of ours, played by the carrier as well."""
    return f"PJSIP/desk-{behaviour}"


async def transfer(client: Client, person: Channel, endpoint: str, whisper: str | None = None) -> str:
    nothing: Any = None
    node = Node("n", nothing, client.ari, client.router, client.clock, cast(Any, None), LiveCalls())
    desks = {"desk": DestinationSettings(endpoint=endpoint)}
    attempt = person.id.removeprefix("agi-app-")
    order = TransferOrder(person.id, attempt, CALLER_ID, "h1", "desk", 1.0, 30.0, whisper)
    return await Transfers(node, AgentWatch(node, desks, AmiSettings(), str)).run(order)


async def alone(client: Client, person: Channel, sound: str) -> None:
    """The person is the only channel, no bridge is left, and a prompt is heard."""
    left: list[str] = []
    for _ in range(60):
        left = [c.id for c in await live_channels(client.ari)]
        if left == [person.id]:
            break
        await asyncio.sleep(0.05)
    assert left == [person.id]
    assert await client.bridges() == {}
    await person.play("after", sound)
    assert not (await wait_for(person, PlaybackFinished)).failed
    assert len([*client.router]) == 1


@pytest.mark.parametrize(
    ("behaviour", "result"), [("11", "done"), ("20", "busy"), ("21", "no_answer"), ("22", "failed")]
)
async def test_whatever_comes_of_it_the_person_is_ours_again(
    client: Client, sound: str, behaviour: str, result: str
) -> None:
    person = await client.answered(number("10"))
    assert await transfer(client, person, desk(behaviour)) == result
    await alone(client, person, sound)


async def test_a_destination_that_asterisk_does_not_know_is_failed(client: Client, sound: str) -> None:
    person = await client.answered(number("10"))
    assert await transfer(client, person, "PJSIP/nobody") == "failed"
    await alone(client, person, sound)


async def test_the_opt_out_key_is_heard_while_they_talk_and_ends_the_other_leg(client: Client, sound: str) -> None:
    person = await client.answered(number("12"))  # presses 9 after four seconds
    talk = asyncio.ensure_future(transfer(client, person, desk("10"), sound))
    key = await wait_for(person, Key, timeout=60)
    assert key.digit == "9"
    assert [len(both) for both in (await client.bridges()).values()] == [2], "they talked when the key came"
    talk.cancel()
    with pytest.raises(asyncio.CancelledError):
        await talk
    await alone(client, person, sound)


async def test_the_other_leg_ends_with_the_person(client: Client, sip: Sip) -> None:
    """The runner cancels when the person's channel has ended; the destination hears it at once."""
    person, other = await client.answered(number("11")), DESKS[0]
    before = sip.count(other, "BYE")
    talk = asyncio.ensure_future(transfer(client, person, desk("10")))
    await wait_for(person, Destroyed, timeout=60)
    talk.cancel()
    for _ in range(150):
        if sip.count(other, "BYE") > before:
            break
        await asyncio.sleep(0.02)
    assert sip.count(other, "BYE") == before + 1
    with pytest.raises(asyncio.CancelledError):
        await talk
    assert await bridges_become(client, set()) == set()


async def bridges_become(client: Client, wanted: set[str]) -> set[str]:
    """The bridges of Asterisk, when it has had a second: it answers a DELETE before it has forgotten the bridge."""
    ids: set[str] = set()
    for _ in range(20):
        ids = set(await client.bridges())
        if ids == wanted:
            break
        await asyncio.sleep(0.05)
    return ids


async def test_bridges_that_a_crash_left_behind_are_removed(client: Client) -> None:
    """Only empty ones of ours: whoever talks now goes on talking."""
    person = await client.answered(number("10"))
    for bridge in ("agi-app-left-talk", "somebody-elses"):
        await client.ari.request("POST", f"bridges/{bridge}", {"type": "mixing"})
    await join(client.ari, "agi-app-busy-talk", person.id)
    assert await remove_empty(client.ari) == 2, "and the one in which the person's call was dialled"
    wanted = {"agi-app-busy-talk", "somebody-elses"}
    assert await bridges_become(client, wanted) == wanted
    for bridge in wanted:
        await client.ari.request("DELETE", f"bridges/{bridge}")
