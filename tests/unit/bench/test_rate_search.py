"""The search for the highest rate, and what the benches of calls say about their goals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bench import calls
from bench.long import day
from bench.rate_search import CLOSE, LEAST, MOST, START, RateSearch


def found(works: Callable[[int, int], bool]) -> tuple[RateSearch, list[int]]:
    """``works`` is told a rate and how often it was tried before."""
    search, tried = RateSearch(), list[int]()
    while (rate := search.next()) is not None:
        tried.append(rate)
        assert len(tried) < 40
        search.told(rate, good=works(rate, tried.count(rate) - 1))
    return search, tried


@pytest.mark.parametrize("capacity", [15, 41, 59, 60, 77, 133, 299])
def test_the_highest_rate_is_found_closely(capacity: int) -> None:
    search, tried = found(lambda rate, _: rate <= capacity)
    assert search.passed <= capacity <= search.passed * CLOSE + 1
    assert len(tried) <= 16


def test_one_failure_may_be_something_else() -> None:
    search, tried = found(lambda rate, before: rate <= 100 and before > 0)
    assert tried[:2] == [START, START]
    assert 94 <= search.passed <= 100


def test_the_search_ends_at_both_ends() -> None:
    assert found(lambda *_: True)[0].passed == MOST
    search, tried = found(lambda *_: False)
    assert (search.passed, min(tried) >= LEAST) == (0, True)


REACHED: dict[str, Any] = {
    "ratio_bare": 0.8,
    "cpu_per_call_ms": {"asterisk": 9.0, "bare_driver": 1.5, "agi_app": 3.1, "postgresql": 1.7},
    "first_audio_p99_ms": 60.0,
    "key_to_audio_p99_ms": 60.0,
    "double_dials": 0,
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, []),
        ({"ratio_bare": 0.79}, ["ratio_bare"]),
        ({"cpu_per_call_ms": {"bare_driver": 1.5, "agi_app": 3.2, "postgresql": 1.8}}, ["agi-app", "PostgreSQL"]),
        ({"first_audio_p99_ms": None, "key_to_audio_p99_ms": 61.0}, ["first_audio", "key_to_audio"]),
    ],
)
def test_what_a_comparison_missed(change: dict[str, Any], said: list[str]) -> None:
    missed = calls.faults(REACHED | change)
    assert len(missed) == len(said)
    assert all(one.startswith(word) for one, word in zip(missed, said, strict=True))


HELD = {"worker_mib": 110.0, "worker_descriptors": 17, "asterisk_mib": 200.0, "asterisk_channels": 0}
GREW = {"first": {"p50": 3.0}, "last": {"p50": 30.0}}
DAY: dict[str, Any] = {
    "offered": 1000,
    "placed": 1000,
    "placed_a_second": 27.8,
    "rate": 28.0,
    "completed_share": 0.999,
    "in_report": {"contacts": 1000, "attempts": 1000, "confirmed": 999},
    "double_dials": 0,
    "heard_all_share": 1.0,
    "memory_ratio": 1.05,
    "held": {name: HELD | {"asterisk_descriptors": 16} for name in ("idle", "at_the_end")},
    "first_audio_ms": {"first": {"p50": 3.0}, "last": {"p50": 3.1}},
    "key_to_audio_ms": {"first": {"p50": 2.0}, "last": {"p50": 1.9}},
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ""),
        ({"completed_share": 0.9989}, "completed"),
        ({"in_report": {"contacts": 1000, "attempts": 999}}, "calls in the report"),
        ({"placed_a_second": 26.0}, "calls a second placed"),
        ({"memory_ratio": 1.06}, "memory"),
        ({"held": DAY["held"] | {"at_the_end": HELD | {"asterisk_descriptors": 20}}}, "descriptors"),
        ({"key_to_audio_ms": GREW}, "key_to_audio_ms grew"),
    ],
)
def test_what_a_day_missed(change: dict[str, Any], said: str) -> None:
    missed = day.faults(DAY | change)
    assert [said in one for one in missed] == ([True] if said else [])
