"""Talk breaks a prompt off once; what was no answer is heard beside the prompt that plays again."""

from __future__ import annotations

from agi_app.flow.answers.recognition import Heard
from agi_app.flow.engine.commands import PlayPrompt, SetDisposition, StopPlayback, StoreOptOut
from agi_app.flow.engine.run_steps import run
from agi_app.flow.engine.spoken_answer import listened, talk_began
from tests.unit.flow.engine.made_call import call_at


def test_a_prompt_is_broken_off_once_and_plays_again_when_nothing_was_meant() -> None:
    call = call_at("{play: hello}")
    run(call)
    stopped, listening = talk_began(call)
    assert stopped == StopPlayback("p1")
    assert not getattr(listening, "beside", True)
    assert listened(call, Heard("nice weather", 0.9)) == [PlayPrompt("p3", "hello", "en")]
    (listening,) = talk_began(call)
    assert getattr(listening, "beside", False), "the prompt goes on"


def test_a_spoken_stop_is_one_also_in_a_prompt() -> None:
    call = call_at("{play: hello}")
    run(call)
    talk_began(call)
    assert listened(call, Heard("oh leave me alone", 0.9)) == [SetDisposition("opted_out"), StoreOptOut("speech")]
