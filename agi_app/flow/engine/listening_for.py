"""What is listened for in a call, and for how long: the question that may be answered by voice, and always the stop."""

from __future__ import annotations

from agi_app.flow.engine.commands import StartListening
from agi_app.flow.engine.state import SessionState
from agi_app.flow.language.definition import Expected
from agi_app.flow.language.say_step import SayStep
from agi_app.flow.language.steps import AnyStep, Gather, GatherStep, PlayStep

_LONGEST = {"answers": 6.0, "number": 8.0, "date": 10.0, "text": 30.0}  # seconds of one utterance


def listen_for(state: SessionState, expected: Expected, *, waits: float | None, beside: bool) -> StartListening:
    """Begin a listening for what is expected."""
    wanted, phrases = expected
    state.listening, state.talking = state.new_id("r"), waits is None
    return StartListening(state.listening, state.language, phrases, _LONGEST[wanted.kind], waits, beside)


def may_follow(step: AnyStep | None, following: AnyStep | None) -> Gather | None:
    """The question behind a step that only speaks, if words said meanwhile may answer it already."""
    speaks = step.play if isinstance(step, PlayStep) else step.say if isinstance(step, SayStep) else None
    if speaks is None or not speaks.barge_in or not isinstance(following, GatherStep):
        return None
    return following.gather if following.gather.speech is not None and following.gather.barge_in else None
