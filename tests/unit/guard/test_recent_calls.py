"""What the calls of the last day say of a caller, and what fades: votes, neighbours, old calls."""

from __future__ import annotations

import datetime as dt

import pytest

from agi_app.guard import recent_calls
from agi_app.guard.facts import Recent, Vote
from agi_app.guard.lists import pattern_fault
from agi_app.guard.recent_calls import CallHistory
from agi_app.guard.votes import Tally, decayed, tally, weigh

NOW = dt.datetime(2026, 3, 10, 6, 0, tzinfo=dt.UTC)
A, B = "+999861380000001", "+999861380000002"


def later(seconds: float) -> dt.datetime:
    return NOW + dt.timedelta(seconds=seconds)


def days_ago(days: float) -> dt.datetime:
    return NOW - dt.timedelta(days=days)


def play(calls: CallHistory, caller: str | None, *events: tuple[float, str]) -> Recent:
    """Short unanswered calls one after another; what the last one looked like."""
    recent = Recent()
    for second, line in events:
        name = f"{caller} {second}"
        recent = calls.ring(name, caller, line, later(second))
        calls.end(name, answered=False, rang_s=20)
    return recent


def test_calls_and_lines_are_counted_by_the_minute_the_hour_and_the_day() -> None:
    recent = play(CallHistory(), A, (0, "801"), (4000, "830"), (7000, "801"), (7599, "817"), (7600, "817"))
    assert (recent.calls_1m, recent.calls_1h, recent.calls_1d) == (2, 3, 5)
    assert (recent.lines_1m, recent.lines_1h, recent.lines_1d) == (1, 2, 3)
    assert (recent.calls_to_line_1d, recent.quick_retries_1d) == (2, 1)


@pytest.mark.parametrize(
    ("lines", "run"),
    [
        (["801", "802", "803"], 3),
        (["803", "802", "801"], 3),
        (["801", "803", "802"], 3),  # several channels at once get out of step
        (["801", "801", "802", "803"], 3),
        (["850", "801", "802"], 2),
        (["801", "802", "850"], 1),
        (["801", "810", "820"], 1),
        (["+8621550", "+8621551", "+8621552"], 3),
        (["front-desk", "sales", "801"], 1),
    ],
)
def test_a_run_is_made_of_neighbours_ending_with_this_call(lines: list[str], run: int) -> None:
    assert play(CallHistory(), A, *((n * 30.0, line) for n, line in enumerate(lines))).run == run


def test_a_sweep_is_seen_across_changing_numbers_but_not_slow_or_by_friends() -> None:
    def sweep(gap: float, stranger: bool = True) -> int:
        calls = CallHistory()
        found = [
            calls.ring(
                str(n), f"+99986138000{n:04}", f"{800 + n // 2 if n % 2 else 900 - n * 7}", later(n * gap), stranger
            )
            for n in range(12)
        ]
        return found[-1].sweep

    assert sweep(20) == 6  # every second call is somebody else's
    assert sweep(200) == 5
    assert sweep(500) == 1
    assert sweep(20, stranger=False) == 1


def test_decoys_aborted_rings_and_failed_challenges() -> None:
    calls = CallHistory(decoys={"899"})
    for n, (line, rang) in enumerate([("899", 30), ("899", 4), ("801", 2), ("802", 6)]):
        calls.ring(str(n), A, line, later(n * 600))
        if n == 3:
            calls.challenge_failed(str(n))
        calls.end(str(n), answered=False, rang_s=rang)
    calls.end("0", answered=True)  # a second end changes nothing
    calls.end("unknown", answered=True)
    recent = calls.ring("x", A, "803", later(3000))
    assert (recent.decoys_1d, recent.decoy_lines_1d, recent.aborted_1d) == (2, 1, 2)
    assert (recent.challenges_failed_1d, recent.answered_1d, recent.at_once) == (1, 0, 1)
    assert calls.ring("y", A, "804", later(3001)).at_once == 2
    assert calls.ring("z", B, "804", later(3001)).at_once == 1


def test_callers_without_a_number_are_not_thrown_together() -> None:
    calls = CallHistory(decoys={"899"})
    assert play(calls, None, *((n * 1.0, f"{801 + 9 * n}") for n in range(9))) == Recent()
    assert play(calls, None, (20, "899")) == Recent(decoys_1d=1, decoy_lines_1d=1)


def test_a_day_later_all_is_forgotten_and_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = CallHistory()
    play(calls, A, *((n * 1.0, "801") for n in range(recent_calls.MOST_OF_ONE + 50)))
    assert calls.ring("a", A, "801", later(460)).calls_1d == recent_calls.MOST_OF_ONE
    assert calls.ring("b", A, "801", later(86400 + 449)).calls_1d == 2
    calls.ring("c", B, "801", later(3 * 86400))
    assert len(calls) == len(calls._by_caller) == 1
    calls = CallHistory()
    monkeypatch.setattr(recent_calls, "MOST_CALLS", 10)
    play(calls, B, *((100000.0 + n, "802") for n in range(50)))
    assert len(calls) <= 11


def test_votes_fade_and_the_last_word_of_a_voter_counts() -> None:
    votes = [Vote("a", days_ago(30), nuisance=True), Vote("b", NOW, nuisance=True)]
    assert tally(votes, NOW) == Tally(1.5, 2)
    assert tally([*votes, Vote("a", NOW, nuisance=True)], NOW) == Tally(2.0, 2)
    assert tally([*votes, Vote("a", NOW, nuisance=False)], NOW) == Tally(0.0, 1)
    assert tally([Vote("a", NOW, nuisance=False)], NOW) == Tally(0.0, 0)
    assert decayed(later(99), NOW) == 1.0


def test_a_number_that_was_silent_for_90_days_starts_clean() -> None:
    old = Vote("a", days_ago(100), nuisance=True)
    assert tally([old], NOW).voters == 0
    assert tally([old], NOW, seen=[days_ago(40)]).voters == 1
    assert tally([old, Vote("b", days_ago(1), nuisance=True)], NOW).voters == 1


def test_an_appeal_takes_what_was_said_before_it() -> None:
    votes = [Vote("a", days_ago(9), nuisance=True), Vote("b", days_ago(1), nuisance=True)]
    assert tally(votes, NOW, appealed_at=days_ago(5)).voters == 1
    assert tally(votes, NOW, appealed_at=NOW).weight == 0.0


def test_neighbours_weigh_by_their_age_and_the_caller_is_none() -> None:
    near = [(B, NOW), ("+999861380000009", days_ago(30)), ("+999861380000099", days_ago(60)), (A, NOW)]
    assert weigh(near, A, NOW) == (1.5, 1.75)
    assert weigh([("+999861380000101", NOW), ("+9998613800000", NOW)], A, NOW) == (0.0, 0.0)
    assert weigh([(B, days_ago(30)), (B, NOW)], A, NOW) == (1.0, 1.0)


@pytest.mark.parametrize("good", ["+999861380000001", "95*", "+9998600-+9998699", "withheld", "8001"])
def test_good_patterns(good: str) -> None:
    assert pattern_fault(good) is None


@pytest.mark.parametrize("bad", ["", "*", "+86-13", "abc", "+9998699-+9998600", "+99986-+9998699", "1*2"])
def test_bad_patterns_are_explained(bad: str) -> None:
    shown = {"+9998699-+9998600": "…99-…00", "+99986-+9998699": "+99986-…99"}.get(bad, bad)
    assert repr(shown) in (pattern_fault(bad) or "")
