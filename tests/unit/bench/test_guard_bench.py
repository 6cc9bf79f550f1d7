"""The measurement of the guard measures: intervals, word errors and a small call stream."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from agi_app.guard.call import CallerKind
from agi_app.guard.case import Action
from agi_app.guard.scripts import words
from bench.guard.attacks import Attack, calls_of
from bench.guard.benign import monologues, windows
from bench.guard.callers import FIRST_LINE, Planned, Town, day_of
from bench.guard.intervals import Figure, share, wilson
from bench.guard.scripts import heard
from bench.guard.world import STOPPED, World


def test_wilson_agrees_with_published_values() -> None:
    assert wilson(0, 90_000)[1] == pytest.approx(4.27e-5, rel=0.01)
    assert wilson(8, 10) == pytest.approx((0.490, 0.943), abs=0.001)
    assert wilson(0, 0) == (0.0, 1.0)


def test_a_figure_knows_whether_it_reached_its_target() -> None:
    assert not share("x", 93, 100, 0.93).missed
    assert share("x", 92, 100, 0.93).missed
    assert share("x", 0, 0, 0.93).missed
    assert share("x", 1, 10_000, 0.0, at_most=True).missed
    assert not Figure("x", 0.5, 0.4, 0.6, 9).missed
    assert share("x", 1, 10_000, 0.0, at_most=True).record()["reached"] is False


def test_word_errors_are_as_many_as_said_and_of_three_kinds() -> None:
    said = [str(n) for n in range(20_000)]
    found = heard(said, 0.2, ["wrong"], random.Random(1))
    kept = {word for word in found if word != "wrong"}
    lost = len(said) - len(kept)
    assert lost / len(said) == pytest.approx(0.15, abs=0.01)  # wrong and missing
    assert len(found) == pytest.approx(len(said), rel=0.01)  # as many are missing as added
    assert heard(said, 0.0, ["wrong"], random.Random(1)) == said


def test_benign_windows_have_the_length_that_is_asked_for() -> None:
    rng = random.Random(1)
    for language in ("en", "zh"):
        texts = (words(text) for text in monologues(language, rng))
        found = windows(texts, 50, 20, 30, rng)
        assert {len(window) >= 20 for window in found} == {True}
        assert len(found) == 50
        assert len({tuple(window) for window in found}) == 50


def world(town: Town) -> World:
    return World(range(FIRST_LINE + 10, FIRST_LINE + 13), town.friends, random.Random(1))


@pytest.mark.parametrize("pool", [1, 50, 1000])
def test_who_dials_in_order_is_stopped_by_the_third_call(pool: int) -> None:
    rng = random.Random(pool)
    robot = Attack("attack", "sequential", pool, in_a_block=False, a_minute=6)
    found = [decision.action in STOPPED for _, decision in world(Town.of(60, rng)).play(calls_of(robot, 60, 36e3, rng))]
    assert any(found[:3])
    assert sum(found) >= 56  # all but two, and two where it begins anew at the other end


def test_an_ordinary_day_is_left_alone() -> None:
    town = Town.of(100, random.Random(2))
    calls = sorted(day_of(town, 1), key=lambda call: call.at)
    decided = [(call.group, decision.action) for call, decision in world(town).play(calls)]
    assert len(decided) > 100
    assert not [group for group, action in decided if action is Action.REJECT]
    assert {action for group, action in decided if group == "dialled"} == {Action.ALLOW}


def test_a_robot_that_passes_for_somebody_we_dialled_gets_through() -> None:
    """Known and said: a number we dialled always passes, also when it is forged."""
    town = Town.of(60, random.Random(3))

    def forged() -> Iterator[Planned]:
        for n in range(30):
            yield Planned(36e3 + n * 9, town.friends[5], CallerKind.PERSON, FIRST_LINE + n, "attack", 0.0, 9, 0.0)

    assert {decision.action for _, decision in world(town).play(forged())} == {Action.ALLOW}
