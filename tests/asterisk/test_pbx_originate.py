"""What becomes of a call that is dialled: outcomes, caller ID, limits, and that nobody is dialled twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from agi_app.errors import RequestFailed, SafetyError
from agi_app.gate.permit import InternalLeg
from agi_app.pbx import originate
from agi_app.pbx.ari import events
from agi_app.pbx.ari.events import Destroyed, FarEndEnded, Key, Left, Lost, PlaybackFinished, Progress, Ringing, Started
from agi_app.pbx.ari.object_names import DIAL_BRIDGE
from agi_app.pbx.bridges import remove_empty
from agi_app.pbx.reconcile import live_channels
from sandbox.asterisk import Asterisk
from tests.asterisk.client import (
    CALLER_ID,
    Client,
    all_events,
    connected,
    dial_string,
    number,
    permit_for,
    ping,
    settings_of,
    wait_for,
)
from tests.asterisk.proxy import wire
from tests.asterisk.sip import Sip

pytestmark = pytest.mark.asterisk
TERMS: originate.ChannelTerms = {
    "dial_string": lambda number, _: dial_string(number),
    "ring_timeout": 5,
    "max_call": 5,
    "variables": {},
}


@pytest.mark.parametrize(
    ("behaviour", "code", "cause"),
    [
        ("20", 486, 17),
        ("22", 404, 1),
        ("23", 603, 21),
        ("24", 503, 34),
        ("29", 480, 19),
        ("30", 410, 22),
        ("31", 484, 28),
        ("32", 500, 38),
        ("33", 488, 58),
    ],
)
async def test_a_final_answer_of_the_carrier(client: Client, behaviour: str, code: int, cause: int) -> None:
    seen = await all_events(await client.call(number(behaviour)))
    assert [type(event) for event in seen if event != Ringing()] == [FarEndEnded, Destroyed]
    end = seen[-1]
    assert isinstance(end, Destroyed)
    assert (end.cause, end.tech_cause) == (cause, code)


async def test_only_the_evidence_tells_a_ring_out_from_a_silent_trunk(client: Client) -> None:
    ring_out, silent = await asyncio.gather(
        client.call(number("21"), ring_timeout=1), client.call(number("26"), ring_timeout=1)
    )
    after_ringing, after_silence = await all_events(ring_out), await all_events(silent)
    assert after_ringing == [Ringing(), Destroyed(19, 480)]
    assert after_silence == [Destroyed(19, 480)]


async def test_early_audio_is_evidence_too(client: Client) -> None:
    channel = await client.call(number("34"))
    assert await channel.next_event(5) == Progress()
    await wait_for(channel, Started)


async def test_a_call_with_a_prompt_and_a_key_in_order(asterisk: Asterisk, client: Client) -> None:
    channel = await client.answered(number("02"))
    await channel.play("p-1", f"sound:{asterisk.prompts_path}/short")
    assert await wait_for(channel, PlaybackFinished) == PlaybackFinished("p-1")
    assert (await wait_for(channel, Key)).digit == "2"
    await channel.hangup()
    assert await all_events(channel) == [Left(), Destroyed(16, None)]


async def test_a_callee_who_hangs_up(client: Client) -> None:
    channel = await client.call(number("11"))
    seen = await all_events(channel)
    assert seen == [Ringing(), Started(), FarEndEnded(None, 16), Left(), Destroyed(16, None)]
    await channel.hangup()
    with pytest.raises(RequestFailed) as raised:
        await channel.play("p-2", "sound:beep")
    assert raised.value.status == 404


async def test_a_prompt_that_does_not_exist_is_reported(client: Client) -> None:
    channel = await client.answered(number("10"))
    await channel.play("p-3", "sound:/nowhere/nothing")
    assert await wait_for(channel, PlaybackFinished) == PlaybackFinished("p-3", failed=True)


async def test_the_callee_sees_our_number_with_its_plus(client: Client, sip: Sip) -> None:
    callee = number("20")
    await all_events(await client.call(callee))
    (call,) = await sip.calls(callee)
    assert call.from_user == CALLER_ID


async def test_an_internal_leg_shows_its_own_number(client: Client, sip: Sip) -> None:
    leg = InternalLeg("leg-1", "front-desk", "PJSIP/desk-20", "+998612340002")
    channel = await originate.place_internal(client.ari, client.router, leg, ring_timeout=5, max_call=5)
    await all_events(channel)
    calls = await sip.calls("9998610920")
    assert calls[-1].from_user == "+998612340002"


@pytest.mark.attack("row 4: a leg to a number behind a trunk")
@pytest.mark.parametrize(
    "endpoint",
    [
        "PJSIP/+999861380000001@sandbox-carrier",
        "PJSIP/sandbox-carrier/sip:+999861380000001@127.0.0.1",
        "PJSIP/desk-20&PJSIP/+999861380000001@sandbox-carrier",
        "Local/+999861380000001@agi-app-queue/n&PJSIP/desk-20",
        "DAHDI/g1/999861380000001",
    ],
)
def test_nothing_but_a_permit_dials_a_number_behind_a_trunk(endpoint: str) -> None:
    with pytest.raises(SafetyError, match="not your own phone"):
        InternalLeg("leg-1", "front-desk", endpoint, "+998612340002")


@pytest.mark.parametrize("caller_id", ["", "anonymous", "13800000000", "+0123456"])
async def test_no_caller_id_no_call(client: Client, sip: Sip, caller_id: str) -> None:
    callee = number("20")
    with pytest.raises(SafetyError, match="caller ID"):
        await client.call(callee, permit=replace(permit_for(callee), caller_id=caller_id))
    assert await sip.calls(callee, wait=0.2) == []


async def test_a_permit_dials_once_and_not_after_it_expired(client: Client, sip: Sip) -> None:
    callee, other = number("20"), number("20")
    permit = permit_for(callee)
    await all_events(await client.call(callee, permit=permit))
    with pytest.raises(SafetyError, match="already used"):
        await client.call(callee, permit=permit)
    with pytest.raises(SafetyError, match="expired"):
        await client.call(other, permit=permit_for(other, lifetime=-0.001))
    assert [call.invites for call in await sip.calls(callee)] == [1]
    assert await sip.calls(other, wait=0.2) == []
    assert len([*client.router]) == 0


async def test_every_call_has_a_longest_length_that_needs_no_worker(asterisk: Asterisk, sip: Sip) -> None:
    callee = number("10")
    async with connected(settings_of(asterisk)) as client:
        channel = await client.answered(callee, ring_timeout=1, max_call=2)
        left = float(await channel.get_variable("TIMEOUT(absolute)"))
        assert 2 < left <= 3, "ring time and call length, from the making of the channel on"
        assert client.task is not None
        client.task.cancel()  # the worker dies; nobody hangs up
    bye = await sip.wait_for(callee, "BYE", 5)
    (call,) = await sip.calls(callee)
    assert 2.9 < bye.at - call.invite_at < 3.5


async def test_a_channel_that_is_not_dialled_calls_nobody_and_is_gone(client: Client, sip: Sip) -> None:
    callee = number("21")
    permit = permit_for(callee)
    async with originate.made(client.ari, client.router, permit, **TERMS) as ready:
        assert not ready.refused
        assert await live_channels(client.ari)
    await asyncio.sleep(0.5)
    assert not await live_channels(client.ari)
    assert await sip.calls(callee) == []
    assert len([*client.router]) == 0


async def test_a_channel_is_dialled_by_its_own_permit_alone(client: Client, sip: Sip) -> None:
    """Not by one for another attempt, nor by one that was used."""
    callee = number("21")
    permit = permit_for(callee, lifetime=5)
    async with originate.made(client.ari, client.router, permit, **TERMS) as ready:
        with pytest.raises(SafetyError, match="another call"):
            await ready.dial(permit_for(callee))
        used = replace(permit)
        used.use(client.clock.monotonic())
        with pytest.raises(SafetyError, match="already used"):
            await ready.dial(used)
        assert await sip.calls(callee) == []
        await ready.dial(permit)
    assert (await sip.wait_for(callee, "INVITE", 2)).method == "INVITE"
    assert len([*client.router]) == 1


async def test_an_unknown_endpoint_fails_at_once(client: Client) -> None:
    permit = permit_for(number("20"))
    channel = await originate.place(
        client.ari, client.router, permit, dial_string=lambda *_: "PJSIP/1@nowhere", ring_timeout=5, max_call=5
    )
    assert await channel.next_event(1) == events.Failed(500, "POST channels/create: Allocation failed (status 500)")
    assert len([*client.router]) == 0


async def test_a_channel_id_in_use_fails(asterisk: Asterisk, client: Client, sip: Sip) -> None:
    permit = permit_for(number("21"))
    await client.call(permit.number, permit=permit)
    client.router.forget(originate.channel_id_of(permit.attempt_id))
    again = permit_for(permit.number)
    again.attempt_id = permit.attempt_id
    channel = await client.call(permit.number, permit=again)
    end = await channel.next_event(1)
    assert isinstance(end, events.Failed)
    assert end.status == 409
    assert len(await sip.calls(permit.number)) == 1


async def test_a_ringing_call_is_cancelled_at_once(client: Client, sip: Sip) -> None:
    callee = number("21")
    channel = await client.call(callee)
    await wait_for(channel, Ringing)
    start = time.monotonic()
    await channel.hangup()
    await sip.wait_for(callee, "CANCEL", 1)
    assert time.monotonic() - start < 1
    assert await all_events(channel) == [Destroyed(16, None)]


@pytest.fixture
def at_the(monkeypatch: pytest.MonkeyPatch) -> Callable[[Client, str, Callable[[], None]], None]:
    """Do something right before a request that ends so is sent: ``/create``, ``/addChannel``, ``/dial`` …"""

    def arrange(client: Client, ending: str, action: Callable[[], None]) -> None:
        real = client.ari.request

        async def request(method: str, uri: str, *rest: Any, **named: Any) -> Any:
            if uri.endswith(ending):
                action()
            return await real(method, uri, *rest, **named)

        monkeypatch.setattr(client.ari, "request", request)
        monkeypatch.setattr(client.ari.dial_bridges, "_request", request)

    return arrange


AtThe = Callable[[Client, str, Callable[[], None]], None]


async def test_a_lost_answer_counts_as_dialled_and_is_never_sent_again(
    asterisk: Asterisk, sip: Sip, at_the: AtThe
) -> None:
    callee = number("21")
    async with wire(asterisk.ari_url) as proxy, connected(settings_of(asterisk, url=proxy.url)) as client:
        at_the(client, "/dial", proxy.hear_nothing)
        placing = asyncio.create_task(client.call(callee))
        await sip.wait_for(callee, "INVITE", 2)
        proxy.swallow_answers = False
        proxy.cut()
        channel = await placing
        end = await channel.next_event(1)
        assert isinstance(end, Lost)
        await sip.wait_for(callee, "CANCEL", 2)
        await asyncio.sleep(0.5)
    assert len(await sip.calls(callee)) == 1


async def test_an_answer_that_comes_too_late_counts_as_dialled(asterisk: Asterisk, sip: Sip, at_the: AtThe) -> None:
    callee = number("21")
    async with (
        wire(asterisk.ari_url) as proxy,
        connected(settings_of(asterisk, url=proxy.url, request_timeout=0.3)) as client,
    ):
        at_the(client, "/dial", proxy.hear_nothing)
        channel = await client.call(callee)
        assert isinstance(await channel.next_event(1), Lost)
        await sip.wait_for(callee, "CANCEL", 2)
        proxy.swallow_answers = False
    assert len(await sip.calls(callee)) == 1


async def test_a_worker_that_stops_while_dialling_ends_the_call(asterisk: Asterisk, sip: Sip, at_the: AtThe) -> None:
    callee = number("21")
    async with wire(asterisk.ari_url) as proxy, connected(settings_of(asterisk, url=proxy.url)) as client:
        at_the(client, "/dial", proxy.hear_nothing)
        placing = asyncio.create_task(client.call(callee))
        await sip.wait_for(callee, "INVITE", 2)
        placing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await placing
        await sip.wait_for(callee, "CANCEL", 2)
        proxy.swallow_answers = False


@pytest.mark.parametrize("step", ["/create", "/addChannel"])
async def test_what_breaks_before_the_dial_was_surely_not_dialled(
    asterisk: Asterisk, sip: Sip, at_the: AtThe, step: str
) -> None:
    """The claim is given back, the permit is unspent, and no channel stays behind."""
    callee = number("21")
    permit = permit_for(callee, lifetime=9)
    async with (
        wire(asterisk.ari_url) as proxy,
        connected(settings_of(asterisk, url=proxy.url, request_timeout=0.3)) as client,
    ):
        at_the(client, step, proxy.hear_nothing)
        with pytest.raises(RequestFailed, match="no answer"):
            await client.call(callee, permit=permit)
        proxy.swallow_answers = False
        await gone(client, originate.channel_id_of(permit.attempt_id))
        permit.use(client.clock.monotonic())
        assert len([*client.router]) == 0
    assert await sip.calls(callee, wait=0.3) == []


async def test_a_stop_while_the_channel_is_being_made_is_in_time(client: Client, sip: Sip, at_the: AtThe) -> None:
    callee = number("21")
    permit, stopped = permit_for(callee, lifetime=9), list[str]()
    at_the(client, "/addChannel", lambda: stopped.append("the person said stop"))
    with pytest.raises(SafetyError, match="the person said stop; nothing was dialled"):
        await originate.place(
            client.ari,
            client.router,
            permit,
            dial_string=lambda number, _: dial_string(number),
            ring_timeout=5,
            max_call=5,
            forbidden=lambda: next(iter(stopped), None),
        )
    await gone(client, originate.channel_id_of(permit.attempt_id))
    permit.use(client.clock.monotonic())
    assert await sip.calls(callee, wait=0.3) == []


async def test_a_channel_that_is_hung_up_before_its_dial_was_surely_not_dialled(
    asterisk: Asterisk, client: Client, sip: Sip, at_the: AtThe
) -> None:
    callee = number("21")
    permit = permit_for(callee, lifetime=9)

    def hang_up() -> None:
        asterisk.cli("channel request hangup all")
        time.sleep(0.3)

    at_the(client, "/dial", hang_up)
    with pytest.raises(RequestFailed, match="nothing was dialled"):
        await client.call(callee, permit=permit)
    assert len([*client.router]) == 0
    assert await sip.calls(callee, wait=0.3) == []


@pytest.mark.parametrize("step", ["/create", "/addChannel", "/dial"])
async def test_a_worker_killed_before_the_dial_leaves_a_channel_that_ends_without_it(
    asterisk: Asterisk, sip: Sip, at_the: AtThe, step: str
) -> None:
    """As after kill -9: nobody tidies up, and the time limit counts from the making of the channel."""
    callee = number("21")
    permit = permit_for(callee, lifetime=9)
    async with wire(asterisk.ari_url) as proxy, connected(settings_of(asterisk, url=proxy.url)) as client:

        def die() -> None:
            assert client.task is not None
            client.task.cancel()
            proxy.cut()
            raise RuntimeError("killed")

        at_the(client, step, die)
        with pytest.raises(RuntimeError, match="killed"):
            await client.call(callee, permit=permit, ring_timeout=1, max_call=1)
    async with connected(settings_of(asterisk)) as heir:  # which hangs up what it finds
        await gone(heir, originate.channel_id_of(permit.attempt_id))
    assert await sip.calls(callee, wait=0.3) == []


async def test_a_channel_that_is_never_dialled_ends_at_its_time(asterisk: Asterisk, client: Client, sip: Sip) -> None:
    body = {
        "endpoint": dial_string(number("21")),
        "app": client.ari.settings.app,
        "channelId": "agi-app-left-alone",
        "variables": {"TIMEOUT(absolute)": "1"},
    }
    await client.ari.request("POST", "channels/create", body=body)
    client.router.open(client.ari, "agi-app-left-alone")  # or it would be ended as one that nobody runs
    await gone(client, "agi-app-left-alone", within=3)


async def gone(client: Client, channel_id: str, within: float = 2) -> None:
    """Until Asterisk has no such channel."""
    for _ in range(round(within / 0.05)):
        if all(channel.id != channel_id for channel in await live_channels(client.ari)):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{channel_id} still lives")


async def test_the_bridges_in_which_calls_wait_are_used_again_and_hold_nobody(client: Client) -> None:
    """After calls of every end, one after the other, there is one; two at once need two."""
    await remove_empty(client.ari)
    for behaviour in ("20", "11", "21", "02"):
        channel = await client.call(number(behaviour), ring_timeout=1)
        if behaviour == "02":
            await wait_for(channel, Started)
            await channel.hangup()
        await all_events(channel)
    assert [members for name, members in await bridges(client) if name.startswith(DIAL_BRIDGE)] == [[]]
    first, second = await asyncio.gather(client.answered(number("10")), client.answered(number("10")))
    await ping(client.ari)  # over the same socket, so they are told to come out, and have
    assert [members for name, members in await bridges(client) if name.startswith(DIAL_BRIDGE)] == [[], []]
    await asyncio.gather(first.hangup(), second.hangup())


async def test_a_bridge_that_somebody_removed_is_made_anew(client: Client, sip: Sip) -> None:
    await all_events(await client.call(number("20")))
    for name, _ in await bridges(client):
        await client.ari.request("DELETE", f"bridges/{name}")
    callee = number("20")
    await all_events(await client.call(callee))
    assert len(await sip.calls(callee)) == 1


async def bridges(client: Client) -> list[tuple[str, list[str]]]:
    """Every bridge that Asterisk shows, and the channels in it."""
    found = (await client.ari.request("GET", "bridges")).decode(list[dict[str, Any]])
    return [(bridge["id"], bridge["channels"]) for bridge in found]


async def test_without_a_connection_nothing_is_dialled_and_the_permit_is_kept(asterisk: Asterisk, sip: Sip) -> None:
    callee = number("20")
    async with wire(asterisk.ari_url) as proxy, connected(settings_of(asterisk, url=proxy.url)) as client:
        proxy.refuse = True
        proxy.cut()
        await asyncio.sleep(0.1)
        permit = permit_for(callee, lifetime=5)
        with pytest.raises(RequestFailed, match="nothing was dialled"):
            await client.call(callee, permit=permit)
        permit.use(client.clock.monotonic())
    assert await sip.calls(callee, wait=0.2) == []
