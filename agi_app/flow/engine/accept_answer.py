"""What an answer to a question does, whether it was keyed or spoken; and what none does."""

from __future__ import annotations

from agi_app.flow.answers.understanding import Understood
from agi_app.flow.engine.ask_and_retry import await_answer, missed
from agi_app.flow.engine.call_back_time import chosen
from agi_app.flow.engine.call_in_flow import CallInFlow, collect_of
from agi_app.flow.engine.collect_digits import collected
from agi_app.flow.engine.commands import Command
from agi_app.flow.engine.gather_keys import KeysResult, Missed, More, judge_silence
from agi_app.flow.language.asking_steps import CallBackStep, CollectStep, Gather, LanguageStep, StopNumberStep
from agi_app.flow.syntax.names_and_limits import CHOSEN, MAX_STOPS_PER_CALL, NO_MATCH


def apply(call: CallInFlow, question: Gather, verdict: KeysResult) -> list[Command]:
    """Go on waiting, ask again, or take the answer; nothing plays or counts from then on."""
    match verdict:
        case None:
            return []
        case More():
            call.digits = verdict.digits
            return [*call.hush(), *await_answer(call, question)]
        case Missed():
            return [*call.stop(), *missed(call, question, verdict.outcome)]
        case Understood():
            return [*call.stop(), *_accept(call, question, verdict)]


def silence(call: CallInFlow) -> list[Command]:
    """The time to answer is over."""
    question, call.timer = call.question(), None
    return [] if question is None else apply(call, question, judge_silence(question, call.digits))


def _accept(call: CallInFlow, question: Gather, answer: Understood) -> list[Command]:
    match call.current():
        case CallBackStep() as step:
            return chosen(call, step.call_back, answer.value)
        case StopNumberStep() if call.pending is None and call.stops >= MAX_STOPS_PER_CALL:
            return call.leave(NO_MATCH)
        case CollectStep() | StopNumberStep() as step:
            return collected(call, collect_of(step), answer)
        case LanguageStep():
            call.language = answer.value
            return call.leave(CHOSEN)
        case _:
            saved = call.save(question.save, answer.value) if question.save else []
            return [*saved, *call.leave(answer.outcome)]
