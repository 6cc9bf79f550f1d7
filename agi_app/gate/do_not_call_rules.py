"""The gate's rules about people who must not be called: our suppression list, and the do-not-call lists of others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from agi_app.gate.case import GateCase, Reason
from agi_app.gate.facts import ListState
from agi_app.gate.ruleset import ListRule
from agi_app.model.campaign import Purpose

ONE_DAY = dt.timedelta(days=1)


def not_suppressed(case: GateCase) -> Reason | None:
    """No number of the person is on the suppression list."""
    at = case.facts.suppressed_at
    return None if at is None else Reason("suppressed", {"at": f"{at:%Y-%m-%d}"})


def not_on_external_list(case: GateCase) -> Reason | None:
    """The number is on no do-not-call list of others that binds calls of this purpose.

    A list that no rule describes binds every purpose.
    """
    rules = case.rules
    bound = {} if rules is None else {rule.name: rule.purposes for rule in rules.lists}
    hits = [name for name in case.facts.list_hits if case.campaign.purpose in bound.get(name, {case.campaign.purpose})]
    return Reason("external_list", {"lists": sorted(hits)}) if hits else None


def external_lists_fresh(case: GateCase) -> Reason | None:
    """Every list that must be checked before calls of this purpose has been imported, and is new enough."""
    if (rules := case.rules) is None or case.place is None:
        return None
    there = [state for state in case.facts.list_states if state.region == case.place.region]
    faults = list_faults(rules.lists, there, case.campaign.purpose, case.now)
    return Reason("external_list_stale", {"faults": faults}) if faults else None


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
        if (as_of := dates.get(rule.name)) is None:
            faults.append({"case": "never", "list": rule.name})
            continue
        age = now - dt.datetime.combine(as_of, dt.time.min, dt.UTC)
        if age > rule.max_age:
            faults.append({"case": "old", "list": rule.name, "at": str(as_of), "days": rule.max_age.days})
        elif age < -ONE_DAY:
            faults.append({"case": "ahead", "list": rule.name, "at": str(as_of)})
    return faults
