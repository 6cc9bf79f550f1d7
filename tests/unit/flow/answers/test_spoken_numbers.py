"""Numbers as people say them, in English and Mandarin; what may be several numbers is none."""

from __future__ import annotations

import pytest

from agi_app.flow.answers import spoken_numbers_en, spoken_numbers_zh


@pytest.mark.parametrize(
    ("said", "value"),
    [("thirty five", "35"), ("a hundred and three", "103"), ("35", "35"), ("twelve thousand", "12000"),
     ("two point five", None)],
)  # fmt: skip
def test_an_english_number(said: str, value: str | None) -> None:
    assert spoken_numbers_en.value_of(said) == value


@pytest.mark.parametrize(
    ("said", "value"),
    [("三十五", "35"), ("两百零三", "203"), ("一百五", "150"), ("幺三八", "138"), ("1万2", "12000"), ("七八", None)],
)
def test_a_mandarin_number(said: str, value: str | None) -> None:
    assert spoken_numbers_zh.value_of(said) == value


def test_a_homophone_is_read_as_the_number_that_it_sounds_like() -> None:
    assert spoken_numbers_zh.in_sound("酒") == "九"
