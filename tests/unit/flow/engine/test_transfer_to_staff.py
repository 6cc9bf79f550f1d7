"""What becomes of a call whose transfer has ended."""

from __future__ import annotations

import pytest

from agi_app.flow.engine.barge_in_and_early_keys import key_pressed
from agi_app.flow.engine.commands import EndCallRecording, Hangup, PlayPrompt, SetDisposition, StartTransfer
from agi_app.flow.engine.run_steps import run
from agi_app.flow.engine.transfer_to_staff import ended
from tests.unit.flow.engine.made_call import call_at

DESK = "{transfer: {to: desk, timeout: 20s}, on: {failed: there}}"


@pytest.mark.parametrize(
    ("result", "commands"),
    [
        ("done", [Hangup("end_of_node")]),
        ("busy", [PlayPrompt("p2", "there", "en")]),
        ("abandoned", [SetDisposition("abandoned"), PlayPrompt("p2", "nobody-free", "en")]),
    ],
)
def test_the_result_leads_on_and_who_finds_nobody_hears_so(result: str, commands: list[object]) -> None:
    call = call_at(DESK)
    assert run(call) == [StartTransfer("h1", "desk", 20.0, None, "en")]
    assert [*ended(call, result), *run(call)] == commands


def test_the_other_side_is_not_recorded() -> None:
    call = call_at("{record: {call: true}}", DESK)
    assert run(call)[1:] == [EndCallRecording("c1"), StartTransfer("h2", "desk", 20.0, None, "en")]


def test_a_key_from_before_the_talk_answers_nothing_after_it() -> None:
    call = call_at("{play: hello}", DESK, '{gather: {prompt: ask, keys: {"1": yes}}, on: {yes: there}}')
    run(call)
    key_pressed(call, "1")
    call.go_on()
    run(call)
    assert [*ended(call, "done"), *run(call)] == [PlayPrompt("p3", "ask", "en")]
