"""The next point of time of any contact of one campaign, from its number and its times."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from agi_app.due.openings import PersonsHours
from agi_app.due.points import Planned, moved, place, plan, points_of, span_of
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
        hours = _hours(number, times, campaign, ruleset)
        return plan(campaign, times, hours, now, settled, place(number), span)

    return find


def points_after(
    number: str, times: Times, called: dt.datetime, campaign: Campaign, ruleset: RuleSet, contacts: int
) -> list[dt.datetime]:
    """When a contact that is called at an instant is called at its later points, as far as caps of one call let it.

    For a forecast: nothing is known yet of how the calls end.
    """
    if campaign.due is None or len(campaign.due.before) < 2 or times.event is None:
        return []
    where = locate(number, ruleset)
    rules = None if where is None else rules_for(where, ruleset)
    caps = () if rules is None else rules.caps
    least = max((cap.per for cap in caps if cap.calls == 1), default=dt.timedelta(0))
    hours, span = _hours(number, times, campaign, ruleset), span_of(campaign, contacts)
    found: list[dt.datetime] = []
    for point in points_of(campaign.due, times.event):
        if (at := moved(point, hours, place(number), span)) > called:
            called = max(at, called + least)
            found.append(called)
    return [at for at in found if at < times.last(campaign)]


def _hours(number: str, times: Times, campaign: Campaign, ruleset: RuleSet) -> PersonsHours:
    where = locate(number, ruleset)
    rules, zones = (None, []) if where is None else (rules_for(where, ruleset), where.clocks)
    return PersonsHours.of(rules, zones, campaign.windows, times.preferred)
