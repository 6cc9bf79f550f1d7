"""A stored decision made again: the same reasons, or somebody changed something. Pure.

A decision row keeps the facts without the number, and instead what the number says (``NumberLocation``). With
the rules and the campaign as they were then, nothing else is needed; the zone data of the machine
(daylight saving of past years) is all that is not kept.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import msgspec

from agi_app.gate.case import GateCase
from agi_app.gate.decide import Decision, judge
from agi_app.gate.facts import Facts, KeptFacts
from agi_app.gate.ruleset import RuleSet
from agi_app.gate.stored_reasons import same
from agi_app.model.campaign import Campaign
from agi_app.model.number_location import NumberLocation


class Inputs(KeptFacts, frozen=True, kw_only=True):
    """What a decision row keeps: all that was judged by, but not the number, which must be erasable."""

    place: NumberLocation | None
    caller_id: str
    trunk_is_sandbox: bool
    prefix: str = ""  # what the trunk dials before the number; older rows have none


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """One row of the table ``decision``, its texts as they are stored."""

    decision_id: int
    contact_id: int
    person_id: int
    reasons: str  # JSON
    inputs: str  # JSON
    decided_at: dt.datetime


def inputs_of(facts: Facts, decision: Decision) -> Inputs:
    """What to keep of a decision about ``facts``."""
    region = decision.place.region if decision.place else None
    return Inputs(
        campaign_state=facts.campaign_state,
        consents=facts.consents,
        suppressed_at=facts.suppressed_at,
        counted_calls=facts.counted_calls,
        caller_id_seen=facts.caller_id_seen,
        caller_id_proofs=tuple(p for p in facts.caller_id_proofs if p.number == decision.caller_id),
        list_hits=facts.list_hits,
        list_states=tuple(s for s in facts.list_states if s.region == region),
        abandoned=facts.abandoned,
        place=decision.place,
        caller_id=decision.caller_id,
        trunk_is_sandbox=decision.trunk_is_sandbox,
        prefix=decision.prefix,
        columns_missing=facts.columns_missing,
        times=facts.times,
        number_shared=facts.number_shared,
        row_rejected=facts.row_rejected,
        unapproved=facts.unapproved,
        quota=facts.quota,
    )


def replay(stored: StoredDecision, campaign: Campaign, ruleset: RuleSet) -> Decision:
    """Decide again by what is stored. Raises msgspec.ValidationError when the inputs are not what we write."""
    inputs = msgspec.json.decode(stored.inputs, type=Inputs)
    facts = Facts(
        contact_id=stored.contact_id,
        person_id=stored.person_id,
        number="",
        campaign_state=inputs.campaign_state,
        consents=inputs.consents,
        suppressed_at=inputs.suppressed_at,
        counted_calls=inputs.counted_calls,
        caller_id_seen=inputs.caller_id_seen,
        caller_id_proofs=inputs.caller_id_proofs,
        list_hits=inputs.list_hits,
        list_states=inputs.list_states,
        abandoned=inputs.abandoned,
        columns_missing=inputs.columns_missing,
        times=inputs.times,
        number_shared=inputs.number_shared,
        row_rejected=inputs.row_rejected,
        unapproved=inputs.unapproved,
        quota=inputs.quota,
    )
    now = stored.decided_at
    return judge(GateCase(facts, inputs.place, inputs.caller_id, campaign, inputs.trunk_is_sandbox, ruleset, now))


def same_reasons(stored: StoredDecision, decision: Decision) -> bool:
    """Whether the reasons are those that are stored."""
    return same(stored.reasons, decision.reasons)
