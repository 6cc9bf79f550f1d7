"""What a call waits for, and how its state is kept."""

from __future__ import annotations

import dataclasses
import json

from agi_app.flow.engine.ask_and_retry import await_answer
from agi_app.flow.engine.call_in_flow import CallInFlow
from agi_app.flow.engine.commands import CancelTimer, PlayPrompt, StartTimer, StopPlayback
from agi_app.flow.engine.state import SessionState
from agi_app.flow.language.asking_steps import Gather
from tests.unit.flow.engine.made_call import call_at

QUESTION = Gather.model_validate({"prompt": "x", "keys": {"1": "yes"}})


def test_a_prompt_and_a_timer_are_stopped_together() -> None:
    """Their late events mean nothing any more."""
    call = call_at("{play: x}")
    (prompt,), (timer,) = call.play("playing", "x"), await_answer(call, QUESTION)
    assert isinstance(prompt, PlayPrompt)
    assert isinstance(timer, StartTimer)
    assert set(call.hush()) == {StopPlayback(prompt.playback), CancelTimer(timer.timer)}
    assert call.hush() == [], "once is enough"


def test_only_the_state_is_kept_and_a_call_goes_on_from_it() -> None:
    call = call_at("{play: x}", "{play: y}")
    call.go_on()
    kept = json.loads(json.dumps(dataclasses.asdict(call)))
    assert dataclasses.asdict(SessionState(**kept)) == kept
    assert CallInFlow(call.first_flow, **kept).current() == call.current()
