"""The verbs ``call`` and ``return``: into another flow with its parameters, and back with its result."""

from __future__ import annotations

from agi_app.flow.engine.call_in_flow import CallInFlow
from agi_app.flow.engine.commands import Command
from agi_app.flow.language.call_step import REFERENCE, CallStep, ReturnStep
from agi_app.flow.syntax.expressions import Value, value_of
from agi_app.flow.syntax.names_and_limits import MAX_DEPTH

_PLACE = ("flow", "node", "step", "variables")


def begin(call: CallInFlow, step: CallStep) -> list[Command]:
    """Go on at the start of the called flow, which sees no variables but its parameters."""
    called = call.first_flow.parts.get(step.call.flow)
    if called is None or len(call.callers) >= MAX_DEPTH:
        return call.end_at_limit()  # what the check refuses
    given = {name: _argument(call, value) for name, value in step.call.with_.items()}
    call.callers.append({name: getattr(call, name) for name in _PLACE})
    call.flow, call.node, call.step, call.variables = called.flow, called.start, 0, given
    return []


def _argument(call: CallInFlow, value: Value) -> Value:
    found = REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return value if found is None else value_of(found[1], call.variables, call.contact)


def return_(call: CallInFlow, step: ReturnStep) -> list[Command]:
    """Go on behind the step that called; what it takes is among its variables then."""
    if not call.callers:
        return call.end("end_of_node")
    inner, caller = call.variables, call.callers.pop()
    call.flow, call.node, call.step, call.variables = (caller[name] for name in _PLACE)
    called_by = call.current()
    taken = called_by.call.take if isinstance(called_by, CallStep) else ()
    call.variables |= {name: inner[name] for name in taken if name in inner}
    return call.leave(step.return_)
