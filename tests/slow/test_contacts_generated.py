"""Lists that were made by counting are recognised; lists of people are not."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.contacts.generated_numbers import beside, looks_generated

pytestmark = pytest.mark.slow  # tries long lists: not part of the fast unit tests

FIRST = 999861380000000


def numbers(offsets: object) -> list[str]:
    return [f"+{FIRST + offset}" for offset in offsets]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("count", "refused"), [(20, False), (21, True), (5_000, True)])
def test_consecutive_numbers(count: int, refused: bool) -> None:
    found = numbers(range(count))
    random.Random(1).shuffle(found)
    assert bool(looks_generated(found)) is refused


@pytest.mark.parametrize("start", [0, 55, 99])
@pytest.mark.parametrize(("count", "refused"), [(60, False), (61, True)])
def test_dense_blocks_wherever_they_begin(count: int, refused: bool, start: int) -> None:
    """Every third number is left out, so that no run is longer than two."""
    picked = [start + n for n in range(100) if n % 3 or n > 88][:count]
    assert len(picked) == count
    assert bool(looks_generated(numbers([*picked, 9_000, 90_000]))) is refused


@pytest.mark.parametrize(("last", "refused"), [(99, True), (100, False)])
def test_a_block_is_a_hundred_numbers_wide(last: int, refused: bool) -> None:
    picked = [*[n for n in range(last) if n % 3 != 1][:60], last]
    assert len(picked) == 61
    assert bool(looks_generated(numbers(picked))) is refused


def test_a_number_twice_counts_once() -> None:
    assert looks_generated(numbers([7] * 500)) is None


def test_the_reason_tells_what_was_seen_without_whole_numbers() -> None:
    block = looks_generated(numbers([*range(30), 500]))
    assert block is not None
    assert block.reason == (
        "the list looks generated: it has more than 20 consecutive numbers (30 numbers from +99986…00 to +99986…29)"
    )
    assert (block.first, block.last) == (FIRST, FIRST + 29)


def test_real_lists_of_any_size_pass() -> None:
    chosen = random.Random(7).sample(range(10_000_000), 20_000)
    assert looks_generated(numbers(chosen)) is None


@given(st.sets(st.integers(0, 150), max_size=100))  # too few for the checks of evenness and of wider windows
def test_the_same_answer_as_counting_each_window(offsets: set[int]) -> None:
    steps = any(_run(sorted(offsets), place) > 20 for place in range(len(offsets)))
    dense = any(sum(n <= other < n + 100 for other in offsets) > 60 for n in offsets)
    assert bool(looks_generated(numbers(offsets))) is (steps or dense)


def _run(ordered: list[int], start: int) -> int:
    """How many numbers from this one on have the same distance."""
    gaps = [b - a for a, b in itertools.pairwise(ordered[start:])]
    return 1 + sum(1 for _ in itertools.takewhile(lambda gap: gap == gaps[0], gaps)) if gaps else 1


@pytest.mark.attack("a generated list with gaps")
@pytest.mark.parametrize("step", [2, 3, 5, 7, 20])
@pytest.mark.parametrize(("count", "refused"), [(20, False), (21, True), (2_000, True)])
def test_numbers_in_steps(step: int, count: int, refused: bool) -> None:
    found = looks_generated(numbers([*range(0, count * step, step), 900_000]))
    assert bool(found) is refused
    if found is not None:
        assert f"steps of {step} ({count} numbers" in found.reason


@pytest.mark.attack("a generated list with gaps")
@pytest.mark.parametrize("of", [2, 3, 5, 10])
def test_one_number_of_each_few_is_too_even(of: int) -> None:
    for seed in range(20):
        picked = [n * of + random.Random(seed * 1_000_003 + n).randrange(of) for n in range(110)]
        assert looks_generated(numbers(picked)) is not None
        rarer = [n * 50 * of + random.Random(seed * 1_000_003 + n).randrange(50 * of) for n in range(110)]
        assert looks_generated(numbers(rarer)) is None, "so few of an exchange tell nothing"


@pytest.mark.attack("a generated list with gaps")
@pytest.mark.parametrize(("share", "count"), [(1 / 2, 400), (1 / 3, 400), (1 / 5, 2_000)])
def test_numbers_at_random_but_too_many_of_an_exchange(share: float, count: int) -> None:
    for seed in range(10):
        chance = random.Random(seed)
        picked = [n for n in range(round(count / share)) if chance.random() < share]
        assert looks_generated(numbers(picked)) is not None


def _town(chance: random.Random, share: float) -> list[int]:
    """Whom an office knows of a town whose exchange has given out half of its hundreds, 80 % of their numbers."""
    used = [h * 100 + n for h in chance.sample(range(100), 50) for n in range(100) if chance.random() < 0.8]
    return chance.sample(used, round(len(used) * share))


HONEST: dict[str, Callable[[random.Random], list[int]]] = {
    "300 of an exchange of 10,000": lambda chance: chance.sample(range(10_000), 300),
    "1,500 of an exchange of 10,000": lambda chance: chance.sample(range(10_000), 1_500),
    "2,000 of 100,000": lambda chance: chance.sample(range(100_000), 2_000),
    "30 % of a small town": lambda chance: _town(chance, 0.3),
    "40 % of a company's 500 extensions": lambda chance: [n for n in range(500) if chance.random() < 0.4],
    "main numbers of companies, each tenth": lambda chance: [n * 10 for n in range(1_000) if chance.random() < 0.2],
}


@pytest.mark.parametrize("kind", HONEST)
def test_lists_of_people_are_taken(kind: str) -> None:
    for seed in range(100):
        assert looks_generated(numbers(HONEST[kind](random.Random(seed)))) is None


def test_known_numbers_count_where_they_are_beside_the_listed() -> None:
    known = [int(one) for one in numbers([*range(0, 40, 2), *range(500_000, 500_050)])]
    assert looks_generated(numbers([7_000_000]), known) is None
    assert looks_generated(numbers([40]), known) is not None
    assert looks_generated(numbers([500_300]), known) is None, "what is dense was judged when it came"


def test_only_known_numbers_that_may_make_a_block_with_a_listed_one_count() -> None:
    listed = [1_000, 5_000]
    assert beside([900, 901, 1_000, 1_099, 1_100, 4_901, 4_900, 6_000], listed, 100) == [901, 1_000, 1_099, 4_901]
    assert beside([1], []) == []
