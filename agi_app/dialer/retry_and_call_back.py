"""When a contact is called again, if at all: after the campaign's delays, or because the flow wants it. Pure.

Both are re-fitted into windows and caps: a call outside the hours of the callee moves to the next opening, and never to
an earlier time. The gate judges again when the contact is due; here it is only found out whether the rules could allow
it then, so "later today" does not become tomorrow, and the report can say why it did not happen. No fault of ours uses
a contact up.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

from agi_app.dialer.circuit_breaker import TRUNK_FAULTS
from agi_app.flow.engine.call_back_time import is_another_day
from agi_app.flow.syntax.names_and_limits import CALL_BACK, NOT_CALLED_BACK
from agi_app.gate.calling_hours import Opening, is_open, next_opening
from agi_app.gate.caps_and_gaps import cap_reached
from agi_app.gate.facts import CallFact
from agi_app.gate.number_location import rules_for
from agi_app.gate.ruleset import Rules, RuleSet
from agi_app.messages import t
from agi_app.model.call import CallResult, Claim, Fault, Outcome, Unasked
from agi_app.model.campaign import Campaign
from agi_app.model.counted_calls import counts

REACHED = frozenset({Outcome.HUMAN, Outcome.ANSWERED, Outcome.ABANDONED})  # a machine is tried again if `retry` says so
AGAIN = dt.timedelta(minutes=15)  # after a fault of ours, or of a trunk that carries nothing; the breaker asks later
ONE_BY_ONE = (dt.timedelta(days=1),) * 2  # the carrier finds fault with this call alone: ours, or this number's
_TURNS = 60  # each moves to a later opening, or behind a cap; sixty openings of one set are over two weeks


def after_call(
    claim: Claim,
    campaign: Campaign,
    result: CallResult,
    ruleset: RuleSet,
    now: dt.datetime,
    *,
    trunk_paused: bool = False,
) -> tuple[dt.datetime | None, CallResult]:
    """When (rules time) the contact is due again, None when it is done; and the result, which tells what was not done.

    A call-back that is not made leaves the contact to the campaign's delays for ``no_answer``: somebody answered and
    nobody was talked with. The calls that were answered before count as used, so it ends.
    """
    wanted, at = result.unasked, result.call_back_at
    if wanted is None or at is None or result.outcome not in REACHED:
        return next_due(claim, campaign, result, ruleset, now, trunk_paused=trunk_paused), result
    rules = rules_for(claim.place, ruleset)
    later, why = _call_back(claim, campaign, result, wanted, rules, now)
    if why is None:
        return later, result
    due = _retry(claim, campaign, result, rules, now)
    retried = t("retry: no_answer has no delay left") if due is None else t("the delays of retry: no_answer hold")
    note = "; ".join(filter(None, (result.note, t("not called back: {why}; {retried}", why=why, retried=retried))))
    meant = NOT_CALLED_BACK if result.disposition == CALL_BACK else result.disposition
    return due, replace(result, note=note, disposition=meant)


def _call_back(
    claim: Claim, campaign: Campaign, result: CallResult, wanted: Unasked, rules: Rules | None, now: dt.datetime
) -> tuple[dt.datetime, str | None]:
    """When the call-back would be, and why it is not made."""
    at = max(result.call_back_at or now, now)
    due, why = _allowed(at, claim, campaign, result, rules, now)
    before = _answered(claim)
    if before >= wanted.times:
        calls = t("1 answered call") if before == 1 else t("{before} answered calls", before=before)
        return due, t("{calls} of this contact came before, and times is {times}", calls=calls, times=wanted.times)
    zone = result.call_back_at.tzinfo if result.call_back_at is not None else None
    if wanted.today_only and is_another_day(at.astimezone(zone), now):
        return due, t("that time is no longer today")
    if wanted.today_only and is_another_day(due.astimezone(zone), now):
        return due, t("today the rules allow no other call ({why})", why=why)
    return due, None


def _retry(
    claim: Claim, campaign: Campaign, result: CallResult, rules: Rules | None, now: dt.datetime
) -> dt.datetime | None:
    delays = campaign.retry.get(Outcome.NO_ANSWER.value, ())
    used = _answered(claim) + claim.retries_used.get(Outcome.NO_ANSWER.value, 0)
    return _allowed(now + delays[used], claim, campaign, result, rules, now)[0] if used < len(delays) else None


def _answered(claim: Claim) -> int:
    return sum(claim.retries_used.get(outcome.value, 0) for outcome in REACHED)


def _allowed(
    due: dt.datetime, claim: Claim, campaign: Campaign, result: CallResult, rules: Rules | None, now: dt.datetime
) -> tuple[dt.datetime, str]:
    """The first time from ``due`` on at which caps and hours leave room, and what moved it most."""
    calls = [CallFact(at, None) for at in (*claim.counted, *((now,) if counts(result) else ()))]
    moves = [(dt.timedelta(0), "")]
    for _ in range(_TURNS):
        begun = due
        due = into_windows(due, campaign, rules, claim.place.clocks)
        moves.append((due - begun, t("the calling hours")))
        for cap in rules.caps if rules else ():
            if (reached := cap_reached(rules, calls, cap.per, due)) is not None and reached.ends > due:
                made = t(
                    "{made} of {cap} calls in {total_seconds:g} hours",
                    made=reached.made,
                    cap=reached.cap,
                    total_seconds=cap.per.total_seconds() / 3600,
                )
                moves.append((reached.ends - due, made))
                due = reached.ends
        if due == begun:
            break
    return due, max(moves)[1]


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
    One that our own staff ended is no such: the contact is not called for it again.
    ``trunk_paused``: the trunk failed others as well.
    """
    if result.outcome is Outcome.CANCELLED and result.call_back_at is None and not result.by_hand:
        return now
    clocks = claim.place.clocks
    if (delay := _delay(claim, campaign, result, now, trunk_paused=trunk_paused)) is None:
        return None
    due = now + delay
    heard_nothing = result.outcome is Outcome.NO_MEDIA or result.fault is Fault.OURS
    if heard_nothing and result.answered_at is not None and result.call_back_at is None:
        due = max(due, _next_day(now, clocks))  # answered, and by our fault in silence: not a second time on that day
    if (rules := rules_for(claim.place, ruleset)) is not None and counts(result):
        # A cap of one call is reached by the call that was made: the next is due when its span is over.
        due = max([due, *(now + cap.per for cap in rules.caps if cap.calls == 1)])
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


def _next_day(now: dt.datetime, zones: list[ZoneInfo]) -> dt.datetime:
    """When it is the next day in every time zone that the callee may be in."""
    starts = [
        dt.datetime.combine(now.astimezone(zone).date() + dt.timedelta(days=1), dt.time(), tzinfo=zone)
        for zone in zones
    ]
    return max(starts, default=now + dt.timedelta(days=1)).astimezone(dt.UTC)


def into_windows(due: dt.datetime, campaign: Campaign, rules: Rules | None, zones: list[ZoneInfo]) -> dt.datetime:
    """The first time from ``due`` on inside the country's hours and the campaign's window."""
    openings = [Opening((campaign.windows,))] if campaign.windows else []
    openings += [rules.opening] if rules else []
    for _ in range(_TURNS):
        closed = next((o for o in openings if not is_open(due, o, zones)), None)
        if closed is None or (opens := next_opening(due, closed, zones)) is None:
            break  # never open: the gate refuses and says so
        due = opens
    return due
