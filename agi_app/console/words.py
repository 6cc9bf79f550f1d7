"""Short words for what the database names by codes: states, outcomes, rules. A code without any stays as it is."""

from __future__ import annotations

from collections.abc import Mapping

from agi_app.messages import t, template

STATES: Mapping[str, str] = {
    "draft": template("has not started"),
    "running": template("runs"),
    "paused": template("is paused"),
    "stopped": template("is stopped"),
}
OUTCOMES: Mapping[str, str] = {
    "human": template("a person answered"),
    "machine": template("a machine answered"),
    "answered": template("answered"),
    "busy": template("busy"),
    "no_answer": template("nobody answered"),
    "rejected": template("rejected"),
    "invalid_number": template("no such number"),
    "congestion": template("network congested"),
    "trunk_silent": template("trunk silent"),
    "failed": template("failed"),
    "no_media": template("no sound"),
    "abandoned": template("abandoned"),
    "cancelled": template("cancelled"),
    "interrupted": template("interrupted"),
    "dialling": template("in a call now"),
}
VERBS: Mapping[str, str] = {
    "start": template("start"),
    "pause": template("pause"),
    "resume": template("go on"),
    "stop": template("stop calling"),
    "preview": template("look ahead"),
    "approve": template("approve"),
}
PURPOSES: Mapping[str, str] = {
    "transactional": template("transactional"),
    "survey": template("survey"),
    "marketing": template("marketing"),
}
RULES: Mapping[str, str] = {
    "campaign_not_running": template("campaign does not run"),
    "campaign_not_begun": template("campaign not begun"),
    "campaign_over": template("campaign is over"),
    "contact_without_time": template("no time in the list"),
    "contact_too_early": template("too early"),
    "contact_too_late": template("too late"),
    "contact_not_approved": template("not approved"),
    "contact_row_rejected": template("newer row rejected"),
    "quota_group": template("group without quota"),
    "quota_reached": template("quota reached"),
    "quota_under_way": template("quota under way"),
    "number_invalid": template("number not valid"),
    "number_reserved": template("test number"),
    "number_not_reserved": template("no test number"),
    "number_shared": template("number of too many"),
    "jurisdiction_not_listed": template("other country"),
    "jurisdiction_unknown": template("no rules for it"),
    "consent_missing": template("no consent"),
    "consent_purpose": template("consent for another"),
    "consent_revoked": template("consent withdrawn"),
    "consent_expired": template("consent expired"),
    "suppressed": template("said stop"),
    "external_list": template("on an outside list"),
    "external_list_stale": template("outside list too old"),
    "caller_id_unproved": template("our number unproved"),
    "caller_id_proof_expired": template("proof has expired"),
    "caller_id_changed": template("saw another number"),
    "ring_time": template("rings too long"),
    "column_missing": template("cannot be said"),
    "abandoned_ceiling": template("too many abandoned"),
    "zone_unknown": template("time zone unknown"),
    "cap_per_day": template("calls of the day"),
    "cap_per_week": template("calls of the week"),
    "cap_per_month": template("calls of the month"),
    "gap_after_declined": template("declined lately"),
    "gap_after_abandoned": template("abandoned lately"),
    "closed_day": template("closed day there"),
    "window_jurisdiction": template("hours of the country"),
    "window_campaign": template("campaign's hours"),
    "window_person": template("person's hours"),
    "not_due": template("waits for its time"),
    "in_call": template("is being called"),
}
KINDS: Mapping[str, Mapping[str, str]] = {
    "state": STATES,
    "outcome": OUTCOMES,
    "verb": VERBS,
    "purpose": PURPOSES,
    "rule": RULES,
}


def word(kind: str, code: str) -> str:
    """What people read for a code of this kind; ``kind`` empty: the code is somebody's own word."""
    found = KINDS.get(kind, {}).get(code)
    return code if found is None else t(found)
