"""Dates as people say them, on Wednesday, 4 March 2026; without knowing the day only a whole date is one."""

from __future__ import annotations

import datetime as dt

import pytest

from agi_app.flow.answers import spoken_dates_en, spoken_dates_zh
from agi_app.flow.answers.spoken_values import dates, numbers
from agi_app.flow.answers.tokens import cut

TODAY = dt.date(2026, 3, 4)


@pytest.mark.parametrize(
    ("said", "day"),
    [("tomorrow", "2026-03-05"), ("next friday", "2026-03-13"), ("march fifth", "2026-03-05"),
     ("in three days", "2026-03-07"), ("february thirtieth", None)],
)  # fmt: skip
def test_an_english_date(said: str, day: str | None) -> None:
    wanted = None if day is None else dt.date.fromisoformat(day)
    assert list(spoken_dates_en.dates_in(said, TODAY)) == [(0, len(said), wanted)]
    assert list(spoken_dates_en.dates_in(said, None)) == [(0, len(said), None)]


@pytest.mark.parametrize(
    ("said", "day"),
    [("明天", "2026-03-05"), ("下周三", "2026-03-11"), ("三月五号", "2026-03-05"),
     ("下个月五号", "2026-04-05"), ("三天后", "2026-03-07")],
)  # fmt: skip
def test_a_mandarin_date(said: str, day: str) -> None:
    assert list(spoken_dates_zh.dates_in(said, TODAY)) == [(0, len(said), dt.date.fromisoformat(day))]


def test_a_homophone_is_read_as_the_word_of_dates_that_it_sounds_like() -> None:
    assert spoken_dates_zh.in_sound("名天") == "明天"


def test_values_are_found_inside_an_utterance() -> None:
    """A share of ten is a number of ten."""
    assert next(value for _, _, value in numbers(cut("i give it eight out of ten"), "en", 10)) == "8"
    _, found = dates("please call me on 5 march 2026", "en", None)
    assert [value for _, _, value in found] == ["2026-03-05"]
