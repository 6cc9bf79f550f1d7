"""In a call: whoever says "wrong number" has said it once the disk has it, and the call ends as the flow says."""

from __future__ import annotations

import pytest

from agi_app.errors import SafetyError
from agi_app.flow.load import load_flow
from agi_app.model.call import CallResult, Outcome
from agi_app.model.person import WRONG_NUMBER
from agi_app.pbx.ari import events as pbx
from tests.unit.calls.test_runner import BYE, World
from tests.unit.gate_cases import CLAIM

FLOW = load_flow(
    """\
flow: parcel
languages: [en]
identify: {business: {en: Sunshine Couriers}}
start: greeting
nodes:
  greeting:
    - play: greeting
    - gather: {prompt: ask, keys: {"1": yes, "7": stranger}}
      on: {yes: bye, stranger: stranger, no_input: later}
  stranger:
    - call_back: {in: 2h}
    - wrong_number: sorry
  later:
    - call_back: {in: 2h, today_only: true, times: 2}
    - hangup
  bye:
    - hangup
""",
    "parcel.yaml",
)


def answered(*keys: str) -> World:
    world = World(FLOW)
    world.channel.at(1, pbx.Started())
    world.channel.at(4, *(pbx.Key(key) for key in keys))
    return world


async def test_it_is_stored_before_the_last_word_and_the_stop_of_its_own_calls_does_not_cut_that_off() -> None:
    world = answered("7")
    world.stop_comes_back = True
    result = await world.run()
    log = world.channel.log
    assert log.index("store") < log.index("play zh/sorry" if "play zh/sorry" in log else "play en/sorry") < len(log) - 1
    assert world.stops == [(CLAIM.number, WRONG_NUMBER)]
    assert (result.outcome, result.disposition) == (Outcome.ANSWERED, "wrong_number")
    assert result.call_back_at is None, "nobody calls back a number that is the wrong one"


async def test_who_says_it_and_hangs_up_at_once_has_said_it() -> None:
    world = answered("7")
    world.channel.at(4, BYE)
    assert (await world.run()).disposition == "wrong_number"
    assert world.stops == [(CLAIM.number, WRONG_NUMBER)]


async def test_a_stop_in_the_last_word_is_a_stop() -> None:
    world = answered("7")
    world.channel.at(5, pbx.Key("9"))
    result = await world.run()
    assert world.stops == [(CLAIM.number, WRONG_NUMBER), (CLAIM.number, "key")]
    assert result.disposition == "opted_out"


async def test_it_is_not_told_as_done_when_the_disk_does_not_take_it() -> None:
    world = answered("7")
    world.store_error = SafetyError("the disk is full")
    result = await world.run()
    assert not any("sorry" in line for line in world.channel.log)
    assert "the disk is full" in str(result.note)


@pytest.mark.parametrize("hangs_up", [False, True])
async def test_the_wish_to_call_again_is_the_flows_not_the_persons(hangs_up: bool) -> None:
    world = World(FLOW)
    world.channel.at(1, pbx.Started())
    if hangs_up:
        world.channel.at(4, BYE)
    result: CallResult = await world.run()
    if hangs_up:
        assert (result.unasked, result.call_back_at) == (None, None)
        return
    assert result.unasked is not None
    assert (result.unasked.times, result.unasked.today_only, result.answers) == (2, True, {})
    assert result.call_back_at is not None
