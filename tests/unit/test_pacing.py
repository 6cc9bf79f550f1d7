"""How fast calls start: never above the rate over any stretch of time, and no burst after a pause."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.dialer.pacing import Pacer, take_all

RATES = st.floats(0.1, 200)
STEPS = st.lists(st.floats(0, 3), min_size=1, max_size=60)


def starts(pacers: list[Pacer], waits: list[float]) -> list[float]:
    """When calls start if a loop asks for the next one after each of these waits."""
    now, found = 0.0, []
    for wait in waits:
        now += wait
        start = take_all(pacers, now)
        assert start >= now, "a start in the past would leave at once"
        now = start
        found.append(now)
    return found


def most_in_a_second(times: list[float]) -> int:
    return max(sum(1 for t in times if first <= t < first + 1 - 1e-6) for first in times)


@given(RATES, STEPS)
def test_over_any_stretch_of_time_no_more_calls_start_than_the_rate_allows(rate: float, waits: list[float]) -> None:
    times = starts([Pacer(rate)], waits)
    for index, first in enumerate(times):
        for count, last in enumerate(times[index + 1 :], start=1):
            assert count <= (last - first) * rate * (1 + 1e-9) + 1e-6


@given(RATES, st.floats(1, 10_000))
def test_a_pause_is_not_made_up_for_by_a_burst(rate: float, pause: float) -> None:
    times = starts([Pacer(rate)], [0.0, pause, 0.0, 0.0, 0.0])
    gaps = [b - a for a, b in pairwise(times[1:])]
    assert all(gap >= 1 / rate * (1 - 1e-9) - 1e-6 for gap in gaps)


def test_starts_are_spaced_evenly() -> None:
    assert starts([Pacer(4.0)], [0.0] * 5) == pytest.approx([0, 0.25, 0.5, 0.75, 1.0])


@given(RATES, RATES, STEPS)
def test_a_campaign_and_its_trunk_are_both_obeyed(campaign: float, trunk: float, waits: list[float]) -> None:
    times = starts([Pacer(campaign), Pacer(trunk)], waits)
    slowest = 1 / min(campaign, trunk)
    assert all(b - a >= slowest * (1 - 1e-9) - 1e-6 for a, b in pairwise(times))


def test_two_campaigns_share_the_rate_of_their_trunk() -> None:
    first, second, trunk = Pacer(10.0), Pacer(10.0), Pacer(10.0)
    times = sorted(take_all([campaign, trunk], 0.0) for campaign in (first, second) * 5)
    assert times == pytest.approx([n / 10 for n in range(10)])


def test_a_campaign_that_waited_for_its_trunk_keeps_its_own_distance_afterwards() -> None:
    campaign, trunk = Pacer(1.0), Pacer(100.0)
    for _ in range(500):  # other campaigns fill the trunk for five seconds
        trunk.take(0.0)
    assert [take_all([campaign, trunk], 0.0) for _ in range(2)] == pytest.approx([5.0, 6.0])


def test_a_slower_rate_holds_from_the_next_start_on() -> None:
    pacer = Pacer(10.0)
    pacer.take(0.0)
    pacer.set_rate(1.0)
    assert pacer.take(0.0) == pytest.approx(0.1)
    assert pacer.take(0.0) == pytest.approx(1.1)


@given(RATES, st.floats(0, 5), st.lists(st.floats(0, 2), max_size=5))
def test_the_room_told_to_the_claim_is_what_may_really_start(rate: float, horizon: float, before: list[float]) -> None:
    """Claiming more would hold people's rows without need; claiming less would be slower than allowed."""
    pacer = Pacer(rate)
    starts([pacer], before)
    now = sum(before)
    room = pacer.room(now, horizon)
    times = [pacer.take(now) for _ in range(room + 1)]
    assert all(t <= now + horizon + 1e-6 for t in times[:room])
    assert horizon == 0 or times[room] >= now + horizon - 1e-6


def test_there_is_no_room_while_the_next_start_is_still_far() -> None:
    pacer = Pacer(0.1)
    pacer.take(0.0)
    assert pacer.room(1.0, 2.0) == 0
    assert pacer.room(9.0, 2.0) == 1


def test_a_node_without_a_share_starts_nothing_and_a_new_share_holds_at_once() -> None:
    pacer = Pacer(0.1)
    pacer.take(0.0)
    pacer.set_rate(0.0)
    assert (pacer.room(100.0, 0.5), pacer.ready_at(100.0)) == (0, math.inf)
    pacer.set_rate(2.0)
    assert pacer.take(0.2) == pytest.approx(0.5), "the distance to the last start is that of the new rate"
