"""The half-load bench: who goes first, medians, ratios, and what counts as too much."""

from __future__ import annotations

from typing import Any

from bench.half_load import OTHER, OURS, faults, medians, order, ratios


def trial(python: float, postgresql: float, asterisk: float, audio: float | None = 20.0) -> dict[str, Any]:
    """One trial's figures."""
    return {
        "cpu_ms": {"python": python, "postgresql": postgresql, "asterisk": asterisk},
        "first_audio_p99_ms": audio,
        "key_to_audio_p99_ms": audio,
        "success": 1.0,
        "double_dials": 0,
    }


def test_pairs_go_abba() -> None:
    assert [side for pair in range(1, 5) for side in order(pair)] == [OURS, OTHER, OTHER, OURS] * 2


def test_the_median_of_the_sums_and_not_the_sum_of_the_medians() -> None:
    found = medians([trial(1, 9, 5), trial(2, 2, 6), trial(3, 3, 7, None)])
    assert found["python_ms"] == 2
    assert found["python_and_postgresql_ms"] == 6
    assert found["asterisk_ms"] == 6
    assert found["first_audio_p99_ms"] == 20.0


def test_a_tenth_more_is_well_and_an_eighth_is_not() -> None:
    def told(ours: dict[str, Any]) -> list[str]:
        found = ratios([ours], [trial(4, 4, 8)])
        return faults({"ratio": found, "commits": {OTHER: "abc"}, "tries": {OURS: [], OTHER: []}})

    assert told(trial(4.8, 4, 8.8)) == [], "Python alone may grow more, if PostgreSQL does not"
    (only,) = told(trial(4, 4, 9))
    assert only == "asterisk takes 1.125 times the CPU a call of abc, more than 1.1"


def test_a_pair_is_judged_by_itself_and_one_that_lost_calls_is_left_out_and_told() -> None:
    ours = [trial(5, 5, 10), trial(10, 10, 20), trial(5, 5, 10)]
    other = [trial(5, 5, 10), trial(10, 10, 20), {**trial(1, 1, 1), "success": 0.0}]
    found = ratios(ours, other)
    assert set(found.values()) == {1.0}
    record = {"ratio": found, "commits": {OURS: "def", OTHER: "abc"}, "tries": {OURS: ours, OTHER: other}}
    assert faults(record) == ["a trial of abc lost calls: its pair is left out"]


def test_a_double_dial_is_no_matter_of_cpu() -> None:
    bad = {**trial(1, 1, 1), "double_dials": 2}
    assert faults({"ratio": {}, "commits": {OTHER: "abc"}, "tries": {OURS: [bad], OTHER: []}}) == ["2 double dials"]
