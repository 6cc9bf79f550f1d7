"""The person speaks: talk breaks a prompt off, and what was said is a stop, an answer, or neither.

A spoken stop counts from the first to the last moment, if somebody listens (``hears``): talk breaks a prompt off,
whatever its ``barge_in``, and what was said is heard out. When it was neither a stop nor an answer the prompt plays
again; talk during that second time is listened to beside the prompt, which goes on.
"""

from __future__ import annotations

from agi_app.flow.answers.recognition import Heard
from agi_app.flow.answers.understanding import OPT_OUT, Understood, understand
from agi_app.flow.engine import ask_and_retry, opt_out_key
from agi_app.flow.engine.accept_answer import apply
from agi_app.flow.engine.call_in_flow import CallInFlow
from agi_app.flow.engine.commands import CancelTimer, Command, KeepSpoken, StopPlayback
from agi_app.flow.engine.gather_keys import Missed, judge_silence
from agi_app.flow.engine.listening_for import expected, listen, may_be_answered
from agi_app.flow.engine.say_texts import speak
from agi_app.flow.language.record_step import RecordStep
from agi_app.flow.language.say_step import SayStep
from agi_app.flow.language.steps import PlayStep
from agi_app.flow.syntax.names_and_limits import MAX_ATTEMPTS, NO_INPUT, NO_MATCH


def talk_began(call: CallInFlow) -> list[Command]:
    """In a prompt that is broken off, beside one that goes on, or at a question; else nobody listens."""
    if call.phase == "listening" and call.timer:
        call.talking, timer, call.timer = True, call.timer, None
        return [CancelTimer(timer), *([] if call.listening else listen(call))]
    if call.phase not in ("playing", "asking", "reading", "parting") or call.playback is None or call.listening:
        return []
    if call.breaks or call.phase == "parting":
        return listen(call, beside=True)
    broken, call.breaks, call.broken = call.playback, 1, call.phase
    heard = listen(call)
    call.playback, call.phase = None, "hearing"
    return [StopPlayback(broken), *heard]


def listened(call: CallInFlow, heard: Heard) -> list[Command]:
    """A stop, wherever it is said; or an answer to the question that was listened for; or neither."""
    question, place = may_be_answered(call)
    listening, call.listening = str(call.listening), None
    answers = question is not None and place == call.hears_for
    wanted, _ = expected(call, question if answers else None, place)
    meant = understand(wanted, heard, call.today)
    if meant is OPT_OUT:
        return opt_out_key.take(call, "speech")
    if isinstance(meant, Understood) and question is not None and answers:
        if (call.broken or call.phase) == "playing":
            call.skip_prompt()
        kept = [KeepSpoken(listening, question.save)] if question.keep and question.save else []
        return [*kept, *apply(call, question, meant)]
    if call.phase == "hearing":
        return _resume(call)
    if call.phase == "listening" and call.timer is None:  # else nothing was said yet: keys have their time
        return _unanswered(call, heard, answers=answers)
    return []


def _unanswered(call: CallInFlow, heard: Heard, *, answers: bool) -> list[Command]:
    """While waiting for an answer something else was said, or only noise."""
    question = call.question()
    if question is None:
        return []
    if answers:
        return apply(call, question, Missed(NO_INPUT if heard.why in ("silence", "noise") else NO_MATCH))
    if question.speech is not None:  # said before it was the question's turn
        return ask_and_retry.await_answer(call, question)
    call.breaks += 1
    if call.breaks > (MAX_ATTEMPTS if call.digits else 1):
        return apply(call, question, judge_silence(question, call.digits))
    return ask_and_retry.await_answer(call, question) if call.digits else call.play("asking", question.prompt)


def _resume(call: CallInFlow) -> list[Command]:
    """What the talk broke off goes on: a prompt from its beginning."""
    step, question = call.current(), call.question()
    broken, call.broken = call.broken, None
    match broken:
        case "parting":
            return call.end(str(call.disposition))
        case "playing" if isinstance(step, PlayStep | SayStep):
            return speak(call, step)
        case "reading" if question is not None:
            return ask_and_retry.pose(call, question)
        case "asking" if question is not None:
            return call.play("asking", question.prompt)
        case "asking" if isinstance(step, RecordStep):
            return call.play("asking", step.record.prompt)
    call.phase = "running"
    return []
