"""The promises of the opt-out that hold for every flow and any order of events."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agi_app.flow.answers.recognition import Heard
from agi_app.flow.engine import commands as do
from agi_app.flow.engine.call_in_flow import CallInFlow
from agi_app.flow.engine.events import Event, KeyDown, KeyPressed, OptOutStored, PromptFinished
from agi_app.flow.engine.opt_out_key import means_stop
from agi_app.flow.engine.session import Session
from agi_app.flow.language.asking_steps import CollectStep
from agi_app.flow.load import parse_flow
from tests.unit.flow.engine.watched_call import EVERYTHING, FLOW, MOVES, Move, Watched


@given(MOVES)
def test_star_nine_always_stops(moves: list[Move]) -> None:
    """At any moment of an unfinished call * and the opt-out key store the stop, once."""
    call = Watched()
    for move in moves:
        call.make(move)
    call.send(KeyPressed("*"))
    still_on_the_line = not call.session.finished  # in one menu of this flow * is an answer that may end the call
    call.send(KeyPressed("9"))
    assert call.session.opted_out or not still_on_the_line
    stores = [command for command in call.seen if isinstance(command, do.StoreOptOut)]
    assert len(stores) == int(call.session.disposition == "opted_out")


@given(MOVES)
def test_a_nine_that_goes_down_stops_wherever_a_nine_stops_and_its_release_adds_nothing(moves: list[Move]) -> None:
    """Whoever hangs up with the key still down has said stop; a digit is no stop, whether it is released or not."""
    call = Watched()
    for move in moves:
        call.make(move)
    stops, over = (
        means_stop(CallInFlow(EVERYTHING, **call.session.state), "9"),
        call.session.finished or call.session.opted_out,
    )
    down = call.send(KeyDown("9"))
    assert (do.StoreOptOut("key") in down) == (stops and not over)
    if stops and not over:
        assert call.send(KeyPressed("9")) == []


@given(MOVES, st.sampled_from("012345678#"))
def test_other_keys_do_nothing_while_they_go_down(moves: list[Move], key: str) -> None:
    call = Watched()
    for move in moves:
        call.make(move)
    assert call.send(KeyDown(key)) == []


def test_star_and_a_held_nine_stop_among_digits_whatever_was_heard_of_the_star() -> None:
    """Begins come over one connection and releases over another, so either of the star's may be there first."""
    stars: list[list[Event]] = [[KeyDown("*")], [KeyPressed("*")], [KeyDown("*"), KeyPressed("*")]]
    for star in stars:
        session = Session.begin(parse_flow(FLOW.replace("start: greeting", "start: number"), "x.yaml").flow, {})
        session.start()
        session.handle(PromptFinished("p1"))
        for event in star:
            session.handle(event)
        assert do.StoreOptOut("key") in session.handle(KeyDown("9"))


def test_a_star_before_another_digit_does_not_make_a_nine_a_stop() -> None:
    session = Session.begin(parse_flow(FLOW.replace("start: greeting", "start: number"), "x.yaml").flow, {})
    session.start()
    session.handle(PromptFinished("p1"))
    for key in "*5":
        session.handle(KeyDown(key))
        session.handle(KeyPressed(key))
    assert session.handle(KeyDown("9")) == []


@given(MOVES)
def test_nine_alone_stops_unless_digits_are_typed(moves: list[Move]) -> None:
    """In every prompt and menu one key is enough."""
    call = Watched()
    for move in moves:
        call.make(move)
    state = call.session.state
    step = EVERYTHING.nodes[state["node"]][state["step"]]
    typing = getattr(getattr(step, "gather", None), "digits", None) is not None
    typing = typing or (isinstance(step, CollectStep) and state["pending"] is None)
    if not (call.session.finished or call.session.opted_out or typing):
        assert call.send(KeyPressed("9"))[-1] == do.StoreOptOut("key")


@given(MOVES)
def test_a_spoken_stop_counts_at_any_moment(moves: list[Move]) -> None:
    """In every prompt, also without barge-in, and in every question, also for keys."""
    call = Watched()
    for move in moves:
        call.make(move)
    if not (call.session.finished or call.session.opted_out):
        assert call.say(Heard("不要再打了", 0.9))[-1] == do.StoreOptOut("speech")


def test_a_stop_before_the_call_is_started_is_taken() -> None:
    """The key may be faster than our first prompt; then no prompt is played at all."""
    session = Session.begin(EVERYTHING, {})
    assert session.handle(KeyPressed("9")) == [do.SetDisposition("opted_out"), do.StoreOptOut("key")]
    assert session.start() == []
    assert session.handle(OptOutStored()) == [do.PlayPrompt("p1", "stopped", "zh-CN")]


def test_another_opt_out_key() -> None:
    """The key of the flow counts, not the 9."""
    other = parse_flow(FLOW.replace('key: "9"', 'key: "0"'), "f.yaml").flow
    session = Session.begin(other, {})
    session.start()
    assert session.handle(KeyPressed("9")) == []
    assert session.handle(KeyPressed("0"))[-1] == do.StoreOptOut("key")
