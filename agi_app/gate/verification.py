"""May we now ring this number, which is ours, to ask for the code that proves it? Pure, and it fails closed.

The number is named on the command line, so it might be a stranger's: it gets every rule that guards a
stranger (window, suppression, test ranges), and an installation makes three such calls a day at most.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from agi_app.gate.caller_id_rules import LONGEST_PROOF, PROOF_KINDS, holds_too_long
from agi_app.gate.calling_hours_rules import closed_day, window_jurisdiction, zone_known
from agi_app.gate.caps_and_gaps import used_up
from agi_app.gate.case import GateCase, Reason, Rule
from agi_app.gate.decide import Decision, locate
from agi_app.gate.do_not_call_rules import not_suppressed
from agi_app.gate.facts import Facts, ProofFact
from agi_app.gate.number_rules import jurisdiction_known, number_fits_trunk, number_valid
from agi_app.gate.ruleset import DAY, RuleSet
from agi_app.model.campaign import Campaign, CampaignState, Purpose

CALLS_PER_DAY = 3  # in any 24 hours, over all numbers; house rule
RING_TIME = dt.timedelta(seconds=30)
NO_CONTACT = 0  # the contact id in decision rows about verification calls
DECIDED_AS = "callerid prove"  # the campaign name in those rows: no campaign can have a name with a space

STRANGERS: tuple[Rule, ...] = (
    number_valid,
    number_fits_trunk,
    jurisdiction_known,
    not_suppressed,
    zone_known,
    closed_day,
    window_jurisdiction,
)


@dataclass(frozen=True, slots=True)
class VerificationFacts:
    """One request at one instant, as the store knows it."""

    person_id: int
    number: str  # E.164, the number to be proved, which is rung
    shown: str | None  # the number to show; None: the rung number itself
    shown_proof: ProofFact | None  # of ``shown``
    trunk: str
    suppressed_at: dt.datetime | None
    recent_calls: tuple[dt.datetime, ...]  # rules time of such calls that count for the day, last 24 hours or later


def decide_verification(
    facts: VerificationFacts, trunk_is_sandbox: bool, ruleset: RuleSet, now: dt.datetime
) -> Decision:
    """Judge one request (``now`` = rules time, aware)."""
    return judge_own_call(facts, DECIDED_AS, [_calls_per_day(facts, now)], trunk_is_sandbox, ruleset, now)


def judge_own_call(
    facts: VerificationFacts,
    decided_as: str,
    more: Sequence[Reason | None],
    trunk_is_sandbox: bool,
    ruleset: RuleSet,
    now: dt.datetime,
    rules: Sequence[Rule] = STRANGERS,
) -> Decision:
    """What ``rules`` say of a call to one of our numbers, the number that is shown, and ``more`` that was asked.

    ``decided_as`` is its campaign name in decision rows.
    """
    campaign, place = _as_campaign(facts, decided_as), locate(facts.number, ruleset)
    case = GateCase(_as_contact(facts), place, campaign.caller_id, campaign, trunk_is_sandbox, ruleset, now)
    found = [*(rule(case) for rule in rules), _shown_is_ours(facts, now), *more]
    return Decision(
        contact_id=NO_CONTACT,
        person_id=facts.person_id,
        reasons=tuple(reason for reason in found if reason is not None),
        ruleset_version=ruleset.version,
        decided_at=now,
        place=place,
        caller_id=campaign.caller_id,
        trunk_is_sandbox=trunk_is_sandbox,
    )


def _shown_is_ours(facts: VerificationFacts, now: dt.datetime) -> Reason | None:
    """The person who answers sees the number they answer on, or one that is proved already."""
    proof = facts.shown_proof
    if facts.shown is None or facts.shown == facts.number:
        return None
    if (
        proof is None
        or proof.kind not in PROOF_KINDS
        or proof.expires_at <= now
        or holds_too_long(proof, LONGEST_PROOF, now)
    ):
        return Reason("caller_id_unproved", {"own": facts.shown}, case="not_shown")
    return None


def _calls_per_day(facts: VerificationFacts, now: dt.datetime) -> Reason | None:
    full = used_up(facts.recent_calls, CALLS_PER_DAY, DAY, now)
    return None if full is None else Reason("verification_per_day", full.values, full.ends)


def _as_contact(facts: VerificationFacts) -> Facts:
    return Facts(
        contact_id=NO_CONTACT,
        person_id=facts.person_id,
        number=facts.number,
        campaign_state=CampaignState.RUNNING,
        consents=(),
        suppressed_at=facts.suppressed_at,
        counted_calls=(),
        caller_id_seen=None,
        caller_id_proofs=(facts.shown_proof,) if facts.shown_proof else (),
        list_hits=(),
        list_states=(),
        abandoned=None,
    )


def _as_campaign(facts: VerificationFacts, name: str) -> Campaign:
    return Campaign(
        name=name,
        purpose=Purpose.REHEARSAL,
        flow="",
        trunk=facts.trunk,
        caller_id=facts.shown or facts.number,
        jurisdictions=(),
        ring_time=RING_TIME,
    )
