"""When a contact is called again: the campaign's delays, re-fitted into windows and the caps.

Pure. A retry that would fall outside the hours of the callee moves to the next opening; it never
moves a call earlier. The gate judges again at that time anyway.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from agi_app.gate.hours import Opening, is_open, next_opening
from agi_app.gate.place import place_of, rules_for
from agi_app.gate.ruleset import Rules, RuleSet
from agi_app.model.call import CallResult, Claim, Outcome
from agi_app.model.campaign import Campaign
from agi_app.model.phone import PhoneNumber

REACHED = frozenset({Outcome.HUMAN, Outcome.ANSWERED, Outcome.ABANDONED})  # a machine is tried again if `retry` says so


def next_due(
    claim: Claim, campaign: Campaign, result: CallResult, number: PhoneNumber, ruleset: RuleSet, now: dt.datetime
) -> dt.datetime | None:
    """When (rules time) the contact is due again after ``result``; None when it is done. ``now`` is rules time.

    A person who chose to be called back is due then, or when the window and the caps allow it again; no retry
    of the campaign comes besides. A cancelled call is no result: the gate looks at the contact at once, so that a
    refusal shows its reason (whoever said stop shows as suppressed), not when the caps would allow a call again.
    """
    if result.outcome in REACHED and result.call_back_at is None:
        return None
    if result.call_back_at is not None:
        delay = max(result.call_back_at - now, dt.timedelta(0))
    elif result.outcome is Outcome.CANCELLED:
        return now
    else:
        delays = campaign.retry.get(result.outcome.value, ())
        used = claim.retries_used.get(result.outcome.value, 0)
        if used >= len(delays):
            return None
        delay = delays[used]
    place = place_of(number, ruleset)
    rules = rules_for(place, ruleset)
    due = _after_cap(now + delay, now, rules) if result.counts else now + delay
    return into_windows(due, campaign, rules, place.clocks)


def _after_cap(due: dt.datetime, now: dt.datetime, rules: Rules | None) -> dt.datetime:
    """A cap of one call is reached by the call that was made: not before its span is over."""
    return max(due, *(now + cap.per for cap in rules.caps if cap.calls == 1), due) if rules else due


def into_windows(due: dt.datetime, campaign: Campaign, rules: Rules | None, zones: list[ZoneInfo]) -> dt.datetime:
    """The first time from ``due`` on inside the country's hours and the campaign's window."""
    openings = [Opening((campaign.windows,))] if campaign.windows else []
    openings += [rules.opening] if rules else []
    for _ in range(60):  # each turn moves to a later opening of one set; sixty openings are over two weeks
        closed = next((o for o in openings if not is_open(due, o, zones)), None)
        if closed is None:
            return due
        opens = next_opening(due, closed, zones)
        if opens is None:
            return due  # never open: the gate refuses and says so
        due = opens
    return due
