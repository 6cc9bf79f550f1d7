"""The gate: may we call this contact now? Pure, total, and it fails closed.

``decide`` runs every rule and keeps every reason, so that a refusal explains itself whole. A rule is a function: facts
in, a reason to refuse or None out. Anything unknown is a refusal. ``try_again_at`` is the earliest rules time at which
that reason could be gone; None means that only a person can fix it (a new consent, a proof, another number).
``permit`` is the only maker of a Permit.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from agi_app.errors import SafetyError
from agi_app.gate import (
    abandoned_calls_rule,
    caller_id_rules,
    calling_hours_rules,
    campaign_rules,
    caps_and_gaps,
    consent_rules,
    do_not_call_rules,
    number_rules,
)
from agi_app.gate.caller_id_rules import choose_caller_id
from agi_app.gate.case import GateCase, Reason, Rule
from agi_app.gate.facts import Facts
from agi_app.gate.number_location import place_of
from agi_app.gate.permit import PERMIT_LIFETIME_S, MarkReceipt, Permit
from agi_app.gate.ruleset import RuleSet
from agi_app.messages import t
from agi_app.model.call import AllowedCall
from agi_app.model.campaign import Campaign
from agi_app.model.number_location import NumberLocation
from agi_app.model.phone import NotANumber, parse

ALL_RULES: tuple[Rule, ...] = (
    campaign_rules.campaign_running,
    campaign_rules.campaign_begun,
    campaign_rules.campaign_not_over,
    campaign_rules.contact_time_known,
    campaign_rules.contact_begun,
    campaign_rules.contact_not_over,
    campaign_rules.contact_approved,
    campaign_rules.contact_row_read,
    campaign_rules.quota_open,
    campaign_rules.purpose_allowed,
    number_rules.number_valid,
    number_rules.number_fits_trunk,
    number_rules.number_of_one_person,
    number_rules.jurisdiction_listed,
    number_rules.jurisdiction_known,
    consent_rules.consent_fits,
    do_not_call_rules.not_suppressed,
    do_not_call_rules.not_on_external_list,
    do_not_call_rules.external_lists_fresh,
    caller_id_rules.caller_id_proved,
    caller_id_rules.caller_id_same,
    campaign_rules.ring_time_allowed,
    campaign_rules.columns_filled,
    abandoned_calls_rule.abandoned_below_ceiling,
    calling_hours_rules.zone_known,
    caps_and_gaps.cap_per_day,
    caps_and_gaps.cap_per_week,
    caps_and_gaps.cap_per_month,
    caps_and_gaps.gap_after_declined,
    caps_and_gaps.gap_after_abandoned,
    calling_hours_rules.closed_day,
    calling_hours_rules.window_jurisdiction,
    calling_hours_rules.window_campaign,
    calling_hours_rules.window_person,
)


@dataclass(frozen=True, slots=True)
class Decision:
    """The logged answer: allowed when there is no reason against it."""

    contact_id: int
    person_id: int
    reasons: tuple[Reason, ...]
    ruleset_version: str
    decided_at: dt.datetime  # rules time
    place: NumberLocation | None = None  # what the number says
    caller_id: str = ""  # the number of ours that the person would see or sees
    trunk_is_sandbox: bool = False
    prefix: str = ""  # digits that the trunk dials before the number

    def dialled_with(self, prefix: str) -> Decision:
        """The same, by a trunk that dials ``prefix`` before the number: kept with it, judged by nothing."""
        return replace(self, prefix=prefix)

    @property
    def allowed(self) -> bool:
        """No rule refused."""
        return not self.reasons

    def call(self, attempt_id: str, number: str, trunk: str, decision_id: int) -> AllowedCall:
        """What is allowed, once the store has written it down. Raises SafetyError: it is not."""
        return AllowedCall(
            attempt_id=attempt_id,
            person_id=self.person_id,
            number=number,
            place=self.known_place,
            caller_id=self.caller_id,
            trunk=trunk,
            decision_id=decision_id,
        )

    @property
    def known_place(self) -> NumberLocation:
        """Where the number of an allowed call is. Raises SafetyError: it is not allowed."""
        if self.place is None or not self.allowed:
            raise SafetyError(
                t("contact {contact_id}: the gate refused the call; nothing was dialled", contact_id=self.contact_id)
            )
        return self.place

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of the rules that refused, in the order of the rule list."""
        return tuple(r.rule for r in self.reasons)

    @property
    def try_again_at(self) -> dt.datetime | None:
        """When the gate could answer otherwise by time alone; None if a person must fix something first."""
        if self.allowed or any(r.try_again_at is None for r in self.reasons):
            return None
        return max(r.try_again_at for r in self.reasons if r.try_again_at is not None)


def decide(facts: Facts, campaign: Campaign, trunk_is_sandbox: bool, ruleset: RuleSet, now: dt.datetime) -> Decision:
    """Judge one contact at one instant (``now`` = rules time, aware)."""
    place = locate(facts.number, ruleset)
    shown = choose_caller_id(campaign, facts.number, facts.caller_id_seen)
    return judge(GateCase(facts, place, shown, campaign, trunk_is_sandbox, ruleset, now))


def judge(case: GateCase) -> Decision:
    """What all rules say of a case; the number itself is no longer asked for."""
    return Decision(
        contact_id=case.facts.contact_id,
        person_id=case.facts.person_id,
        reasons=tuple(reason for rule in ALL_RULES if (reason := rule(case)) is not None),
        ruleset_version=case.ruleset.version,
        decided_at=case.now,
        place=case.place,
        caller_id=case.caller_id,
        trunk_is_sandbox=case.trunk_is_sandbox,
    )


def permit(call: AllowedCall, receipt: MarkReceipt, monotonic: float) -> Permit:
    """Turn an allowed, marked call into the right to originate once.

    ``call`` exists only for an allowing decision; ``receipt`` only after the mark committed.
    Raises SafetyError when they are not of the same attempt, the receipt already gave a permit, or
    the mark is too old (or from another clock).
    """
    if receipt.attempt_id != call.attempt_id:
        raise SafetyError(
            t(
                "the mark of attempt {attempt_id} cannot permit attempt {other}",
                attempt_id=receipt.attempt_id,
                other=call.attempt_id,
            )
        )
    if not 0 <= monotonic - receipt.committed_at <= PERMIT_LIFETIME_S:
        raise SafetyError(
            t(
                "attempt {attempt_id}: the mark is older than {limit} s; not dialled",
                attempt_id=call.attempt_id,
                limit=PERMIT_LIFETIME_S,
            )
        )
    receipt.spend()
    return Permit(call.attempt_id, call.number, call.caller_id, call.trunk, receipt.committed_at + PERMIT_LIFETIME_S)


def locate(e164: str, ruleset: RuleSet) -> NumberLocation | None:
    """Where the number is; None unless it is valid and exactly what would be dialled."""
    try:
        number = parse(e164)
    except NotANumber:
        return None
    return place_of(number, ruleset) if number.e164 == e164 else None
