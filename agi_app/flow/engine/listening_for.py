"""What is listened for in a call, and for how long: the question that may be answered by voice, and always the stop."""

from __future__ import annotations

from agi_app.flow.engine.call_in_flow import CallInFlow
from agi_app.flow.engine.commands import Command, StartListening
from agi_app.flow.engine.gather_keys import may_be_early
from agi_app.flow.language.asking_steps import Gather, GatherStep
from agi_app.flow.language.definition import Expected, place_of
from agi_app.flow.language.say_step import SayStep
from agi_app.flow.language.steps import AnyStep, PlayStep

_LONGEST = {"answers": 6.0, "number": 8.0, "date": 10.0, "text": 30.0}  # seconds of one utterance


def listen(call: CallInFlow, *, waits: float | None = None, beside: bool = False) -> list[Command]:
    """Take down what is said: the person speaks, or has ``waits`` seconds to begin."""
    question, call.hears_for = may_be_answered(call)
    wanted, phrases = expected(call, question, call.hears_for)
    call.listening, call.talking = call.new_id("r"), waits is None
    return [StartListening(call.listening, call.language, phrases, _LONGEST[wanted.kind], waits, beside)]


def may_be_answered(call: CallInFlow) -> tuple[Gather | None, str | None]:
    """The question that what is said now may answer, and its place."""
    question, phase, index = call.question(), call.broken or call.phase, call.step
    if phase == "playing":
        question, index = may_follow(call.current(), call.current(ahead=1)), index + 1
    elif question is not None and (question.speech is None or not (question.barge_in or phase == "listening")):
        question = None
    return question, None if question is None else place_of(call.flow or "", call.node, index)


def may_follow(step: AnyStep | None, following: AnyStep | None) -> Gather | None:
    """The question behind a step that only speaks, if words said meanwhile may answer it already."""
    speaks = step.play if isinstance(step, PlayStep) else step.say if isinstance(step, SayStep) else None
    if speaks is None or not speaks.barge_in or not isinstance(following, GatherStep):
        return None
    return following.gather if following.gather.speech is not None and may_be_early(following.gather) else None


def expected(call: CallInFlow, question: Gather | None, place: str | None) -> Expected:
    """What may be said: an answer to the question, if there is one, or a stop."""
    return call.first_flow.expected(place, None if question is None else question.speech, call.language)
