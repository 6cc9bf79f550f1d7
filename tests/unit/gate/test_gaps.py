"""How soon a person may be called again, when a cap has room, and which hours are calling hours; each rule alone."""

from __future__ import annotations

import datetime as dt

from msgspec.structs import replace

from agi_app.gate.calling_hours_rules import closed_day, window_jurisdiction, zone_known
from agi_app.gate.caps_and_gaps import cap_per_day, cap_reached, gap_ends
from agi_app.gate.case import GateCase
from agi_app.gate.decide import locate
from agi_app.gate.facts import CallFact
from agi_app.gate.ruleset import Cap
from tests.unit.gate_cases import CALLER_ID, CAMPAIGN, CN_NUMBER, DAY, FACTS, NOW, calls, ruleset, window

HOUR = dt.timedelta(hours=1)
CALLS = [CallFact(NOW - 5 * HOUR, "no_answer"), CallFact(NOW - 2 * HOUR, "rejected")]


def test_a_gap_ends_so_long_after_the_last_such_call() -> None:
    assert gap_ends(CALLS, "rejected", 3 * HOUR, NOW) == NOW + HOUR
    assert gap_ends(CALLS, "rejected", HOUR, NOW) is None, "it is over"
    assert gap_ends(CALLS, "busy", DAY, NOW) is None
    assert gap_ends(CALLS, "rejected", None, NOW) is None


def test_a_cap_has_room_when_the_oldest_call_leaves_its_span() -> None:
    rules = ruleset(caps=(Cap(2, DAY),)).jurisdictions["CN"].rules
    reached = cap_reached(rules, CALLS, DAY, NOW)
    assert reached is not None
    assert reached.ends == NOW - 5 * HOUR + DAY
    assert cap_reached(rules, CALLS[:1], DAY, NOW) is None


def test_each_rule_about_the_time_refuses_for_its_own_reason_alone() -> None:
    """A call a day, within the hours of the country."""
    rules = ruleset(window("09:00", "21:00"), cap=1)
    place = locate(CN_NUMBER, rules)
    for called, now, refused in (
        ((), NOW, set()),
        (calls(NOW - HOUR), NOW, {cap_per_day}),
        ((), NOW + 12 * HOUR, {window_jurisdiction}),
    ):
        case = GateCase(replace(FACTS, counted_calls=called), place, CALLER_ID, CAMPAIGN, True, rules, now)
        asked = (zone_known, cap_per_day, closed_day, window_jurisdiction)
        assert {rule for rule in asked if rule(case) is not None} == refused
