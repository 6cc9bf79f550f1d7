"""What comes after a call to a contact: its next number, a retry, its call-back, or its next point of time. Pure.

Only an outcome that ``retry`` may name leaves a point unsettled: then each further number of the contact is called
once, in their order, as soon as caps allow it, and after the last one the campaign's delays hold, until the next point
comes. Everything else settles it, and the next point stands. A call-back that the person asked for replaces both.
Nobody is called after the contact's own end, more than ``MOST_TRIES`` times in all, or again after they declined.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from agi_app.dialer.circuit_breaker import TRUNK_FAULTS
from agi_app.dialer.retry_and_call_back import after_call
from agi_app.due.openings import PersonsHours
from agi_app.due.points import Planned, place, plan, settled_by, span_of
from agi_app.flow.syntax.names_and_limits import OPTED_OUT, WRONG_NUMBER
from agi_app.gate.number_location import rules_for
from agi_app.gate.ruleset import Rules, RuleSet
from agi_app.messages import t
from agi_app.model.call import RETRIED, CallResult, Claim, Fault, Outcome
from agi_app.model.campaign import Campaign
from agi_app.model.counted_calls import counts

MOST_TRIES = 6  # calls to one contact that rang or were answered
DECLINED = "declined"  # a disposition of flows: the person wants no call about it
_FOR_GOOD = frozenset({OPTED_OUT, WRONG_NUMBER, DECLINED})


# Of this number; one that does not exist leaves the contact's other numbers.
_NOT_REACHED = frozenset({*map(Outcome, RETRIED), Outcome.INVALID_NUMBER})


@dataclass(frozen=True, slots=True)
class NextCall:
    """``due`` None: the contact is done, ``for_good`` whatever the office changes."""

    due: dt.datetime | None  # rules time
    point: int
    number_place: int = 1  # of the contact's numbers, from 1
    for_good: bool = False
    same_round: bool = False  # it is the next number's turn: no retry is used


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
    """When (rules time) the contact is called next, at which number, and the result with a note of what was not done.

    ``contacts``: how many the campaign has, over whom moved points are spread.
    """
    last = claim.times.last(campaign)
    due, told = after_call(claim, campaign, result, ruleset, now, trunk_paused=trunk_paused)
    missed = told.call_back_at is not None and due is not None and due >= last
    if missed:
        due, told = None, replace(told, note="; ".join(filter(None, (told.note, _too_late(last)))))
    if result.outcome is Outcome.REJECTED or told.disposition in _FOR_GOOD:
        return NextCall(None, claim.point, for_good=True), told
    if claim.tries + counts(result) >= MOST_TRIES:
        return NextCall(None, claim.point), told
    ours = result.fault is Fault.OURS or (trunk_paused and result.outcome in TRUNK_FAULTS)
    if due is not None and (ours or told.call_back_at is not None):
        return NextCall(min(due, last), claim.point, claim.number_place), told
    rules = rules_for(claim.place, ruleset)
    then = NextCall(last if missed else None if due is None else min(due, last), claim.point)
    if claim.number_place < claim.numbers and _moves_on(campaign, result):
        turn = min(_after_caps(now, result, rules, now), last)
        then = NextCall(turn, claim.point, claim.number_place + 1, same_round=True)
    following = _following(claim, campaign, result, rules, now, contacts)
    if following is not None and (then.due is None or following.at <= then.due):
        then = NextCall(following.at, following.point)
    return then, told


def _moves_on(campaign: Campaign, result: CallResult) -> bool:
    """Whether the contact's next number is called for the same point."""
    detection = campaign.machine_detection
    told_a_machine = result.outcome is Outcome.MACHINE and detection is not None and detection.message is not None
    return result.outcome in _NOT_REACHED and not told_a_machine


def _following(
    claim: Claim, campaign: Campaign, result: CallResult, rules: Rules | None, now: dt.datetime, contacts: int
) -> Planned | None:
    """The next point that this call has not settled, where the person's caps leave room for it."""
    times = claim.times
    hours = PersonsHours.of(rules, claim.place.clocks, campaign.windows, times.preferred)
    share, span = place(claim.number), span_of(campaign, contacts)
    done = max(claim.point + 1, settled_by(campaign, times, hours, now, share, span))
    if (found := plan(campaign, times, hours, now, done, share, span)) is None:
        return None
    at = _after_caps(found.at, result, rules, now)
    return Planned(found.point, min(at if at == found.at else hours.from_(at), times.last(campaign)))


def _after_caps(at: dt.datetime, result: CallResult, rules: Rules | None, now: dt.datetime) -> dt.datetime:
    """``at``, or when the span of a cap of one call, which this call has reached, is over."""
    spans = [cap.per for cap in rules.caps if cap.calls == 1] if rules is not None and counts(result) else []
    return max([at, *(now + span for span in spans)])


def _too_late(last: dt.datetime) -> str:
    return t("not called back: nobody is called after {last:%Y-%m-%d %H:%M} UTC", last=last)
