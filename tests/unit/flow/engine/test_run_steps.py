"""The steps between two prompts."""

from __future__ import annotations

from typing import get_args

from agi_app.flow.engine.commands import Hangup, PlayPrompt, SetDisposition
from agi_app.flow.engine.run_steps import VERBS, run
from agi_app.flow.language.steps import AnyStep
from tests.unit.flow.engine.made_call import call_at


def test_the_engine_knows_every_verb() -> None:
    assert set(VERBS) == set(get_args(AnyStep))


def test_steps_that_nobody_hears_lead_to_the_next_prompt() -> None:
    call = call_at("{set: {disposition: late, tries: 2}}", "{branch: [{when: tries == 2, goto: there}]}")
    assert run(call) == [SetDisposition("late"), PlayPrompt("p1", "there", "en")]


def test_a_flow_that_goes_round_ends_at_its_limit() -> None:
    call = call_at("{goto: here}")
    assert run(call) == [SetDisposition("flow_limit"), Hangup("flow_limit")]
