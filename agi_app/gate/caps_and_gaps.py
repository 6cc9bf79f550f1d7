"""The gate's rules about how often (caps) and how soon again (gaps) a person may be called."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
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

    def reason(self, rule: str) -> Reason:
        """The refusal by that rule."""
        return Reason(rule, {"made": self.made, "cap": self.cap}, self.ends)


def used_up(times: Iterable[dt.datetime], cap: int, per: dt.timedelta, now: dt.datetime) -> CapReached | None:
    """Whether ``cap`` of so many calls in any ``per`` leaves no room; a call that lies ahead of our clock counts."""
    recent = sorted(at for at in times if at > now - per)
    return None if len(recent) < cap else CapReached(len(recent), cap, recent[len(recent) - cap] + per)


def cap_reached(
    rules: Rules | None, calls: Sequence[CallFact], per: dt.timedelta, now: dt.datetime
) -> CapReached | None:
    """Whether the rules' cap over ``per`` leaves no room."""
    cap = next((c.calls for c in rules.caps if c.per == per), None) if rules else None
    return None if cap is None else used_up((call.at for call in calls), cap, per, now)


def gap_ends(calls: Sequence[CallFact], outcome: str, gap: dt.timedelta | None, now: dt.datetime) -> dt.datetime | None:
    """When the gap after the last call with this outcome ends, if that is still to come."""
    if gap is None:
        return None
    last = max((call.at for call in calls if call.outcome == outcome), default=None)
    return last + gap if last is not None and last + gap > now else None


def cap_per_day(case: GateCase) -> Reason | None:
    """The person has had fewer calls than the jurisdiction allows in any 24 hours, over all campaigns."""
    return _cap(case, "cap_per_day", "24h")


def cap_per_week(case: GateCase) -> Reason | None:
    """The person has had fewer calls than the jurisdiction allows in any 7 days, over all campaigns."""
    return _cap(case, "cap_per_week", "7d")


def cap_per_month(case: GateCase) -> Reason | None:
    """The person has had fewer calls than the jurisdiction allows in any 30 days, over all campaigns."""
    return _cap(case, "cap_per_month", "30d")


def _cap(case: GateCase, rule: str, span: str) -> Reason | None:
    full = cap_reached(case.rules, case.facts.counted_calls, SPANS[span], case.now)
    return None if full is None else full.reason(rule)


def gap_after_declined(case: GateCase) -> Reason | None:
    """Enough time has passed since the person declined a call of yours."""
    return _gap(case, "gap_after_declined", "rejected", case.rules.gap_after_declined if case.rules else None)


def gap_after_abandoned(case: GateCase) -> Reason | None:
    """Enough time has passed since the person answered a call of yours and found nobody there."""
    return _gap(case, "gap_after_abandoned", "abandoned", case.rules.gap_after_abandoned if case.rules else None)


def _gap(case: GateCase, rule: str, outcome: str, gap: dt.timedelta | None) -> Reason | None:
    ends = gap_ends(case.facts.counted_calls, outcome, gap, case.now)
    return None if ends is None else Reason(rule, {}, ends)
