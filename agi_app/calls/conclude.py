"""What a call meant, once it is over: the network's result with what the flow has heard. Pure."""

from __future__ import annotations

import dataclasses

from agi_app.flow import events as flow_events
from agi_app.flow.session import Session
from agi_app.model.call import CallResult, KeptRecording

OPTED_OUT = "opted_out"
HUNG_UP = "hung_up"
COMPLETED = "completed"
PROMPT_FAILED = "prompt_failed"


def conclude(
    result: CallResult,
    session: Session | None,
    fault: str | None,
    missing: str | None,
    *,
    opted_out: bool,
    recordings: tuple[KeptRecording, ...] = (),
) -> CallResult:
    """``fault``: why we had to end the call ourselves; ``missing``: what was not kept of it.

    ``opted_out`` holds whatever the flow says.
    """
    note = "; ".join(filter(None, (result.note or fault, missing))) or None
    if session is None:
        return dataclasses.replace(result, note=note)
    ended_by_flow = session.finished
    if not ended_by_flow:
        session.handle(flow_events.HungUp())
    disposition = session.disposition or (COMPLETED if ended_by_flow else HUNG_UP)
    if fault is not None and session.disposition is None:
        disposition = PROMPT_FAILED
    if opted_out:
        disposition = OPTED_OUT
    answers, back = dict(session.answers), session.call_back
    result = dataclasses.replace(result, disposition=disposition, answers=answers, call_back_at=back, note=note)
    return dataclasses.replace(result, recordings=recordings)
