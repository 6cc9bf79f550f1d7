"""When a contact is called again: the campaign's delays, re-fitted into windows and the daily cap.

Pure. A retry that would fall outside the hours of the callee moves to the next opening; it never
moves a call earlier. The gate judges again at that time anyway.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from agi_app.gate.rules import DAY, is_open, next_opening
from agi_app.gate.ruleset import RuleSet
from agi_app.model.call import CallResult, Claim, Outcome
from agi_app.model.campaign import Campaign, Window
from agi_app.model.phone import PhoneNumber

REACHED = frozenset({Outcome.HUMAN, Outcome.ANSWERED, Outcome.MACHINE, Outcome.ABANDONED})


@dataclass(frozen=True, slots=True)
class Next:
    """What happens to the contact: ``due_at`` is rules time; None means the contact is done."""

    due_at: dt.datetime | None
    retry_outcome: str | None  # the retry budget that was used


DONE = Next(None, None)


def next_call(
    claim: Claim, campaign: Campaign, result: CallResult, number: PhoneNumber, ruleset: RuleSet, now: dt.datetime
) -> Next:
    """Decide the contact's next call after ``result``; ``now`` is rules time."""
    if result.outcome in REACHED or result.outcome is Outcome.CANCELLED:
        return DONE
    outcome = result.outcome.value
    delays = campaign.retry.get(outcome, ())
    used = claim.retries_used.get(outcome, 0)
    if used >= len(delays):
        return DONE
    due = now + delays[used]
    if result.counts:
        due = _after_cap(due, now, number, ruleset)
    due = _into_windows(due, campaign.windows, number, ruleset)
    return Next(due, outcome)


def _after_cap(due: dt.datetime, now: dt.datetime, number: PhoneNumber, ruleset: RuleSet) -> dt.datetime:
    rules = ruleset.jurisdictions.get(number.region)
    return max(due, now + DAY) if rules is not None and rules.cap_per_day == 1 else due


def _into_windows(due: dt.datetime, own: tuple[Window, ...], number: PhoneNumber, ruleset: RuleSet) -> dt.datetime:
    zones = [ZoneInfo(z) for z in number.zones]
    rules = ruleset.jurisdictions.get(number.region)
    sets = [w for w in (own, rules.windows if rules else ()) if w]
    for _ in range(60):  # each turn moves to a later opening of one set; sixty openings are over two weeks
        closed = next((w for w in sets if not is_open(due, w, zones)), None)
        if closed is None:
            return due
        opening = next_opening(due, closed, zones)
        if opening is None:
            return due  # never open: the gate refuses and says so
        due = opening
    return due
