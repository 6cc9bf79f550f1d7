"""What a call begins with: the campaign's flow, or the message that is left to a machine; before it a stop alone."""

from __future__ import annotations

from agi_app.calls.call_plan import CallPlan
from agi_app.calls.listening.heard_in_call import Hearing
from agi_app.flow.engine.session import Session
from agi_app.flow.language.built_in_flows import leaving


def of_flow(plan: CallPlan, hearing: Hearing | None) -> Session:
    """The plan's flow, heard by ``hearing`` from now on; a person is on the line."""
    plan.answered()
    party, hears = plan.party, hearing is not None and hearing.answered(plan.flow)
    return Session.begin(plan.flow, party.fields, party.language, plan.local_now(), hears=hears, caller=plan.caller)


def of_stops(plan: CallPlan) -> Session:
    """The plan's flow that is not begun: nobody knows yet who has answered, but its way to stop counts already."""
    party = plan.party
    return Session.begin(plan.flow, party.fields, party.language, plan.local_now(), caller=plan.caller)


def of_message(plan: CallPlan) -> Session:
    """The plan's message to a machine; nobody listens to words meanwhile, for they may be the machine's."""
    detection, party = plan.machine_detection, plan.party
    if detection is None or detection.message is None:
        raise RuntimeError("a message is left by campaigns that have one")
    return Session.begin(leaving(plan.flow, detection.message), party.fields, party.language, plan.local_now())
