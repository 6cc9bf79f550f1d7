"""When a contact is called again: the campaign's delays, re-fitted into windows and the daily cap.

Pure. A retry that would fall outside the hours of the callee moves to the next opening; it never
moves a call earlier. The gate judges again at that time anyway.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from agi_app.gate.rules import DAY, is_open, next_opening
from agi_app.gate.ruleset import RuleSet
from agi_app.model.call import CallResult, Claim, Outcome
from agi_app.model.campaign import Campaign, Window
from agi_app.model.phone import PhoneNumber

REACHED = frozenset({Outcome.HUMAN, Outcome.ANSWERED, Outcome.MACHINE, Outcome.ABANDONED})


def next_due(
    claim: Claim, campaign: Campaign, result: CallResult, number: PhoneNumber, ruleset: RuleSet, now: dt.datetime
) -> dt.datetime | None:
    """When (rules time) the contact is due again after ``result``; None when it is done. ``now`` is rules time.

    A cancelled call is no result: the contact is still to be called, or refused with its reason
    (whoever said stop shows as suppressed).
    """
    if result.outcome in REACHED:
        return None
    if result.outcome is Outcome.CANCELLED:
        delay = dt.timedelta(0)
    else:
        delays = campaign.retry.get(result.outcome.value, ())
        used = claim.retries_used.get(result.outcome.value, 0)
        if used >= len(delays):
            return None
        delay = delays[used]
    due = _after_cap(now + delay, now, number, ruleset) if result.counts else now + delay
    return _into_windows(due, campaign.windows, number, ruleset)


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
