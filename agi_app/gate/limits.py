"""How often and how soon a person may be called, and how old the lists of others may be. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from agi_app.gate.facts import CallFact, ListState
from agi_app.gate.ruleset import ListRule, Rules
from agi_app.model.campaign import Purpose

ONE_DAY = dt.timedelta(days=1)


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


def list_faults(
    rules: Sequence[ListRule], states: Sequence[ListState], purpose: Purpose, now: dt.datetime
) -> list[dict[str, str | int]]:
    """What is wrong with the lists that must be asked before calls of this purpose: the values of its sentences.

    A list is as old as the beginning of its day (UTC); one that is dated more than a day ahead is not one.
    """
    faults: list[dict[str, str | int]] = []
    dates = {state.name: state.as_of for state in states}
    for rule in rules:
        if purpose not in rule.purposes:
            continue
        as_of = dates.get(rule.name)
        if as_of is None:
            faults.append({"case": "never", "list": rule.name})
            continue
        age = now - dt.datetime.combine(as_of, dt.time.min, dt.UTC)
        if age > rule.max_age:
            faults.append({"case": "old", "list": rule.name, "at": str(as_of), "days": rule.max_age.days})
        elif age < -ONE_DAY:
            faults.append({"case": "ahead", "list": rule.name, "at": str(as_of)})
    return faults
