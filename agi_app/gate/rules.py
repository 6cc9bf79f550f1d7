"""One function a rule: facts in, a reason to refuse or None out. Anything unknown is a refusal.

``try_again_at`` is the earliest rules time at which this reason could be gone; None means that
only a person can fix it (a new consent, a proof, another number). Rules about time: ``gate.time_rules``.
"""

from __future__ import annotations

import datetime as dt
import re

from agi_app.gate import time_rules
from agi_app.gate.case import GateCase, Reason, Rule
from agi_app.gate.facts import ProofFact
from agi_app.gate.limits import list_faults
from agi_app.model.campaign import CampaignState, Purpose

DAY = dt.timedelta(hours=24)
LONGEST_PROOF = 365 * DAY  # how long a proof of a number is good for; house rule
E164 = re.compile(r"\+[1-9][0-9]{4,14}")
PROOF_KINDS = frozenset({"letter", "call"})  # a rehearsal's proof never makes a caller ID


def campaign_running(case: GateCase) -> Reason | None:
    """The campaign is running."""
    state = case.facts.campaign_state
    return None if state is CampaignState.RUNNING else Reason("campaign_not_running", {"state": state.value})


def purpose_allowed(case: GateCase) -> Reason | None:
    """A campaign does not have the purpose rehearsal, which is only for your own proved numbers."""
    if case.campaign.purpose is Purpose.REHEARSAL:
        return Reason("purpose_rehearsal")
    return None


def number_valid(case: GateCase) -> Reason | None:
    """The number is one that a person of a known country can answer."""
    return None if case.place else Reason("number_invalid")


def number_fits_trunk(case: GateCase) -> Reason | None:
    """Test-range numbers go to sandbox trunks only, and sandbox trunks dial nothing else."""
    if case.place is None or case.place.reserved == case.trunk_is_sandbox:
        return None
    if case.place.reserved:
        return Reason("number_reserved")
    return Reason("number_not_reserved")


def jurisdiction_listed(case: GateCase) -> Reason | None:
    """The campaign lists the called person's country."""
    if case.place is None or case.place.region in case.campaign.jurisdictions:
        return None
    listed = list(case.campaign.jurisdictions)
    return Reason("jurisdiction_not_listed", {"own": case.place.region, "listed": listed})


def jurisdiction_known(case: GateCase) -> Reason | None:
    """There are calling rules for the called person's country."""
    if case.place is None or case.rules is not None:
        return None
    return Reason("jurisdiction_unknown", {"own": case.place.region})


def consent_fits(case: GateCase) -> Reason | None:
    """A consent for exactly this purpose exists, has begun, is not expired and not withdrawn."""
    if not case.facts.consents:
        return Reason("consent_missing")
    fitting = [c for c in case.facts.consents if c.purpose is case.campaign.purpose]
    if not fitting:
        held = sorted({c.purpose.value for c in case.facts.consents})
        return Reason("consent_purpose", {"held": held, "asked": case.campaign.purpose.value})
    # A withdrawal ends every consent for this purpose that was given before it, whichever it names.
    withdrawn = max((c.revoked_at for c in fitting if c.revoked_at is not None), default=None)
    standing = [c for c in fitting if c.revoked_at is None and (withdrawn is None or c.given_at > withdrawn)]
    if not standing:
        if all(c.wrong_number for c in fitting if c.revoked_at == withdrawn):
            return Reason("consent_revoked", {"at": f"{withdrawn:%Y-%m-%d}"}, case="wrong_number")
        return Reason("consent_revoked", {"at": f"{withdrawn:%Y-%m-%d}"})
    # One that ends before it begins never holds.
    unexpired = [c for c in standing if c.expires_at is None or c.expires_at > max(case.now, c.given_at)]
    if not unexpired:
        last_expiry = max(c.expires_at for c in standing if c.expires_at)
        return Reason("consent_expired", {"at": f"{last_expiry:%Y-%m-%d}"})
    begins = min(c.given_at for c in unexpired)
    if begins > case.now:
        return Reason("consent_missing", {"at": f"{begins:%Y-%m-%d %H:%M}"}, begins, case="not_begun")
    return None


def not_suppressed(case: GateCase) -> Reason | None:
    """No number of the person is on the suppression list."""
    at = case.facts.suppressed_at
    return None if at is None else Reason("suppressed", {"at": f"{at:%Y-%m-%d}"})


def not_on_external_list(case: GateCase) -> Reason | None:
    """The number is on no do-not-call list of others that binds calls of this purpose.

    A list that no rule describes binds every purpose.
    """
    rules = case.rules
    bound = {} if rules is None else {rule.name: rule.purposes for rule in rules.lists}
    hits = [name for name in case.facts.list_hits if case.campaign.purpose in bound.get(name, {case.campaign.purpose})]
    return Reason("external_list", {"lists": sorted(hits)}) if hits else None


def external_lists_fresh(case: GateCase) -> Reason | None:
    """Every list that must be checked before calls of this purpose has been imported, and is new enough."""
    rules = case.rules
    if rules is None or case.place is None:
        return None
    there = [state for state in case.facts.list_states if state.region == case.place.region]
    faults = list_faults(rules.lists, there, case.campaign.purpose, case.now)
    return Reason("external_list_stale", {"faults": faults}) if faults else None


def caller_id_proved(case: GateCase) -> Reason | None:
    """The number shown is proved to be yours, by a proof that has not expired and that holds for at most a year."""
    if not E164.fullmatch(case.caller_id):
        return Reason("caller_id_unproved", {"own": case.caller_id}, case="no_number")
    proof = next((p for p in case.facts.caller_id_proofs if p.number == case.caller_id), None)
    if proof is None or proof.kind not in PROOF_KINDS:
        return Reason("caller_id_unproved", {"own": case.caller_id})
    if holds_too_long(proof, LONGEST_PROOF, case.now):
        values = {"own": case.caller_id, "until": f"{proof.expires_at:%Y-%m-%d}"}
        return Reason("caller_id_unproved", values, case="too_long")
    if proof.expires_at <= case.now:
        return Reason("caller_id_proof_expired", {"own": case.caller_id})
    return None


def holds_too_long(proof: ProofFact, longest: dt.timedelta, now: dt.datetime) -> bool:
    """Whether no proof made until now holds that long: it was made by another clock, or by hand. A day is spared."""
    return proof.expires_at > now + longest + DAY


def caller_id_same(case: GateCase) -> Reason | None:
    """A person always sees the same number."""
    seen = case.facts.caller_id_seen
    if seen is None or seen == case.caller_id:
        return None
    return Reason("caller_id_changed")


def ring_time_allowed(case: GateCase) -> Reason | None:
    """The campaign's ring time is neither too short nor too long."""
    rules, ring = case.rules, case.campaign.ring_time
    if rules is None or rules.ring_at_least <= ring <= rules.ring_at_most:
        return None
    spans = {"ring": ring, "least": rules.ring_at_least, "most": rules.ring_at_most}
    return Reason("ring_time", {name: f"{span.total_seconds():g}" for name, span in spans.items()})


def columns_filled(case: GateCase) -> Reason | None:
    """The contact has a value in every column that the flow says, and of the kind that it says.

    A `say` with a way for `empty` needs none.
    """
    missing = case.facts.columns_missing
    return Reason("column_missing", {"columns": list(missing)}) if missing else None


def abandoned_below_ceiling(case: GateCase) -> Reason | None:
    """Of the campaign's answered calls in 30 days, no more were abandoned than the campaign and the country allow."""
    rules, seen, agents = case.rules, case.facts.abandoned, case.campaign.agents
    if rules is None or seen is None:
        return None
    most = rules.abandoned_percent if agents is None else min(rules.abandoned_percent, agents.abandoned_percent)
    if seen.abandoned * 100 <= most * seen.answered:
        return None
    return Reason("abandoned_ceiling", {"lost": seen.abandoned, "all": seen.answered, "limit": f"{most:g}"})


ALL_RULES: tuple[Rule, ...] = (
    campaign_running,
    purpose_allowed,
    number_valid,
    number_fits_trunk,
    jurisdiction_listed,
    jurisdiction_known,
    consent_fits,
    not_suppressed,
    not_on_external_list,
    external_lists_fresh,
    caller_id_proved,
    caller_id_same,
    ring_time_allowed,
    columns_filled,
    abandoned_below_ceiling,
    time_rules.zone_known,
    time_rules.cap_per_day,
    time_rules.cap_per_week,
    time_rules.cap_per_month,
    time_rules.gap_after_declined,
    time_rules.gap_after_abandoned,
    time_rules.closed_day,
    time_rules.window_jurisdiction,
    time_rules.window_campaign,
)
