"""A trunk that carries no calls is left alone for a while, and found again when it works."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agi_app.dialer.breaker import FAULTS_TO_OPEN, FIRST_PAUSE_S, LONGEST_PAUSE_S, Breaker
from agi_app.model.call import Outcome


def opened(now: float = 100.0) -> Breaker:
    """A breaker that has just opened."""
    breaker = Breaker()
    for _ in range(FAULTS_TO_OPEN):
        breaker.started()
        breaker.ended(Outcome.TRUNK_SILENT, now)
    return breaker


def test_single_faults_between_good_calls_pause_nothing() -> None:
    breaker = Breaker()
    for _ in range(50):
        breaker.ended(Outcome.CONGESTION, 1.0)
        breaker.ended(Outcome.BUSY, 1.0)
    assert breaker.room(1.0) is None
    assert breaker.reason(1.0) is None


def test_faults_in_a_row_pause_the_trunk_and_say_why() -> None:
    breaker = opened(100.0)
    assert breaker.room(100.1) == 0
    assert "5 calls in a row failed" in (breaker.reason(100.1) or "")
    assert "trunk_silent" in (breaker.reason(100.1) or "")


def test_after_the_pause_exactly_one_call_probes() -> None:
    breaker = opened(100.0)
    later = 100.0 + FIRST_PAUSE_S
    assert breaker.room(later) == 1
    breaker.started()
    assert breaker.room(later) == 0


def test_a_probe_that_rings_lets_all_calls_go_again() -> None:
    breaker = opened(100.0)
    breaker.started()
    breaker.alive()
    assert breaker.room(116.0) is None


def test_failed_probes_wait_longer_each_time_but_not_for_ever() -> None:
    breaker, now, pauses = opened(0.0), FIRST_PAUSE_S, []
    for _ in range(8):
        breaker.started()
        assert breaker.ended(Outcome.CONGESTION, now)
        assert breaker.open_until is not None
        pauses.append(breaker.open_until - now)
        now = breaker.open_until
    assert pauses[:3] == [30.0, 60.0, 120.0]
    assert pauses[-1] == LONGEST_PAUSE_S


def test_late_failures_of_calls_from_before_the_pause_do_not_lengthen_it() -> None:
    breaker = opened(100.0)
    assert not breaker.ended(Outcome.TRUNK_SILENT, 110.0)
    assert breaker.open_until == 100.0 + FIRST_PAUSE_S


def test_a_probe_that_was_not_dialled_does_not_block_the_next_one() -> None:
    breaker = opened(100.0)
    breaker.started()
    breaker.ended(None, 120.0)
    assert breaker.room(120.0) == 1


@given(st.lists(st.sampled_from([*Outcome, None, "started", "alive"]), max_size=60))
def test_a_breaker_always_comes_back(events: list[Outcome | str | None]) -> None:
    """Whatever happened, there is a time at which a call may start, unless one is probing."""
    breaker, now = Breaker(), 0.0
    for event in events:
        now += 1.0
        if event == "started":
            breaker.started()
        elif event == "alive":
            breaker.alive()
        else:
            breaker.ended(None if event is None else Outcome(event), now)
    breaker.ended(None, now)
    assert breaker.room(now + LONGEST_PAUSE_S) != 0
