"""Calls of a campaign that looks who has answered, on a fake channel: what is heard and stored, and its end."""

from __future__ import annotations

import pytest

from agi_app.errors import RequestFailed
from agi_app.flow.language.built_in_flows import leaving
from agi_app.model.call import Outcome
from agi_app.model.counted_calls import counts
from agi_app.model.machine_detection import SILENCE_GRACE_S, VERDICT_GRACE_S, MachineAction, MachineDetection, Tuning
from agi_app.pbx.ari import events as pbx
from tests.unit.calls.test_runner import FLOW, World
from tests.unit.fake_channel import HANGUP_TAKES_S

HANG_UP = MachineDetection(MachineAction.HANG_UP)
LEAVE = MachineDetection(MachineAction.LEAVE_MESSAGE, "message")
TREAT = MachineDetection(MachineAction.TREAT_AS_PERSON)
DETOUR, QUIET = "detour agi-app-amd,amd", "detour agi-app-amd,silence"
TIME_S = HANG_UP.tuning.total_analysis_time / 1000


def judged(status: str) -> pbx.Started:
    return pbx.Started(("amd", status, "why"))


def world(detection: MachineDetection, *then: tuple[float, pbx.Event]) -> World:
    """Answered after three seconds, and what happens later."""
    made = World(machine_detection=detection)
    made.channel.at(1, pbx.Ringing()).at(3, pbx.Started())
    for at, event in then:
        made.channel.at(at, event)
    return made


@pytest.mark.parametrize(("status", "outcome"), [("HUMAN", "human"), ("NOTSURE", "answered"), ("", "answered")])
async def test_a_person_gets_the_flow_and_so_does_whoever_may_be_one(status: str, outcome: str) -> None:
    here = world(HANG_UP, (3.1, pbx.Left()), (5, judged(status)))
    result = await here.run()
    assert here.channel.log == [DETOUR, "answered", "play zh/greeting", "play zh/ask", "play zh/ask", "hangup"]
    assert (result.outcome, result.disposition) == (outcome, "completed")


async def test_a_machine_is_hung_up_on_at_once_and_means_nothing() -> None:
    """And no agent is told that somebody is on the line."""
    here = world(HANG_UP, (3.1, pbx.Left()), (5, judged("MACHINE")))
    result = await here.run()
    assert here.channel.log == [DETOUR, "hangup"]
    assert here.seconds == pytest.approx(5 + HANGUP_TAKES_S)
    assert (result.outcome, result.disposition, result.answers) == (Outcome.MACHINE, None, {})
    assert counts(result)


async def test_a_message_is_left_when_the_greeting_is_over() -> None:
    here = world(LEAVE, (5, judged("MACHINE")), (12, pbx.Started(("silence", "SILENCE"))))
    result = await here.run()
    assert here.channel.log == [DETOUR, QUIET, "play zh/message", "hangup"]
    assert (result.outcome, result.disposition, result.note) == (Outcome.MACHINE, None, "a message was left")


async def test_a_machine_that_hangs_up_has_no_whole_message() -> None:
    gone = pbx.Destroyed(0, None)
    here = world(LEAVE, (5, judged("MACHINE")), (12, pbx.Started(("silence", "SILENCE"))), (13, gone))
    result = await here.run()
    assert (result.outcome, result.disposition, result.note) == (Outcome.MACHINE, None, "the message was broken off")


async def test_no_message_into_a_greeting_that_does_not_end() -> None:
    here = world(LEAVE, (5, judged("MACHINE")), (45, pbx.Started(("silence", "TIMEOUT"))))
    result = await here.run()
    assert here.channel.log == [DETOUR, QUIET, "hangup"]
    assert (result.outcome, result.disposition) == (Outcome.MACHINE, None)
    assert "no message was left" in (result.note or "")


async def test_what_a_machine_answers_to_the_flow_means_nothing_but_a_key_proves_a_person() -> None:
    here = world(TREAT, (5, judged("MACHINE")))
    result = await here.run()
    assert here.channel.log == [DETOUR, "answered", "play zh/greeting", "play zh/ask", "play zh/ask", "hangup"]
    assert (result.outcome, result.disposition, result.answers) == (Outcome.MACHINE, None, {})
    keyed = world(TREAT, (5, judged("MACHINE")), (8, pbx.Key("1")))
    result = await keyed.run()
    assert (result.outcome, result.disposition, result.answers) == (Outcome.HUMAN, "confirmed", {"answer": "yes"})


@pytest.mark.parametrize("second", [3.5, 6.0, 12.5], ids=["detection", "greeting", "message"])
async def test_the_opt_out_key_is_taken_at_any_moment(second: float) -> None:
    """While the dialplan has the call no confirmation can be played; the stop is stored and the call ends."""
    quiet = pbx.Started(("silence", "SILENCE"))
    here = world(LEAVE, (5, judged("MACHINE")), (12, quiet), (second, pbx.Key("9")))
    result = await here.run()
    assert [how for _, how in here.stops] == ["key"]
    assert (result.outcome, result.disposition) == (Outcome.HUMAN, "opted_out")
    assert here.channel.log[-1] == "hangup"
    played = [line for line in here.channel.log if line.startswith("play")]
    assert played == (["play zh/message", "play zh/stopped"] if second > 12 else []), (
        "after a stop no question is asked"
    )


async def test_a_detection_that_never_comes_back_ends_the_call() -> None:
    here = world(HANG_UP, (3.1, pbx.Left()))
    result = await here.run()
    assert here.channel.log == [DETOUR, "hangup"]
    assert here.seconds == pytest.approx(3 + TIME_S + VERDICT_GRACE_S + HANGUP_TAKES_S)
    assert (result.outcome, result.disposition) == (Outcome.ABANDONED, None)
    assert result.note == "waited too long for machine detection"


async def test_a_wait_for_silence_that_never_comes_back_ends_the_call() -> None:
    here = world(LEAVE, (5, judged("MACHINE")))
    result = await here.run()
    within = LEAVE.message_within.total_seconds()
    assert here.seconds == pytest.approx(5 + within + SILENCE_GRACE_S + HANGUP_TAKES_S)
    assert result.outcome is Outcome.MACHINE


@pytest.mark.parametrize("refused", [None, RequestFailed("continue", 500, "no"), RequestFailed("continue", 0, "lost")])
async def test_without_our_dialplan_the_flow_begins_at_once(refused: RequestFailed | None) -> None:
    here = world(HANG_UP)
    if refused is None:
        here.channel.no_such_place = True
    else:
        here.channel.fail_with["detour"] = refused
    result = await here.run()
    assert here.channel.log[:3] == [DETOUR, "answered", "play zh/greeting"]
    assert (result.outcome, result.disposition) == (Outcome.ANSWERED, "completed")


async def test_who_hangs_up_during_the_detection_has_said_nothing() -> None:
    here = world(HANG_UP, (3.1, pbx.Left()), (4, pbx.FarEndEnded(None)), (4, pbx.Destroyed(0, None)))
    result = await here.run()
    assert (result.outcome, result.disposition) == (Outcome.ANSWERED, None)
    assert counts(result)


def test_a_message_is_a_flow_of_one_prompt_with_the_way_to_stop_of_the_campaigns_own() -> None:
    flow = leaving(FLOW, "message")
    assert flow.opt_out == FLOW.opt_out
    assert [type(step).__name__ for step in flow.nodes[flow.start]] == ["PlayStep", "HangupStep"]
    assert FLOW.start == "greeting"


def test_the_arguments_stand_in_the_order_of_asterisk() -> None:
    assert Tuning(1, 2, 3, 4, 5, 6, 7, 8, 9).arguments == "1,2,3,4,5,6,7,8,9"
    assert LEAVE.silence_arguments == "2000,1,40"
