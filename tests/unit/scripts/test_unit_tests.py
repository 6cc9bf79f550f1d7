"""The unit tests in shares: every file is in one of them, and the sum counts all."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.lib.unit_tests import by_folder, counted, shares, waiting_and_busy


@pytest.mark.parametrize("count", [1, 3, 20])
def test_every_file_is_in_one_share_and_property_tests_are_together(count: int) -> None:
    files = [Path(f"test_{number}.py") for number in range(12)]
    texts = {file: "from hypothesis import given" if n % 5 == 0 else "#" * 100 * n for n, file in enumerate(files)}
    made = shares(texts, count)
    assert sorted(file for share in made for file in share) == sorted(files)
    assert len(made) == min(count, 10)
    assert [files[0], files[10], files[5]] in [[f for f in share if f in files[::5]] for share in made]
    if count == 3:
        sizes = [sum(len(texts[file]) for file in share) for share in made]
        assert max(sizes) - min(sizes) <= 300


def test_what_waits_for_a_clock_is_apart_and_nothing_is_lost() -> None:
    texts = {Path("test_a.py"): "time.sleep(1)", Path("test_b.py"): "1", Path("test_c.py"): "asyncio.sleep(0)"}
    waiting, busy = waiting_and_busy(texts)
    assert list(waiting) == [Path("test_a.py")]
    assert waiting | busy == texts


def test_what_waits_waits_beside_that_of_another_folder() -> None:
    one, other, third = Path("tests/unit/a/test_a.py"), Path("tests/sandbox/test_b.py"), Path("tests/unit/b/test_c.py")
    assert by_folder([one, other, third]) == [[other], [one, third]]


def test_the_sum_is_of_the_last_lines() -> None:
    said = ["3 failed before\n2 passed, 1 skipped in 1.0s\n", "1 failed, 40 passed in 3.2s (0:00:03)\n"]
    assert counted(said) == {"passed": 42, "skipped": 1, "failed": 1}
