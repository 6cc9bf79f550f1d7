"""The next point of time of any contact of one campaign, from its number and its times."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from agi_app.due.openings import PersonsHours
from agi_app.due.points import Planned, place, plan, span_of
from agi_app.gate.decide import locate
from agi_app.gate.number_location import rules_for
from agi_app.gate.ruleset import RuleSet
from agi_app.model.campaign import Campaign
from agi_app.model.contact_times import Times

Planner = Callable[[str, Times, int, dt.datetime], Planned | None]  # number, times, settled points, now -> next point


def planner(campaign: Campaign, ruleset: RuleSet, contacts: int) -> Planner:
    """``contacts``: how many the campaign has, over whom moved points are spread."""
    span = span_of(campaign, contacts)

    def find(number: str, times: Times, settled: int, now: dt.datetime) -> Planned | None:
        where = locate(number, ruleset)
        rules, zones = (None, []) if where is None else (rules_for(where, ruleset), where.clocks)
        hours = PersonsHours.of(rules, zones, campaign.windows, times.preferred)
        return plan(campaign, times, hours, now, settled, place(number), span)

    return find
