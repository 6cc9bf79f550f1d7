"""The verbs ``collect`` and ``stop_number``: digits are keyed, read back, and asked for again until they are right."""

from __future__ import annotations

from agi_app.flow.answers.partial_dates import day_of_digits
from agi_app.flow.answers.understanding import Understood
from agi_app.flow.engine.ask_and_retry import ask, missed, read_back
from agi_app.flow.engine.call_in_flow import CallInFlow
from agi_app.flow.engine.commands import Command, StoreStop
from agi_app.flow.language.asking_steps import Collect, StopNumberStep
from agi_app.flow.language.value_bounds import within
from agi_app.flow.syntax.names_and_limits import ENTERED, NO_MATCH, STOPPED, YES
from agi_app.model.phone import NotANumber, parse


def value_of(collect: Collect, typed: str) -> str | None:
    """The value to save: digits as they are, numbers without leading zeros, dates in ISO 8601; None: it is not one."""
    if collect.kind == "date":
        day = day_of_digits(typed)
        return day.isoformat() if day else None
    return typed if collect.kind == "digits" else str(int(typed))


def number_of(typed: str, region: str | None) -> str | None:
    """The telephone number that these keys are, in E.164: with 00 and a country code, of ``region``, or with its code.

    None: they are no number that a person could answer.
    """
    for text in (typed, f"+{typed}"):
        try:
            return parse(text, region).e164
        except NotANumber:
            continue
    return None


def collected(call: CallInFlow, collect: Collect, answer: Understood) -> list[Command]:
    """A value that may be given is read back, if that is wanted; one that is right is taken."""
    if call.pending is not None:
        read, call.pending, call.attempt = call.pending, None, call.entries
        return _take(call, collect, read) if answer.outcome == YES else missed(call, collect.entry, NO_MATCH)
    value = _may_be_given(call, collect, answer.value)
    if value is None:
        return missed(call, collect.entry, NO_MATCH)
    if collect.confirm is None:
        return _take(call, collect, value)
    call.pending, call.entries, call.attempt = value, call.attempt, 0
    return ask(call, collect.confirmation)


def number_stored(call: CallInFlow) -> list[Command]:
    """The stop for a keyed number is safe."""
    call.stops += 1
    return call.leave(STOPPED)


def _may_be_given(call: CallInFlow, collect: Collect, typed: str) -> str | None:
    value = value_of(collect, typed)
    if value is None or not within(collect.kind, value, collect.min, collect.max, call.today):
        return None
    if isinstance(call.current(), StopNumberStep) and number_of(typed, call.region) is None:
        return None
    return value if collect.confirm is None or read_back(collect, value, call.language) else None


def _take(call: CallInFlow, collect: Collect, value: str) -> list[Command]:
    """Save it; a number to be stopped is stored before anything more is said."""
    if isinstance(call.current(), StopNumberStep):
        call.phase = "storing_other"
        return [StoreStop(str(number_of(value, call.region)))]
    return [*call.save(collect.save, value), *call.leave(ENTERED)]
