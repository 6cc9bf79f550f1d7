"""A wrong number: its consents end before anything is said."""

from __future__ import annotations

from agi_app.flow.engine import wrong_number
from agi_app.flow.engine.commands import Hangup, PlayPrompt, SetDisposition, StoreWrongNumber
from agi_app.flow.engine.run_steps import run
from agi_app.flow.language.wrong_number_step import WrongNumberStep
from tests.unit.flow.engine.made_call import call_at


def test_it_is_stored_then_the_last_prompt_plays_if_there_is_one() -> None:
    for verb, last in (("wrong_number: bye", PlayPrompt("p1", "bye", "en")), ("wrong_number", Hangup("wrong_number"))):
        call = call_at(verb)
        assert run(call) == [SetDisposition("wrong_number"), StoreWrongNumber()]
        step = call.current()
        assert isinstance(step, WrongNumberStep)
        assert wrong_number.stored(call, step) == [last]
