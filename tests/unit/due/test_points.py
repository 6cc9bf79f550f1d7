"""When contacts are due by the points of time of their campaign: what moves, what is past, what never happens."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.due.openings import PersonsHours
from agi_app.due.planner import planner, points_after
from agi_app.due.points import Planned, place, plan, span_of, urgency
from agi_app.model.campaign import Campaign, Due, Pace, Window
from agi_app.model.contact_times import Times
from tests.unit.gate_cases import CAMPAIGN, CN_NUMBER, ruleset, window

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUR, DAY, MINUTE = dt.timedelta(hours=1), dt.timedelta(days=1), dt.timedelta(minutes=1)
REMINDING: Campaign = replace(CAMPAIGN, due=Due("appointment", (48 * HOUR, 3 * HOUR)), windows=())
OFFICE = PersonsHours.of(None, [SHANGHAI], (Window(frozenset(range(5)), dt.time(9), dt.time(18)),))
SPAN = 10 * MINUTE


def at(day: int, hour: int, minute: int = 0) -> dt.datetime:
    """A time in March 2026 in Shanghai; the 2nd is a Monday."""
    return dt.datetime(2026, 3, day, hour, minute, tzinfo=SHANGHAI)


def due(
    times: Times, now: dt.datetime, settled: int = 0, *, campaign: Campaign = REMINDING, share: float = 0.0
) -> Planned | None:
    """What is planned, with office hours on weekdays."""
    return plan(campaign, times, OFFICE, now, settled, share, SPAN)


def test_each_point_comes_so_long_before_the_appointment() -> None:
    visit = Times(at(12, 15))
    assert due(visit, at(2, 10)) == Planned(0, at(10, 15))
    assert due(visit, at(10, 16), settled=1) == Planned(1, at(12, 12))
    assert due(visit, at(12, 13), settled=2) is None


def test_a_point_in_closed_time_moves_to_the_end_of_the_opening_before() -> None:
    """Monday 10:00 less two days is a Saturday: Friday, and the last minutes of it, spread over the span."""
    visit = Times(at(16, 10))
    assert due(visit, at(2, 10)) == Planned(0, at(13, 17, 59))
    assert due(visit, at(2, 10), share=0.5) == Planned(0, at(13, 17, 54))
    early = Times(at(12, 10))  # three hours before is 07:00: the evening before
    assert due(early, at(11, 9), settled=1) == Planned(1, at(11, 17, 59))


def test_of_points_that_are_past_only_the_latest_counts_and_once() -> None:
    visit = Times(at(12, 15))
    assert due(visit, at(11, 10)) == Planned(0, at(11, 10))
    assert due(visit, at(12, 13)) == Planned(1, at(12, 13))
    assert due(visit, at(12, 13), settled=2) is None


def test_a_late_point_waits_for_the_opening_unless_the_next_point_comes_first() -> None:
    """Imported on Wednesday night for Thursday 15:00: at 09:00; for 11:00, the point before is already the evening."""
    assert due(Times(at(12, 15)), at(11, 22)) == Planned(0, at(12, 9))
    assert due(Times(at(12, 11)), at(11, 17, 30)) == Planned(0, at(11, 17, 30))
    assert due(Times(at(12, 12)), at(11, 19)) == Planned(1, at(12, 9))


def test_nobody_is_due_after_the_appointment_or_the_contacts_own_end() -> None:
    """They are looked at when their time is over, so that the gate says so."""
    assert due(Times(at(12, 15)), at(12, 16)) == Planned(1, at(12, 16))
    assert due(Times(at(12, 8)), at(12, 7)) == Planned(1, at(12, 8))
    assert due(Times(at(20, 15), not_after=at(16, 12)), at(13, 20)) == Planned(0, at(16, 12))
    ended = replace(REMINDING, ends=at(9, 0))
    assert due(Times(at(12, 15)), at(2, 10), campaign=ended) == Planned(0, at(9, 0))


def test_not_before_and_the_campaigns_start_hold_a_point_back() -> None:
    assert due(Times(at(12, 15), not_before=at(11, 20)), at(2, 10)) == Planned(0, at(12, 9))
    later = replace(REMINDING, starts=at(11, 9))
    assert due(Times(at(12, 15)), at(2, 10), campaign=later) == Planned(0, at(11, 9))


def test_without_points_a_contact_is_due_at_once_or_when_its_time_begins() -> None:
    plain = replace(REMINDING, due=None)
    assert due(Times(), at(7, 3), campaign=plain) == Planned(0, at(7, 3)), "as ever: the gate finds the hours"
    assert due(Times(not_before=at(7, 3)), at(2, 10), campaign=plain) == Planned(0, at(9, 9))
    assert due(Times(), at(7, 3), settled=1, campaign=plain) is None


def test_a_time_to_call_is_one_point_without_an_end() -> None:
    calling = replace(REMINDING, due=Due("call_at"))
    assert due(Times(at(12, 15)), at(2, 10), campaign=calling) == Planned(0, at(12, 15))
    assert due(Times(at(12, 15)), at(12, 16), campaign=calling) == Planned(0, at(12, 16))
    assert Times(at(12, 15)).last(calling) > at(31, 0)


def test_the_hours_are_those_of_the_person() -> None:
    """The law's and the campaign's hours in the zone of the number; without rules nothing moves."""
    rules = ruleset(window("09:00", "20:00"))
    find = planner(REMINDING, rules, 100)
    found = find(CN_NUMBER, Times(at(12, 9, 30)), 1, at(11, 10))
    assert found is not None
    assert found.point == 1
    assert at(11, 19) < found.at < at(11, 20)
    assert find("+4915112345678", Times(at(12, 9, 30)), 1, at(11, 10)) == Planned(1, at(12, 6, 30))


def test_the_span_is_what_the_pace_needs() -> None:
    fast, few = replace(CAMPAIGN, pace=Pace(2.0, 1000)), replace(CAMPAIGN, pace=Pace(2.0, 1))
    assert span_of(fast, 600) == dt.timedelta(minutes=5)
    assert span_of(few, 600) == 600 * (few.ring_time + few.max_call)


def test_the_later_point_and_the_higher_priority_go_first() -> None:
    assert urgency(0, 0) == 0
    assert sorted([urgency(0, 1), urgency(9, 0), urgency(0, 0), urgency(9, 1)]) == [0, 1, 90, 91]


MINUTES = st.integers(0, 30 * 24 * 60).map(lambda n: at(1, 0) + n * MINUTE)


@given(event=MINUTES, now=MINUTES, settled=st.integers(0, 3), share=st.floats(0, 1, exclude_max=True))
@pytest.mark.filterwarnings("ignore")
def test_whatever_the_times_are_a_point_is_never_after_the_end_nor_twice(
    event: dt.datetime, now: dt.datetime, settled: int, share: float
) -> None:
    """A contact that is due is due inside the hours, at a point that is left; or its end has come."""
    found = due(Times(event), now, settled, share=share)
    if settled >= 2:
        assert found is None
        return
    assert found is not None
    assert settled <= found.point < 2
    if found.at < event:
        assert found.at >= now or found.at == event
        assert OFFICE.is_open(found.at) or found.at == now
    else:
        assert found.at == max(event, now) or found.at == event


def test_a_place_is_the_same_each_time_and_spread() -> None:
    places = [place(f"+8613800{n:06d}") for n in range(1000)]
    assert place("+8613800000007") == places[7]
    assert all(0 <= p < 1 for p in places)
    assert all(60 < sum(n / 10 <= p < (n + 1) / 10 for p in places) < 140 for n in range(10))


def test_the_later_points_are_foretold_as_caps_let_them() -> None:
    rest = (REMINDING, ruleset(window("09:00", "18:00")), 1)
    visit = Times(at(12, 15))
    assert points_after(CN_NUMBER, visit, at(10, 15), *rest) == [at(12, 12)]
    assert points_after(CN_NUMBER, visit, at(12, 12), *rest) == [], "it is the last one"
    assert points_after(CN_NUMBER, Times(), at(10, 15), *rest) == [], "it has no time"
    once = replace(REMINDING, due=Due("appointment", (3 * HOUR,)))
    assert points_after(CN_NUMBER, visit, at(10, 15), once, *rest[1:]) == []
