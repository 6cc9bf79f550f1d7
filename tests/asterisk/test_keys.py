"""No stop is lost: the opt-out key counts from its first packet, however it is sent and whatever comes after it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from agi_app.model.call import Outcome
from sandbox.asterisk import Asterisk
from sandbox.ports import free_port
from tests.asterisk.client import TRUNK
from tests.asterisk.phone import PhoneCall
from tests.asterisk.stand import DESKS, DIGITS, FLOW, INBAND, TRANSFER, Stand, Talk, furnish, stand

pytestmark = pytest.mark.asterisk
HELD_S = (0.05, 0.1, 0.2, 0.3, 0.5)


@pytest.fixture(scope="module")
def sip_port() -> int:
    """Where the telephones are."""
    return free_port()


@pytest.fixture(scope="module")
def asterisk(
    tmp_path_factory: pytest.TempPathFactory, asterisk_root: Path, prompts: Path, sip_port: int
) -> Iterator[Asterisk]:
    """An Asterisk whose trunk leads to telephones of the tests."""
    folder = tmp_path_factory.mktemp("keys")
    there = ("127.0.0.1", sip_port)
    with Asterisk(asterisk_root, folder, carrier=there, prompts_dir=prompts, extra_trunks={INBAND: there}) as running:
        furnish(running, sip_port)
        yield running


@pytest.fixture
async def here(asterisk: Asterisk, sip_port: int) -> AsyncIterator[Stand]:
    """Calls can be made and their keys are heard."""
    async with stand(asterisk, sip_port) as made:
        yield made


async def answered(here: Stand, flow: str = FLOW, *, trunk: str = TRUNK, events: bool = True) -> Talk:
    """A call that was answered half a second ago."""
    talk = await here.dial(flow, trunk=trunk)
    await talk.phone.ring()
    await talk.phone.answer(events=events)
    await asyncio.sleep(0.5)
    return talk


async def is_stored(here: Stand, talk: Talk, within_s: float = 2.0) -> bool:
    """Whether its stop is stored, once and no more."""
    number = talk.call.party.number
    for _ in range(round(within_s / 0.05)):
        if number in here.stops:
            break
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.3)  # for a second one
    assert here.stops.count(number) <= 1
    return number in here.stops


@pytest.mark.parametrize("flow", [FLOW, DIGITS], ids=["prompt", "digits"])
async def test_whoever_hangs_up_with_9_still_down_has_said_stop(here: Stand, flow: str) -> None:
    """40 people; in a gather of digits it is * and 9, of which the 9 is never released."""

    async def one(n: int) -> bool:
        talk = await answered(here, flow)
        if flow is DIGITS:
            talk.phone.press("*")
            await asyncio.sleep(0.1)
            talk.phone.release()
            await asyncio.sleep(0.15)
        talk.phone.press("9")
        await asyncio.sleep(HELD_S[n % len(HELD_S)])
        talk.phone.bye()
        await talk.result
        return await is_stored(here, talk)

    found = [await asyncio.gather(*(one(n) for n in range(start, start + 10))) for start in range(0, 40, 10)]
    assert sum(map(sum, found)) == 40


async def test_a_key_whose_first_packet_comes_right_before_the_bye_counts(here: Stand) -> None:
    """By one packet's time; its start may be told after the end of the call, and the stop is stored all the same."""

    async def one() -> bool:
        talk = await answered(here)
        talk.phone.press("9")
        await asyncio.sleep(0.02)
        talk.phone.bye()
        await talk.result
        return await is_stored(here, talk)

    found = [await asyncio.gather(*(one() for _ in range(10))) for _ in range(2)]
    assert sum(map(sum, found)) == 20


async def _whole(phone: PhoneCall) -> None:
    phone.press("9")
    await asyncio.sleep(0.15)
    phone.release()


async def _end_alone(phone: PhoneCall) -> None:
    phone.end_alone("9")


async def _info(phone: PhoneCall) -> None:
    phone.info("9")


@pytest.mark.parametrize("send", [_whole, _end_alone, _info], ids=["begin and end", "end alone", "SIP INFO"])
async def test_a_9_stops_once_however_it_is_told(here: Stand, send: Callable[[PhoneCall], Awaitable[None]]) -> None:
    talk = await answered(here)
    await send(talk.phone)
    assert await is_stored(here, talk)
    result = await asyncio.wait_for(talk.result, 5)
    assert result.disposition == "opted_out"


async def test_a_9_as_tones_stops_where_telephone_event_was_not_agreed(here: Stand) -> None:
    talk = await here.dial()
    await talk.phone.answer(events=False)
    await asyncio.sleep(0.5)
    talk.phone.sing("9")
    assert await is_stored(here, talk)
    await asyncio.wait_for(talk.result, 5)


@pytest.mark.parametrize("events", [True, False], ids=["agreed", "not agreed"])
async def test_with_dtmf_mode_inband_a_9_as_tones_stops_whatever_was_agreed(here: Stand, events: bool) -> None:
    """A gateway may agree to telephone-event and send tones; the same 9 on a trunk with ``auto`` is not heard."""
    talk = await answered(here, trunk=INBAND, events=events)
    assert not talk.phone.offered_events
    talk.phone.sing("9")
    assert await is_stored(here, talk)
    assert (await asyncio.wait_for(talk.result, 5)).disposition == "opted_out"


async def test_with_dtmf_mode_inband_a_9_as_tones_counts_from_its_start(here: Stand) -> None:
    talk = await answered(here, trunk=INBAND)
    talk.phone.sing("9", 1.0)
    await asyncio.sleep(0.2)
    talk.phone.bye()
    assert await is_stored(here, talk)


async def test_with_dtmf_mode_inband_digits_as_tones_are_digits(here: Stand) -> None:
    talk = await answered(here, DIGITS, trunk=INBAND)
    for key in "1994":
        talk.phone.sing(key, 0.1)
        await asyncio.sleep(0.25)
    result = await asyncio.wait_for(talk.result, 5)
    assert (here.stops, result.answers) == ([], {"code": "1994"})


async def test_a_9_among_digits_is_a_digit_from_its_start_to_its_end(here: Stand) -> None:
    """What must not happen: a code with a 9 in it stops nobody."""
    talk = await answered(here, DIGITS)
    for key in "1994":
        talk.phone.press(key)
        await asyncio.sleep(0.12)
        talk.phone.release()
        await asyncio.sleep(0.12)
    result = await asyncio.wait_for(talk.result, 5)
    assert (here.stops, result.answers) == ([], {"code": "1994"})


@pytest.mark.parametrize("held", [False, True], ids=["pressed", "held to the end"])
async def test_a_9_before_the_answer_ends_the_ringing_and_is_stored(here: Stand, held: bool) -> None:
    """In early media, where keys are heard."""
    talk = await here.dial()
    await talk.phone.early()
    await asyncio.sleep(0.5)
    talk.phone.press("9")
    await asyncio.sleep(0.15)
    if not held:
        talk.phone.release()
    assert await is_stored(here, talk)
    result = await asyncio.wait_for(talk.result, 5)
    assert (result.outcome, result.disposition) == (Outcome.CANCELLED, "opted_out")
    assert not result.answered_at


@pytest.mark.parametrize("talks", [False, True], ids=["rings", "talks"])
@pytest.mark.parametrize("hangs_up", [False, True])
async def test_a_9_counts_while_an_agent_rings_and_talks(here: Stand, talks: bool, hangs_up: bool) -> None:
    agents = here.phones.expect(DESKS[0])
    talk = await answered(here, TRANSFER)
    agent = await asyncio.wait_for(agents, 5)
    await agent.ring()
    if talks:
        await agent.answer()
        await asyncio.sleep(0.5)
    talk.phone.press("9")
    await asyncio.sleep(0.1)
    if hangs_up:
        talk.phone.bye()
    assert await is_stored(here, talk)
    result = await asyncio.wait_for(talk.result, 5)
    assert result.disposition == "opted_out"


async def test_other_keys_and_keys_of_the_agent_stop_nobody(here: Stand) -> None:
    agents = here.phones.expect(DESKS[0])
    talk = await answered(here, TRANSFER)
    agent = await asyncio.wait_for(agents, 5)
    await agent.answer()
    await asyncio.sleep(0.5)
    agent.press("9")
    talk.phone.press("5")
    await asyncio.sleep(0.3)
    talk.phone.bye()
    result = await asyncio.wait_for(talk.result, 5)
    assert (here.stops, result.disposition) == ([], "hung_up")


@pytest.mark.parametrize(("held_s", "gap_s"), [(0.05, 0.02), (0.02, 0.02), (0.1, 0.01), (0.03, 0.1)])
async def test_keys_typed_at_machine_speed_are_heard_once_each(here: Stand, held_s: float, gap_s: float) -> None:
    """Asterisk tells of a key twice that comes sooner than 45 ms after another one, or is shorter than 80 ms."""

    async def one() -> dict[str, str]:
        talk = await answered(here, DIGITS.replace("min: 4, max: 4", "min: 1, max: 12"))
        await talk.phone.type_fast("1223344#", held_s, gap_s)
        return dict((await asyncio.wait_for(talk.result, 20)).answers)

    assert await asyncio.gather(*(one() for _ in range(5))) == [{"code": "1223344"}] * 5
