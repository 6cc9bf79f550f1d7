"""What comes after a call to a contact with points of time: its retry, its call-back, or its next point. Pure.

Only an outcome that ``retry`` may name leaves a point unsettled: then the campaign's delays hold, until the next point
comes. Everything else settles it, and the next point stands. A call-back that the person asked for replaces both.
Nobody is called after the contact's own end, more than ``MOST_TRIES`` times in all, or again after they declined.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from agi_app.dialer.retry_and_call_back import after_call
from agi_app.due.openings import PersonsHours
from agi_app.due.points import Planned, place, plan, settled_by, span_of
from agi_app.flow.syntax.names_and_limits import OPTED_OUT, WRONG_NUMBER
from agi_app.gate.number_location import rules_for
from agi_app.gate.ruleset import Cap, Rules, RuleSet
from agi_app.messages import t
from agi_app.model.call import CallResult, Claim, Outcome
from agi_app.model.campaign import Campaign
from agi_app.model.counted_calls import counts

MOST_TRIES = 6  # calls to one contact that rang or were answered
DECLINED = "declined"  # a disposition of flows: the person wants no call about it
_FOR_GOOD = frozenset({OPTED_OUT, WRONG_NUMBER, DECLINED})


@dataclass(frozen=True, slots=True)
class NextCall:
    """``due`` None: the contact is done, ``for_good`` whatever the office changes."""

    due: dt.datetime | None  # rules time
    point: int
    for_good: bool


def next_call(
    claim: Claim,
    campaign: Campaign,
    result: CallResult,
    ruleset: RuleSet,
    now: dt.datetime,
    *,
    contacts: int,
    trunk_paused: bool = False,
) -> tuple[NextCall, CallResult]:
    """When (rules time) the contact is called next, and the result with a note of what was not done.

    ``contacts``: how many the campaign may have, over whom moved points are spread.
    """
    last = claim.times.last(campaign)
    due, told = after_call(claim, campaign, result, ruleset, now, trunk_paused=trunk_paused)
    if told.call_back_at is not None and due is not None and due >= last:
        due, told = None, replace(told, note="; ".join(filter(None, (told.note, _too_late(last)))))
    if result.outcome is Outcome.REJECTED or told.disposition in _FOR_GOOD:
        return NextCall(None, claim.point, for_good=True), told
    if claim.tries + counts(result) >= MOST_TRIES:
        return NextCall(None, claim.point, for_good=False), told
    if told.call_back_at is not None and due is not None:
        return NextCall(due, claim.point, for_good=False), told
    following = _following(claim, campaign, result, ruleset, now, contacts)
    if following is not None and (due is None or following.at <= due):
        return NextCall(following.at, following.point, for_good=False), told
    return NextCall(None if due is None else min(due, last), claim.point, for_good=False), told


def _following(
    claim: Claim, campaign: Campaign, result: CallResult, ruleset: RuleSet, now: dt.datetime, contacts: int
) -> Planned | None:
    """The next point that this call has not settled, where the person's caps leave room for it."""
    rules, times = rules_for(claim.place, ruleset), claim.times
    hours = PersonsHours.of(rules, claim.place.clocks, campaign.windows, times.preferred)
    share, span = place(claim.number), span_of(campaign, contacts)
    done = max(claim.point + 1, settled_by(campaign, times, hours, now, share, span))
    found = plan(campaign, times, hours, now, done, share, span)
    if found is None or not counts(result):
        return found
    at = max([found.at, *(now + cap.per for cap in _caps(rules) if cap.calls == 1)])
    return Planned(found.point, min(hours.from_(at), times.last(campaign)))


def _caps(rules: Rules | None) -> tuple[Cap, ...]:
    return () if rules is None else rules.caps


def _too_late(last: dt.datetime) -> str:
    return t("not called back: nobody is called after {last:%Y-%m-%d %H:%M} UTC", last=last)
