"""A key answers the first question behind a prompt, and no other one."""

from __future__ import annotations

import pytest

from agi_app.flow.engine.barge_in_and_early_keys import key_pressed
from agi_app.flow.engine.commands import PlayPrompt, StopPlayback, StoreOptOut
from agi_app.flow.engine.events import KeyDown, KeyPressed, PromptFinished
from agi_app.flow.engine.run_steps import run
from agi_app.flow.engine.session import Session
from agi_app.flow.language.definition import Flow
from agi_app.flow.load import parse_flow
from tests.unit.flow.engine.made_call import call_at

MENU = '{gather: {prompt: ask, keys: {"1": yes}}, on: {yes: there}}'


def test_a_key_in_a_prompt_answers_the_question_that_is_the_very_next_step_at_once() -> None:
    call = call_at("{play: hello}", MENU)
    run(call)
    assert key_pressed(call, "1") == [StopPlayback("p1")]
    assert run(call) == [PlayPrompt("p2", "there", "en")]


def test_a_key_that_comes_before_that_is_kept_and_what_stands_between_is_heard() -> None:
    call = call_at("{play: hello}", "{play: more}", MENU)
    run(call)
    assert key_pressed(call, "1") == []
    call.go_on()
    assert run(call) == [PlayPrompt("p2", "more", "en")]
    call.go_on()
    assert run(call)[-1] == PlayPrompt("p3", "there", "en")


def test_a_key_in_a_prompt_that_must_be_heard_is_dropped() -> None:
    call = call_at("{play: {prompt: hello, barge_in: false}}", MENU)
    run(call)
    assert key_pressed(call, "1") == []
    call.go_on()
    assert run(call) == [PlayPrompt("p2", "ask", "en")]


WHO = """\
flow: f
languages: [en]
identify: {business: {en: Sunshine Dental}}
start: a
nodes:
  a:
    - play: hello
    - PLAY
    - gather: {prompt: who, keys: {"1": me, "7": stranger}, early: false}
      on: {me: told, stranger: stranger, no_input: bye}
  told: [{play: private}]
  stranger: [{wrong_number: sorry}]
  bye: [{hangup: null}]
"""


def who(more: str = "set: {seen: true}") -> Flow:
    return parse_flow(WHO.replace("PLAY", more), "f.yaml").flow


@pytest.mark.parametrize("more", ["set: {seen: true}", "play: more"])
@pytest.mark.parametrize("key", ["1", "7"])
def test_a_question_that_takes_nothing_early_is_asked_whatever_was_pressed_before(more: str, key: str) -> None:
    call = Session.begin(who(more), {})
    call.start()
    assert call.handle(KeyPressed(key)) == []
    heard = call.handle(PromptFinished("p1"))
    while heard and isinstance(heard[-1], PlayPrompt) and heard[-1].prompt != "who":
        assert call.handle(KeyPressed(key)) == []
        heard = call.handle(PromptFinished(heard[-1].playback))
    assert [one.prompt for one in heard if isinstance(one, PlayPrompt)] == ["who"]


def test_a_key_in_the_prompt_right_before_it_neither_answers_nor_ends_that_prompt() -> None:
    flow = parse_flow(WHO.replace("    - PLAY\n", ""), "f.yaml").flow
    call = Session.begin(flow, {})
    call.start()
    assert call.handle(KeyPressed("1")) == []
    assert call.handle(PromptFinished("p1")) == [PlayPrompt("p2", "who", "en")]
    assert call.handle(KeyPressed("1")) == [StopPlayback("p2"), PlayPrompt("p3", "private", "en")]


def test_a_key_that_went_down_before_such_a_question_and_is_released_in_it_is_no_answer() -> None:
    call = Session.begin(who(), {})
    call.start()
    assert call.handle(KeyDown("1")) == []
    assert call.handle(PromptFinished("p1")) == [PlayPrompt("p2", "who", "en")]
    assert call.handle(KeyPressed("1")) == []
    assert call.handle(KeyDown("1")) == []
    assert call.handle(KeyPressed("1")) == [StopPlayback("p2"), PlayPrompt("p3", "private", "en")]


def test_the_stop_counts_before_such_a_question() -> None:
    call = Session.begin(who(), {})
    call.start()
    assert StoreOptOut("key") in call.handle(KeyPressed("9"))
