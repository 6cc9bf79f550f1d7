"""Whether closed hours make room for a call, beside the planner's own answer for the same appointments."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from agi_app.campaigns.calling_rules.rule_files import load_ruleset
from agi_app.campaigns.checks.points_in_a_week import OrdinaryWeek
from agi_app.due.openings import PersonsHours
from agi_app.due.points import moved
from agi_app.model.campaign import Window

CN = load_ruleset().jurisdictions["CN"].rules
ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = dt.datetime(2026, 3, 9, tzinfo=ZONE)  # a week without holidays, and none in the weeks before it
NIGHT = Window(frozenset(range(7)), dt.time(2), dt.time(3))  # when China allows no call


def length(text: str) -> dt.timedelta:
    unit = {"d": 1440, "h": 60, "m": 1}[text[-1]]
    return dt.timedelta(minutes=int(text[:-1]) * unit)


@pytest.mark.parametrize(("point", "delay"), [("24h", "1d"), ("3h", "1d"), ("1h", "1d"), ("1h", "2d"), ("2d", "3d")])
def test_a_try_is_made_where_the_planner_moves_a_point_far_enough(point: str, delay: str) -> None:
    hours = PersonsHours.of(CN, [ZONE])

    def made(minute: int) -> bool:
        appointment = MONDAY + dt.timedelta(minutes=minute)
        called = moved(appointment - length(point), hours, 0.0, dt.timedelta())
        return hours.from_(called + length(delay)) < appointment

    found = OrdinaryWeek(CN, ()).try_is_made((length(point),), (length(delay),), counted=True)
    assert found is any(made(minute) for minute in range(0, 7 * 1440, 15))


def test_points_count_as_called_only_where_each_has_its_own_call() -> None:
    week = OrdinaryWeek(CN, ())
    assert week.point_is_called((length("10h"), length("3h")), 1)
    assert not week.point_is_called((length("5d"), length("3d"), length("1d")), 2)
    assert not week.point_is_called((length("3h"),), 0), "nobody was called at a point before"


def test_of_a_campaign_that_is_never_open_nothing_is_made() -> None:
    week = OrdinaryWeek(CN, (NIGHT,))
    assert not week.try_is_made((length("24h"),), (length("1d"),), counted=False)
    assert not week.point_is_called((length("48h"), length("3h")), 1)
