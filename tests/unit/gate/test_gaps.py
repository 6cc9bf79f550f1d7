"""How soon a person may be called again, and when a cap has room."""

from __future__ import annotations

import datetime as dt

from agi_app.gate.facts import CallFact
from agi_app.gate.limits import cap_reached, gap_ends
from agi_app.gate.ruleset import Cap
from tests.unit.gate_cases import DAY, NOW, ruleset

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
