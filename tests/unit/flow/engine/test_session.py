"""The promises of a call that hold for every flow and any order of events."""

from __future__ import annotations

from hypothesis import given

from agi_app.flow.engine import commands as do
from agi_app.flow.engine.events import HungUp
from agi_app.flow.engine.session import Session
from agi_app.flow.syntax.names_and_limits import MAX_STEPS_PER_CALL
from tests.unit.flow.engine.watched_call import EVERYTHING, MOVES, Move, Watched


@given(MOVES)
def test_no_order_of_events_breaks_a_call(moves: list[Move]) -> None:
    """One playback and one timer at most, nothing after an opt-out but confirm and hangup, nothing after the end."""
    call = Watched()
    for move in moves:
        call.make(move)


@given(MOVES)
def test_every_call_ends(moves: list[Move]) -> None:
    """From wherever a call stands, letting prompts and timers end leads to the hangup."""
    call = Watched()
    for move in moves:
        call.make(move)
    for _ in range(10 * MAX_STEPS_PER_CALL):
        if call.session.finished:
            break
        call.send(call.next_event())
    assert call.session.finished
    assert isinstance(call.seen[-1], do.Hangup)
    assert call.session.steps <= MAX_STEPS_PER_CALL + 1


@given(MOVES)
def test_a_hangup_is_the_end_at_any_moment(moves: list[Move]) -> None:
    """After HungUp no event has an effect."""
    call = Watched()
    for move in moves:
        call.make(move)
    assert call.send(HungUp()) == []
    assert call.session.finished


def test_starting_twice_has_no_effect() -> None:
    """A repeated answer event must not play the greeting twice."""
    session = Session.begin(EVERYTHING, {})
    assert session.start() == [do.PlayPrompt("p1", "greeting", "zh-CN")]
    assert session.start() == []


def test_the_language_is_chosen_from_the_argument_then_the_contact_then_the_flow() -> None:
    """Unknown languages fall back to the first listed."""
    chosen = [
        Session.begin(EVERYTHING, {"language": column}, wanted).state["language"]
        for column, wanted in [("en", None), ("EN_us", None), ("zh", None), ("fr", None), ("en", "zh-CN"), ("", None)]
    ]
    assert chosen == ["en", "en", "zh-CN", "zh-CN", "zh-CN", "zh-CN"]
