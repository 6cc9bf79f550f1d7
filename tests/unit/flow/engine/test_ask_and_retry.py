"""A question is asked as often as its author allows."""

from __future__ import annotations

from agi_app.flow.engine.accept_answer import silence
from agi_app.flow.engine.ask_and_retry import await_answer, missed
from agi_app.flow.engine.barge_in_and_early_keys import key_pressed
from agi_app.flow.engine.commands import CancelTimer, Command, PlayPrompt, StartTimer
from agi_app.flow.engine.run_steps import run
from tests.unit.flow.engine.made_call import call_at

MENU = '{gather: {prompt: ask, keys: {"1": yes}, attempts: 2}, on: {no_input: there}}'
LANGUAGE = '{language: {prompt: which, keys: {"1": en, "2": zh-CN}, attempts: 1}}'


def test_a_wrong_key_and_then_silence_lead_on_where_silence_leads() -> None:
    call = call_at(MENU)
    assert run(call) == [PlayPrompt("p1", "ask", "en")]
    question, call.playback = call.question(), None
    assert question is not None
    assert await_answer(call, question) == [StartTimer("t2", 5.0)]
    assert key_pressed(call, "7") == [CancelTimer("t2"), PlayPrompt("p3", "ask", "en")]
    call.playback = None
    assert [*silence(call), *run(call)] == [PlayPrompt("p4", "there", "en")]


def test_a_choice_of_language_is_asked_in_each_and_in_the_first_once_more_when_none_is_chosen() -> None:
    call = call_at(LANGUAGE, "{play: there}")
    heard: list[Command] = run(call)
    for _ in range(2):
        question = call.question()
        assert question is not None
        heard += missed(call, question, "no_input") + run(call)
    assert heard == [
        PlayPrompt("p1", "which", "en"),
        PlayPrompt("p2", "which", "zh-CN"),
        PlayPrompt("p3", "there", "en"),
    ]
