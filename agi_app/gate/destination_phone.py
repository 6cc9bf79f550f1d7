"""May this telephone of our own staff be rung through a trunk now, to take a call over? Pure, and it fails closed.

It is a call to a number like any other: the number must be one that a call has proved to be a telephone of ours, on no
stop list, and what it shows must be one of our proved numbers. Hours and caps guard people whom we
call; a colleague is at work, as at a desk phone, so they do not apply (docs/decisions/0058-legs-by-a-trunk.md).
"""

from __future__ import annotations

import datetime as dt

from agi_app.gate.caller_id_rules import PROOF_KINDS
from agi_app.gate.case import Reason
from agi_app.gate.decide import Decision
from agi_app.gate.do_not_call_rules import not_suppressed
from agi_app.gate.number_rules import jurisdiction_known, number_fits_trunk, number_valid
from agi_app.gate.rehearsal import RehearsalFacts, phone_is_ours
from agi_app.gate.ruleset import RuleSet
from agi_app.gate.verification import judge_own_call

DECIDED_AS = "destination leg"  # the campaign name in decision rows: no campaign can have a name with a space
_RULES = (number_valid, number_fits_trunk, jurisdiction_known, not_suppressed)


def decide_leg(facts: RehearsalFacts, trunk_is_sandbox: bool, ruleset: RuleSet, now: dt.datetime) -> Decision:
    """Judge one leg (``now`` = rules time, aware); ``facts.shown`` is our number that it shows."""
    more = [phone_is_ours(facts, now), _shown_is_proved(facts, now)]
    return judge_own_call(facts, DECIDED_AS, more, trunk_is_sandbox, ruleset, now, _RULES)


def _shown_is_proved(facts: RehearsalFacts, now: dt.datetime) -> Reason | None:
    """``judge_own_call`` lets a telephone see its own number; a leg has no reason to show it unproved."""
    proof = facts.shown_proof
    if facts.shown is not None and facts.shown != facts.number:
        return None
    if proof is None or proof.number != facts.shown or proof.kind not in PROOF_KINDS or proof.expires_at <= now:
        return Reason("caller_id_unproved", {"own": str(facts.shown)}, case="not_shown")
    return None
