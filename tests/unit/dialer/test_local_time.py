"""Local time is right to the second, also when the clock is moved, and is not reckoned for every event."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from agi_app.dialer.originator import FRESH_S, LocalTimes
from tests.fake_clock import FakeClock

NOW = dt.datetime(2026, 3, 3, 1, 59, 59, tzinfo=dt.UTC)


def test_each_zone_has_its_own_time_and_none_is_older_than_a_second() -> None:
    clock = FakeClock(NOW)
    times = LocalTimes(clock)
    shanghai, london = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/London")
    assert (times.at(shanghai).hour, times.at(london).hour) == (9, 1)
    assert times.at(shanghai) is times.at(shanghai)
    clock.advance(FRESH_S)
    assert (times.at(shanghai).hour, times.at(london).hour) == (10, 2)
    assert times.at(shanghai) == NOW + dt.timedelta(seconds=FRESH_S)
