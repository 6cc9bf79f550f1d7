"""Keys that are no stop: at a question, during its prompt (barge-in), and before it (typed ahead).

A key pressed during a ``play`` or ``say`` may answer the first question behind it, and no other one. If that is
the very next step and both allow barge-in, it does so at once, and the question's prompt is not played. Else it is
kept, what stands between is heard to its end, and then it counts; digits are not kept, nor is the key that has
answered the question before, for it may have been pressed twice. A question with ``early: false`` takes none of
these: only a key that goes down after its prompt has begun answers it.
"""

from __future__ import annotations

from agi_app.flow.answers.understanding import Understood
from agi_app.flow.engine.accept_answer import apply
from agi_app.flow.engine.ask_and_retry import ask
from agi_app.flow.engine.call_in_flow import CallInFlow, first_question
from agi_app.flow.engine.commands import Command, EndRecording
from agi_app.flow.engine.gather_keys import judge_early, judge_key, may_be_early
from agi_app.flow.language.asking_steps import AskStep
from agi_app.flow.language.record_step import RecordStep
from agi_app.flow.language.say_step import SayStep
from agi_app.flow.language.steps import PlayStep
from agi_app.flow.syntax.names_and_limits import MAX_EARLY_KEYS


def key_pressed(call: CallInFlow, key: str) -> list[Command]:
    """An answer, the end of a message, or for a question that comes later."""
    step, question = call.current(), call.question()
    down_at, call.down_at = call.down_at, None
    if call.phase in ("new", "storing_other"):
        return []
    if question is not None and not question.early and down_at not in (None, call.steps_done):
        return []  # it went down in a prompt before the question
    if question is not None:
        heard = call.phase == "listening"
        verdict = judge_key(question, call.digits, key, heard=heard) if heard or question.barge_in else None
        call.pressed = key if isinstance(verdict, Understood) else call.pressed
        return apply(call, question, verdict)
    match step:
        case RecordStep() if call.recording is not None and key == step.record.end_key:
            return [EndRecording(call.recording)]
        case PlayStep(play=speaks) | SayStep(say=speaks) if call.phase in ("playing", "hearing") and speaks.barge_in:
            return _typed_ahead(call, key)
    return []


def _typed_ahead(call: CallInFlow, key: str) -> list[Command]:
    """The answer to a question that is the very next step, or kept for one that comes later."""
    following = call.current(ahead=1)
    if not isinstance(following, AskStep):
        call.early += key if key != call.pressed and len(call.early) < MAX_EARLY_KEYS else ""
        return []
    question = first_question(following)
    verdict = judge_key(question, "", key, heard=False) if may_be_early(question) else None
    if verdict is None:
        return []
    call.skip_prompt()
    call.pressed = key
    return apply(call, question, verdict)


def first_ask(call: CallInFlow, step: AskStep) -> list[Command]:
    """Ask, unless a key that was typed ahead has answered already."""
    question = first_question(step)
    call.attempt, call.pending, keys, call.early = 0, None, call.early, ""
    early = judge_early(question, keys)
    if early is None:
        return ask(call, question)
    call.pressed, answer = early
    return apply(call, question, answer)
