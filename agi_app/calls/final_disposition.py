"""What a call meant, once it is over: the network's result with what the flow has heard. Pure."""

from __future__ import annotations

import dataclasses

from agi_app.flow.engine import events as flow_events
from agi_app.flow.engine.session import Session, meant_by_its_end
from agi_app.messages import template
from agi_app.model.call import CallResult, Fault, KeptRecording, Outcome

OPTED_OUT = "opted_out"
PROMPT_FAILED = "prompt_failed"
MESSAGE_LEFT = template("a message was left")
MESSAGE_BROKEN_OFF = template("the message was broken off")


def conclude(
    result: CallResult,
    session: Session | None,
    fault: str | None,
    missing: str | None,
    *,
    opted_out: bool,
    cut_off: bool = False,
    message: bool = False,
    recordings: tuple[KeptRecording, ...] = (),
) -> CallResult:
    """``fault``: why we had to end the call ourselves; ``missing``: what was not kept of it; ``message``: all that
    was said is the message to a machine.

    ``opted_out`` holds whatever the flow says, and only a person says stop. A machine means nothing by what it says.
    ``cut_off``: neither the person nor the flow ended it, but a stop from elsewhere, a time limit or the worker's end.
    """
    left = MESSAGE_LEFT if session is not None and session.finished else MESSAGE_BROKEN_OFF
    told = result.note or fault or (left if message else None)
    note = "; ".join(filter(None, (told, missing))) or None
    if opted_out and result.outcome in (Outcome.MACHINE, Outcome.NO_MEDIA):
        result = dataclasses.replace(result, outcome=Outcome.HUMAN)
    if session is None or message or result.outcome in (Outcome.MACHINE, Outcome.NO_MEDIA):
        disposition = OPTED_OUT if opted_out else None
        return dataclasses.replace(result, disposition=disposition, note=note, recordings=recordings)
    if not (ended_by_flow := session.finished):
        session.handle(flow_events.HungUp())
    disposition = session.disposition or meant_by_its_end(ended_by_flow=ended_by_flow, cut_off=cut_off)
    if session.disposition is None and result.outcome is Outcome.INTERRUPTED:
        disposition = None  # cut, by nobody who was in it
    elif session.disposition is None and fault is not None:
        disposition = PROMPT_FAILED
    if opted_out:
        disposition = OPTED_OUT
    answers, back = dict(session.answers), session.call_back
    if disposition == PROMPT_FAILED and not answers:
        result = dataclasses.replace(result, fault=Fault.OURS)
    result = dataclasses.replace(result, disposition=disposition, answers=answers, call_back_at=back, note=note)
    return dataclasses.replace(result, unasked=session.unasked, recordings=recordings)
