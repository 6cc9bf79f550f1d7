"""A key answers the first question behind a prompt, and no other one."""

from __future__ import annotations

from agi_app.flow.engine.barge_in_and_early_keys import key_pressed
from agi_app.flow.engine.commands import PlayPrompt, StopPlayback
from agi_app.flow.engine.run_steps import run
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
