"""How fast calls start: never above the rate over any stretch of time, and no burst after a pause."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.dialer.pacing import LATE_S, SLACK_S, Pacer, Turn, take_all

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


def leaving(pacers: list[Pacer], arrivals: list[float], permit_s: float = math.inf) -> tuple[list[float], int]:
    """When calls leave whose mark was ready at these times, each after its turn; and how many may not any more."""
    turns = [Turn(pacers, 0.0) for _ in arrivals]
    left = []
    for ready in sorted(max(ready, turn.at) for ready, turn in zip(arrivals, turns, strict=True)):
        at = turns[0].leave(ready, ready + permit_s)
        if at is not None:
            left.append(at)
    return left, len(arrivals) - len(left)


@given(RATES, RATES, st.lists(st.floats(0, 10), min_size=1, max_size=60))
def test_however_late_calls_are_they_leave_no_faster_than_the_rate(
    campaign: float, trunk: float, lates: list[float]
) -> None:
    """A stall bunches them; the carrier does not see it."""
    left, _ = leaving([Pacer(campaign), Pacer(trunk)], lates)
    rate = min(campaign, trunk)
    for index, first in enumerate(left):
        for count, last in enumerate(left[index + 1 :], start=1):
            assert count <= (last - first + SLACK_S) * rate * (1 + 1e-9) + 1e-6


@given(RATES, st.floats(0, 5), st.lists(st.floats(0, SLACK_S), min_size=1, max_size=60))
def test_calls_that_are_all_as_late_leave_at_once(rate: float, late: float, jitter: list[float]) -> None:
    """A slow disk makes each mark late by the same: that is no reason to lose a call."""
    turns = [Turn([Pacer(rate)], 0.0)]
    pacers = turns[0]._pacers
    turns += [Turn(pacers, 0.0) for _ in jitter[1:]]
    ready = sorted(turn.at + late + more for turn, more in zip(turns, jitter, strict=True))
    for turn, at in zip(turns, ready, strict=True):
        leaves = turn.leave(at, math.inf)
        assert leaves is not None
        assert leaves - at <= SLACK_S + 1e-6


def test_after_a_stall_some_leave_one_by_one_and_the_others_are_given_back() -> None:
    """A second of calls comes at once; a permit lives 0.3 s."""
    left, given_back = leaving([Pacer(20.0)], [5.0] * 20, permit_s=0.3)
    assert [round(at - 5.0, 2) for at in left] == [0.0, 0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3]
    assert given_back == 12


def test_a_call_whose_turn_is_over_takes_the_next_one() -> None:
    pacer = Pacer(10.0)
    late, other = Turn([pacer], 0.0), Turn([pacer], 0.0)
    assert not late.is_late(LATE_S)
    assert late.is_late(1.0)
    assert late.at == pytest.approx(1.0)
    assert other.is_late(1.0)
    assert other.at == pytest.approx(1.1)
    assert Turn([pacer], 1.0).at == pytest.approx(1.2)


def test_without_a_rate_no_call_leaves() -> None:
    """The part of another node has not come yet, or was lost."""
    pacer = Pacer(10.0)
    turn = Turn([pacer], 0.0)
    pacer.set_rate(0.0)
    assert turn.leave(0.0, 1e9) is None
    assert not turn.is_late(5.0)


def test_a_faster_rate_holds_at_once_for_calls_that_leave() -> None:
    pacer = Pacer(0.25)
    first, second = Turn([pacer], 0.0), Turn([pacer], 0.0)
    assert first.leave(0.0, 0.3) == 0.0
    pacer.set_rate(1.0)
    assert second.leave(1.0, 1.3) == 1.0
