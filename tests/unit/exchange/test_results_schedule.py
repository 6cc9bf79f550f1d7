"""Growing pauses between tries, and a week after which nobody tries any longer."""

from __future__ import annotations

import datetime as dt

from agi_app.exchange.results_schedule import next_try, target_pause_s

NOW = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
WEEK = dt.timedelta(days=7)


def test_pauses_grow_until_the_week_is_over() -> None:
    at, tries, pauses = NOW, 0, list[dt.timedelta]()
    while (after := next_try(tries := tries + 1, at, NOW + WEEK)) is not None:
        pauses.append(after - at)
        at = after
    assert pauses[:3] == [dt.timedelta(minutes=1), dt.timedelta(minutes=5), dt.timedelta(minutes=30)]
    assert pauses[:-1] == sorted(pauses[:-1])
    assert at == NOW + WEEK, "the last try is at the end of the week"
    assert 10 <= tries <= 15


def test_a_target_is_tried_again_soon_and_then_each_five_minutes() -> None:
    assert [target_pause_s(n) for n in (1, 2, 3, 4, 5, 1000)] == [5, 15, 60, 300, 300, 300]
