"""What a call waits for, and what becomes of calls whose worker is gone."""

from __future__ import annotations

import datetime as dt

from agi_app.calls.interrupted import sweep_rule
from agi_app.calls.timers import Timers
from agi_app.model.call import Outcome
from tests.fake_clock import FakeClock

NOW = dt.datetime(2026, 3, 4, tzinfo=dt.UTC)


def test_a_wait_takes_the_place_of_others_but_not_of_those_that_last() -> None:
    clock = FakeClock(NOW)
    timers = Timers(clock)
    timers.start("answer", 1.0)
    timers.start("whole call", 2.0, lasting=True)
    timers.only("hangup", 1.5)
    clock.advance(1.6)
    assert list(timers.fired()) == ["hangup"]
    assert 0 < timers.until_next < 0.5
    timers.cancel("whole call")
    assert timers.until_next == 0


def test_what_was_surely_not_dialled_is_given_back_and_the_rest_was_interrupted() -> None:
    rule = sweep_rule(FakeClock(NOW))
    assert rule("claimed") is None
    result = rule("dialling")
    assert result is not None
    assert (result.outcome, result.ended_at) == (Outcome.INTERRUPTED, NOW)
