"""The opt-out: which key is one, also as it goes down; it is stored, then confirmed, and the call ends.

The key works from the first to the last moment, during every prompt and question, also with ``barge_in: false``, and
as soon as it goes down: to hang up with it still down is a stop, too. While digits are typed the key alone is a
digit, so there it is ``*`` and the key. After it comes ``StoreOptOut``; then nothing until ``OptOutStored``; then
the confirm prompt, if there is one; then ``Hangup``.
"""

from __future__ import annotations

from agi_app.flow.engine.call_in_flow import CallInFlow
from agi_app.flow.engine.commands import Command, SetDisposition, StoreOptOut
from agi_app.flow.syntax.names_and_limits import OPTED_OUT


def means_stop(call: CallInFlow, key: str) -> bool:
    """Whether this key would be the opt-out now; after the end of the call: at its last moment."""
    question = call.question() if call.phase not in ("new", "storing_other") else None
    typing = question is not None and question.digits is not None
    return key == call.first_flow.opt_out.key and (call.star or call.star_down or not typing)


def key_down(call: CallInFlow, key: str) -> list[Command]:
    """Only the opt-out is decided before a key is released."""
    stops = means_stop(call, key)
    call.star_down, call.acted, call.down_at = key == "*", key if stops else None, call.steps_done
    return take(call, "key") if stops else []


def key_up(call: CallInFlow, key: str) -> list[Command] | None:
    """The stop, unless it was taken as the key went down; None: the key is no stop."""
    stops, acted = means_stop(call, key), call.acted
    call.star, call.star_down, call.acted = key == "*", key == "*" and call.star_down, None
    if acted == key:
        return []
    return take(call, "key") if stops else None


def take(call: CallInFlow, how: str) -> list[Command]:
    """Store the stop before anything else; a caller of a line who shows no number is asked for one instead."""
    commands, without_number = call.stop(), call.first_flow.opt_out.without_number
    if call.nameless and without_number is not None:
        call.flow, call.callers, call.pending = None, [], None
        return [*commands, *call.go_on(without_number)]
    call.phase, call.disposition = "storing", OPTED_OUT
    return [*commands, SetDisposition(OPTED_OUT), StoreOptOut(how)]


def stored(call: CallInFlow) -> list[Command]:
    """The stop is safe: say so, if there is a prompt for it; then the call ends."""
    confirm = call.first_flow.opt_out.confirm
    return call.end(OPTED_OUT) if confirm is None else call.play("confirming", confirm)
