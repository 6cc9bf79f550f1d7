"""The two kinds of time: what rules are judged by may be moved in a sandbox, what deadlines use may not."""

from __future__ import annotations

import datetime as dt

import pytest

from agi_app.clock import Clock, SandboxClock
from tests.fake_clock import FakeClock
from tests.unit.gate_cases import NOW, SHANGHAI

YEAR = dt.timedelta(days=365)
SOON = dt.timedelta(seconds=5)


@pytest.mark.parametrize("clock", [Clock(), SandboxClock(YEAR), FakeClock(NOW)])
def test_every_clock_speaks_utc(clock: Clock) -> None:
    assert clock.now().utcoffset() == dt.timedelta(0)
    assert clock.real_now().utcoffset() == dt.timedelta(0)


def test_the_system_clock_tells_the_real_time() -> None:
    clock = Clock()
    assert abs(clock.now() - dt.datetime.now(dt.UTC)) < SOON
    assert (clock.offset, clock.name) == (dt.timedelta(0), "system")


def test_a_sandbox_moves_the_rules_and_never_the_deadlines() -> None:
    clock = SandboxClock(-YEAR)
    assert abs(clock.real_now() - dt.datetime.now(dt.UTC)) < SOON
    assert abs(clock.now() + YEAR - clock.real_now()) < SOON
    assert (clock.offset, clock.name) == (-YEAR, "sandbox")
    assert clock.monotonic() <= clock.monotonic()


def test_a_fake_clock_stands_still_until_it_is_moved() -> None:
    clock = FakeClock(NOW.astimezone(SHANGHAI))
    assert clock.now() == clock.now() == NOW
    clock.advance(1.5)
    assert clock.now() == clock.real_now() == NOW + dt.timedelta(seconds=1.5)
    assert clock.monotonic() == 1.5


def test_a_clock_does_not_guess_the_zone_of_its_start() -> None:
    with pytest.raises(ValueError, match="aware"):
        FakeClock(dt.datetime(2026, 3, 4, 10, 0))  # noqa: DTZ001
