"""May somebody of our own staff hear a flow on this telephone now? Pure, and it fails closed.

The telephone must have been proved by a call to it: the person who answered keyed a code that only our command line
showed. Then it gets every rule that guards a stranger; it is never a contact, so it needs no consent and no cap counts.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from agi_app.gate.caller_id_rules import LONGEST_PROOF, holds_too_long
from agi_app.gate.caps_and_gaps import used_up
from agi_app.gate.case import Reason
from agi_app.gate.decide import Decision
from agi_app.gate.facts import ProofFact
from agi_app.gate.ruleset import DAY, RuleSet
from agi_app.gate.verification import VerificationFacts, judge_own_call

REHEARSALS_PER_DAY = 20  # of one telephone, in any 24 hours; house rule
DECIDED_AS = "rehearse FLOW"  # the campaign name in decision rows: no campaign can have a name with a space
LONGEST_PHONE_PROOF = dt.timedelta(days=90)  # how long a telephone of our staff may hear rehearsals; house rule
PHONE_PROOFS = frozenset({"rehearsal", "call"})  # a letter is about a number, not about who answers there


@dataclass(frozen=True, slots=True)
class RehearsalFacts(VerificationFacts):
    """One request at one instant; ``recent_calls`` are the rehearsals on this telephone."""

    phone_proof: ProofFact | None  # the longest-lasting one that the number rung is a telephone of ours


def decide_rehearsal(facts: RehearsalFacts, trunk_is_sandbox: bool, ruleset: RuleSet, now: dt.datetime) -> Decision:
    """Judge one request (``now`` = rules time, aware)."""
    more = [phone_is_ours(facts, now), _rehearsals_per_day(facts, now)]
    return judge_own_call(facts, DECIDED_AS, more, trunk_is_sandbox, ruleset, now)


def phone_is_ours(facts: RehearsalFacts, now: dt.datetime) -> Reason | None:
    """Somebody answered there and keyed the code that only our command line showed."""
    if (proof := facts.phone_proof) is None or proof.number != facts.number or proof.kind not in PHONE_PROOFS:
        return Reason("phone_unproved")
    if holds_too_long(proof, LONGEST_PHONE_PROOF if proof.kind == "rehearsal" else LONGEST_PROOF, now):
        return Reason("phone_unproved", {"until": f"{proof.expires_at:%Y-%m-%d}"}, case="too_long")
    if proof.expires_at <= now:
        return Reason("phone_proof_expired", {"at": f"{proof.expires_at:%Y-%m-%d}"})
    return None


def _rehearsals_per_day(facts: RehearsalFacts, now: dt.datetime) -> Reason | None:
    full = used_up(facts.recent_calls, REHEARSALS_PER_DAY, DAY, now)
    return None if full is None else Reason("rehearsals_per_day", full.values, full.ends)
