"""The gate's rules about how often (caps) and how soon again (gaps) a person may be called."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from agi_app.gate.case import GateCase, Reason
from agi_app.gate.facts import CallFact
from agi_app.gate.rule_file import SPANS
from agi_app.gate.ruleset import Rules


@dataclass(frozen=True, slots=True)
class CapReached:
    """How many calls were made of how many, and when the oldest that is too many is no longer in the span."""

    made: int
    cap: int
    ends: dt.datetime


def cap_reached(
    rules: Rules | None, calls: Sequence[CallFact], per: dt.timedelta, now: dt.datetime
) -> CapReached | None:
    """Whether the cap over ``per`` leaves no room; a call that lies ahead of our clock counts."""
    cap = next((c.calls for c in rules.caps if c.per == per), None) if rules else None
    if cap is None:
        return None
    recent = sorted(call.at for call in calls if call.at > now - per)
    if len(recent) < cap:
        return None
    return CapReached(len(recent), cap, recent[len(recent) - cap] + per)


def gap_ends(calls: Sequence[CallFact], outcome: str, gap: dt.timedelta | None, now: dt.datetime) -> dt.datetime | None:
    """When the gap after the last call with this outcome ends, if that is still to come."""
    if gap is None:
        return None
    last = max((call.at for call in calls if call.outcome == outcome), default=None)
    return last + gap if last is not None and last + gap > now else None


def cap_per_day(case: GateCase) -> Reason | None:
    """The person has had fewer calls than the jurisdiction allows in any 24 hours, over all campaigns."""
    reached = cap_reached(case.rules, case.facts.counted_calls, SPANS["24h"], case.now)
    return None if reached is None else Reason("cap_per_day", {"made": reached.made, "cap": reached.cap}, reached.ends)


def cap_per_week(case: GateCase) -> Reason | None:
    """The person has had fewer calls than the jurisdiction allows in any 7 days, over all campaigns."""
    reached = cap_reached(case.rules, case.facts.counted_calls, SPANS["7d"], case.now)
    return None if reached is None else Reason("cap_per_week", {"made": reached.made, "cap": reached.cap}, reached.ends)


def cap_per_month(case: GateCase) -> Reason | None:
    """The person has had fewer calls than the jurisdiction allows in any 30 days, over all campaigns."""
    reached = cap_reached(case.rules, case.facts.counted_calls, SPANS["30d"], case.now)
    return (
        None if reached is None else Reason("cap_per_month", {"made": reached.made, "cap": reached.cap}, reached.ends)
    )


def gap_after_declined(case: GateCase) -> Reason | None:
    """Enough time has passed since the person declined a call of yours."""
    gap = None if case.rules is None else case.rules.gap_after_declined
    ends = gap_ends(case.facts.counted_calls, "rejected", gap, case.now)
    return None if ends is None else Reason("gap_after_declined", {}, ends)


def gap_after_abandoned(case: GateCase) -> Reason | None:
    """Enough time has passed since the person answered a call of yours and found nobody there."""
    gap = None if case.rules is None else case.rules.gap_after_abandoned
    ends = gap_ends(case.facts.counted_calls, "abandoned", gap, case.now)
    return None if ends is None else Reason("gap_after_abandoned", {}, ends)
