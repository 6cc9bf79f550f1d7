"""Pydantic speaks English only; who reads Chinese gets the same fault in Chinese."""

from __future__ import annotations

import pytest

from agi_app.authoring.pydantic_words import plain_words
from agi_app.messages import speaking

FAULTS = (
    ({"type": "greater_than", "ctx": {"gt": 0.0}}, "必须大于 0"),
    ({"type": "less_than_equal", "ctx": {"le": 100}}, "必须小于或等于 100"),
    ({"type": "string_too_long", "ctx": {"max_length": 64}}, "最多 64 个字符"),
    ({"type": "literal_error", "ctx": {"expected": "'a', 'b' or 'c'"}}, '必须是 "a", "b", "c" 之一'),
)


@pytest.mark.parametrize(("fault", "chinese"), FAULTS)
def test_a_fault_is_told_in_the_language_of_who_reads(fault: dict[str, object], chinese: str) -> None:
    assert plain_words(fault, "must be so") == "must be so"
    with speaking("zh"):
        assert plain_words(fault, "must be so") == chinese


def test_a_fault_of_another_kind_keeps_its_words() -> None:
    with speaking("zh"):
        assert plain_words({"type": "surrogate"}, "must be so") == "must be so"
