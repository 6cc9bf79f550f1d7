"""The verb ``wrong_number``: the consents for the number end before anything else; then the last prompt."""

from __future__ import annotations

from agi_app.flow.engine.call_in_flow import CallInFlow
from agi_app.flow.engine.commands import Command, SetDisposition, StoreWrongNumber
from agi_app.flow.language.wrong_number_step import WrongNumberStep
from agi_app.flow.syntax.names_and_limits import WRONG_NUMBER


def store(call: CallInFlow) -> list[Command]:
    """Have it stored."""
    commands = call.stop()
    call.phase, call.disposition = "storing_other", WRONG_NUMBER
    return [*commands, SetDisposition(WRONG_NUMBER), StoreWrongNumber()]


def stored(call: CallInFlow, step: WrongNumberStep) -> list[Command]:
    """It is safe: the last word."""
    prompt, call.breaks = step.wrong_number.prompt, 0
    return call.end(WRONG_NUMBER) if prompt is None else call.play("parting", prompt)
