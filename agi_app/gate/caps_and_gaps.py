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

    @property
    def values(self) -> dict[str, int]:
        """Of the sentence of a refusal."""
        return {"made": self.made, "cap": self.cap}


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
    full = cap_reached(case.rules, case.facts.counted_calls, SPANS["24h"], case.now)
    return None if full is None else Reason("cap_per_day", full.values, full.ends)


def cap_per_week(case: GateCase) -> Reason | None:
    """The person has had fewer calls than the jurisdiction allows in any 7 days, over all campaigns."""
    full = cap_reached(case.rules, case.facts.counted_calls, SPANS["7d"], case.now)
    return None if full is None else Reason("cap_per_week", full.values, full.ends)


def cap_per_month(case: GateCase) -> Reason | None:
    """The person has had fewer calls than the jurisdiction allows in any 30 days, over all campaigns."""
    full = cap_reached(case.rules, case.facts.counted_calls, SPANS["30d"], case.now)
    return None if full is None else Reason("cap_per_month", full.values, full.ends)


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
