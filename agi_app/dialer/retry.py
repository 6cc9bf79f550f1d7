"""When a contact is called again: the campaign's delays, re-fitted into windows and the caps.

Pure. A retry that would fall outside the hours of the callee moves to the next opening; it never
moves a call earlier. The gate judges again at that time anyway. No fault of ours uses a contact up.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from agi_app.dialer.circuit_breaker import TRUNK_FAULTS
from agi_app.gate.hours import Opening, is_open, next_opening
from agi_app.gate.number_location import rules_for
from agi_app.gate.ruleset import Rules, RuleSet
from agi_app.model.call import CallResult, Claim, Fault, Outcome
from agi_app.model.campaign import Campaign

REACHED = frozenset({Outcome.HUMAN, Outcome.ANSWERED, Outcome.ABANDONED})  # a machine is tried again if `retry` says so


AGAIN = dt.timedelta(minutes=15)  # after a fault of ours, or of a trunk that carries nothing; the breaker asks later
ONE_BY_ONE = (dt.timedelta(days=1),) * 2  # the carrier finds fault with this call alone: ours, or this number's


def next_due(
    claim: Claim,
    campaign: Campaign,
    result: CallResult,
    ruleset: RuleSet,
    now: dt.datetime,
    *,
    trunk_paused: bool = False,
) -> dt.datetime | None:
    """When (rules time) the contact is due again after ``result``; None when it is done. ``now`` is rules time.

    A person who chose to be called back is due then, or when the window and the caps allow it again; no retry
    of the campaign comes besides. A cancelled call is no result: the gate looks at the contact at once, so that a
    refusal shows its reason (a person who said stop shows as suppressed), not when the caps would allow a call again.
    ``trunk_paused``: the trunk failed others as well.
    """
    if result.outcome is Outcome.CANCELLED and result.call_back_at is None:
        return now
    clocks = claim.place.clocks
    delay = _delay(claim, campaign, result, now, trunk_paused=trunk_paused)
    if delay is None:
        return None
    due = now + delay
    if result.answered_at is not None and result.call_back_at is None and _heard_nothing(result):
        due = max(due, _next_day(now, clocks))
    rules = rules_for(claim.place, ruleset)
    due = _after_cap(due, now, rules) if result.counts else due
    return into_windows(due, campaign, rules, clocks)


def _delay(
    claim: Claim, campaign: Campaign, result: CallResult, now: dt.datetime, *, trunk_paused: bool
) -> dt.timedelta | None:
    """How long to wait at least; None: not again."""
    if result.call_back_at is not None:
        return max(result.call_back_at - now, dt.timedelta(0))
    used = claim.retries_used.get(result.outcome.value, 0)
    if result.outcome is Outcome.NO_MEDIA:
        return dt.timedelta(0) if used == 0 else None
    delays = campaign.retry.get(result.outcome.value, ())
    if result.fault is Fault.LIKELY_OURS:
        delays = delays or ONE_BY_ONE
    if result.outcome not in REACHED and used < len(delays):
        return delays[used]
    ours = result.fault is Fault.OURS or (trunk_paused and result.outcome in TRUNK_FAULTS)
    return AGAIN if ours else None


def _heard_nothing(result: CallResult) -> bool:
    """Answered, and by our fault the person heard nothing: not a second time on that day."""
    return result.outcome is Outcome.NO_MEDIA or result.fault is Fault.OURS


def _next_day(now: dt.datetime, zones: list[ZoneInfo]) -> dt.datetime:
    """When it is the next day in every time zone that the callee may be in."""
    starts = [
        dt.datetime.combine(now.astimezone(zone).date() + dt.timedelta(days=1), dt.time(), tzinfo=zone)
        for zone in zones
    ]
    return max(starts, default=now + dt.timedelta(days=1)).astimezone(dt.UTC)


def _after_cap(due: dt.datetime, now: dt.datetime, rules: Rules | None) -> dt.datetime:
    """A cap of one call is reached by the call that was made: the next is due when its span is over."""
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
