"""Lists that were made by counting are recognised; lists of people are not."""

from __future__ import annotations

import random

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


@given(st.sets(st.integers(0, 150), max_size=120))
def test_the_same_answer_as_counting_each_window(offsets: set[int]) -> None:
    consecutive = any(all(n + k in offsets for k in range(21)) for n in offsets)
    dense = any(sum(n <= other < n + 100 for other in offsets) > 60 for n in offsets)
    assert bool(looks_generated(numbers(offsets))) is (consecutive or dense)


def test_only_known_numbers_that_may_make_a_block_with_a_listed_one_count() -> None:
    listed = [1_000, 5_000]
    assert beside([900, 901, 1_000, 1_099, 1_100, 4_901, 4_900, 6_000], listed) == [901, 1_000, 1_099, 4_901]
    assert beside([1], []) == []
