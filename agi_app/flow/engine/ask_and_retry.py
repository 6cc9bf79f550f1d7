"""A question is asked, waited for, and asked again after a wrong key, wrong words or silence, until none is left."""

from __future__ import annotations

from agi_app.errors import InputError
from agi_app.flow.engine.call_in_flow import CallInFlow, collect_of
from agi_app.flow.engine.commands import Command, StartTimer
from agi_app.flow.engine.listening_for import listen
from agi_app.flow.language.asking_steps import Collect, CollectStep, Gather, LanguageStep, StopNumberStep
from agi_app.flow.saying.numbers_and_dates import spoken
from agi_app.flow.saying.spoken_parts import Part

SPOKEN_AS = {"digits": "digits", "number": "number", "date": "date", "amount": "money"}


def ask(call: CallInFlow, question: Gather) -> list[Command]:
    """One more attempt; a choice of language is made in the next one."""
    call.attempt += 1
    call.digits, call.breaks, step = "", 0, call.current()
    if isinstance(step, LanguageStep):
        call.language = step.language.order[(call.attempt - 1) % len(step.language.order)]
    return pose(call, question)


def pose(call: CallInFlow, question: Gather) -> list[Command]:
    """The prompt of a question; before it comes the value that it asks about, if there is one."""
    step = call.current()
    if call.pending is None or not isinstance(step, CollectStep | StopNumberStep):
        return call.play("asking", question.prompt)
    return call.say("reading", read_back(collect_of(step), call.pending, call.language) or ())


def read_back(collect: Collect, value: str, language: str) -> tuple[Part, ...] | None:
    """The value in pieces; None when it cannot be said (a number that is far too large)."""
    try:
        return spoken(SPOKEN_AS[collect.kind], value, language, unit=collect.currency or "")
    except InputError:
        return None


def await_answer(call: CallInFlow, question: Gather) -> list[Command]:
    """Wait for keys and words; no time runs while the person is speaking."""
    seconds, commands = question.timeout.total_seconds(), list[Command]()
    call.phase = "listening"
    if call.listening is None or not call.talking:
        call.timer = call.new_id("t")
        commands.append(StartTimer(call.timer, seconds))
    return [*commands, *(listen(call, waits=seconds) if call.hears and call.listening is None else [])]


def missed(call: CallInFlow, question: Gather, outcome: str) -> list[Command]:
    """No answer, or a wrong one: ask again; after the last attempt go the way of ``no_input`` or ``no_match``."""
    if call.attempt < question.attempts:
        return ask(call, question)
    step = call.current()
    if isinstance(step, LanguageStep):
        call.language = step.language.order[0]
    return call.leave(outcome)
