"""A message, and the call itself, are recorded apart."""

from __future__ import annotations

from agi_app.flow.engine import recording
from agi_app.flow.engine.commands import EndCallRecording, Hangup, PlayPrompt, SaveAnswer, StartCallRecording
from agi_app.flow.engine.run_steps import run
from tests.unit.flow.engine.made_call import call_at

MESSAGE = "{record: {prompt: speak-now, save: message}, on: {empty: there}}"


def test_a_message_is_an_answer_only_if_something_was_said() -> None:
    for result, said in (("recorded", [SaveAnswer("message", "recorded"), Hangup("end_of_node")]), ("failed", [])):
        call = call_at(MESSAGE)
        assert run(call) == [PlayPrompt("p1", "speak-now", "en")]
        call.playback = None
        assert [*recording.ended(call, result), *run(call)] == (said or [PlayPrompt("p2", "there", "en")])


def test_the_call_is_recorded_once_until_a_step_ends_that() -> None:
    on, off = "{record: {call: true}}", "{record: {call: false}}"
    call = call_at(on, on, off, off)
    assert run(call) == [StartCallRecording("c1"), EndCallRecording("c1"), Hangup("end_of_node")]
