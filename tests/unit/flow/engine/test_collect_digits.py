"""What keyed digits are."""

from __future__ import annotations

import pytest

from agi_app.flow.engine.collect_digits import number_of, value_of
from agi_app.flow.language.asking_steps import Collect

DAY = Collect.model_validate({"prompt": "x", "kind": "date", "save": "day"})


@pytest.mark.parametrize(("typed", "value"), [("20260305", "2026-03-05"), ("20260230", None)])
def test_eight_digits_are_a_day_if_the_calendar_has_it(typed: str, value: str | None) -> None:
    assert value_of(DAY, typed) == value


@pytest.mark.parametrize("typed", ["13800138000", "008613800138000", "8613800138000"])
def test_a_keyed_number_may_have_its_country_code(typed: str) -> None:
    assert number_of(typed, "CN") == "+8613800138000"
