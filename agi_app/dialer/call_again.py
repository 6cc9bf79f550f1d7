"""What happens to a contact whose flow wants to call again without asking: within the rules, bounded, or not at all.

Pure. The gate judges again when the contact is due; here it is only found out whether the rules could allow it then,
so "later today" does not become tomorrow, and the report can say why it did not happen.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from agi_app.dialer.retry import REACHED, into_windows, next_due
from agi_app.flow.engine.call_back_time import is_another_day
from agi_app.flow.syntax.names_and_limits import CALL_BACK, NOT_CALLED_BACK
from agi_app.gate.facts import CallFact
from agi_app.gate.limits import cap_reached
from agi_app.gate.number_location import rules_for
from agi_app.gate.ruleset import Rules, RuleSet
from agi_app.model.call import CallResult, Claim, Outcome, Unasked
from agi_app.model.campaign import Campaign

_TURNS = 60  # each moves to a later opening, or behind a cap


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
    retried = "retry: no_answer has no delay left" if due is None else "the delays of retry: no_answer hold"
    note = "; ".join(filter(None, (result.note, f"not called back: {why}; {retried}")))
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
        calls = "1 answered call" if before == 1 else f"{before} answered calls"
        return due, f"{calls} of this contact came before, and times is {wanted.times}"
    zone = result.call_back_at.tzinfo if result.call_back_at is not None else None
    if wanted.today_only and is_another_day(at.astimezone(zone), now):
        return due, "that time is no longer today"
    if wanted.today_only and is_another_day(due.astimezone(zone), now):
        return due, f"today the rules allow no other call ({why})"
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
    calls = [CallFact(at, None) for at in (*claim.counted, *((now,) if result.counts else ()))]
    moves = [(dt.timedelta(0), "")]
    for _ in range(_TURNS):
        begun = due
        due = into_windows(due, campaign, rules, claim.place.clocks)
        moves.append((due - begun, "the calling hours"))
        for cap in rules.caps if rules else ():
            reached = cap_reached(rules, calls, cap.per, due)
            if reached is not None and reached.ends > due:
                made = f"{reached.made} of {reached.cap} calls in {cap.per.total_seconds() / 3600:g} hours"
                moves.append((reached.ends - due, made))
                due = reached.ends
        if due == begun:
            break
    return due, max(moves)[1]
