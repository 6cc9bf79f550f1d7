"""Which of our numbers a person sees, and the rules that it is proved to be ours and always the same."""

from __future__ import annotations

import datetime as dt
import re

from agi_app.gate.case import GateCase, Reason
from agi_app.gate.facts import ProofFact
from agi_app.gate.ruleset import DAY
from agi_app.model.campaign import Campaign

LONGEST_PROOF = 365 * DAY  # how long a proof of a number is good for; house rule
E164 = re.compile(r"\+[1-9][0-9]{4,14}")
PROOF_KINDS = frozenset({"letter", "call"})  # a rehearsal's proof never makes a caller ID


def choose_caller_id(campaign: Campaign, number: str, seen: str | None) -> str:
    """Our number to show to ``number`` (E.164), who has ``seen`` this one before, or none: the same at every call.

    There is nothing to rotate by: it hangs on the called number and on what that person has seen, not on time, chance,
    load or earlier calls to others. A person who has seen a number sees that one or is not called.

    A number of the campaign that the person saw stays. Otherwise the local one whose prefix is the longest that
    ``number`` begins with, else the campaign's own. When the person has seen a number that the campaign does
    not have, the answer differs from it, and the gate refuses the call (``caller_id_changed``).
    """
    if seen is not None and seen in numbers_of(campaign):
        return seen
    fitting = [(prefix, ours) for prefix, ours in campaign.local_caller_ids if number.startswith(prefix)]
    return max(fitting, key=lambda entry: len(entry[0]))[1] if fitting else campaign.caller_id


def numbers_of(campaign: Campaign) -> tuple[str, ...]:
    """Every number that a campaign may show, its own first; each needs a valid proof."""
    return tuple(dict.fromkeys((campaign.caller_id, *(ours for _, ours in campaign.local_caller_ids))))


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
    return Reason("caller_id_proof_expired", {"own": case.caller_id}) if proof.expires_at <= case.now else None


def holds_too_long(proof: ProofFact, longest: dt.timedelta, now: dt.datetime) -> bool:
    """Whether no proof made until now holds that long: it was made by another clock, or by hand. A day is spared."""
    return proof.expires_at > now + longest + DAY


def caller_id_same(case: GateCase) -> Reason | None:
    """A person always sees the same number."""
    if (seen := case.facts.caller_id_seen) is None or seen == case.caller_id:
        return None
    return Reason("caller_id_changed")
