"""The pieces of a value in each language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from agi_app.flow.saying.numbers_and_dates_en import English
from agi_app.flow.saying.numbers_and_dates_zh import Chinese
from agi_app.flow.saying.spoken_parts import Part, Piece

DAY = dt.date(2026, 3, 5)


def names(parts: Sequence[Part]) -> str:
    return " ".join(part.name.partition("/")[2] for part in parts if isinstance(part, Piece))


def test_english() -> None:
    english = English(american=True)
    assert names(english.number(Decimal("-1005.20"))) == "minus 1 1000 5 point 2 0"
    assert names(english.date(DAY, with_year=True)) == "3 5 pause 20 20 6"
    assert names(english.time(14, 5)) == "2 oh 5 pm"
    assert names(english.money(1205, "USD")) == "12 dollars and 5 cents"


def test_mandarin() -> None:
    """Two of something is 两, not 二."""
    chinese = Chinese()
    assert names(chinese.number(Decimal("-1005.20"))) == "minus 1 1000 0 5 point 2 0"
    assert names(chinese.date(DAY, with_year=True)) == "2 0 2 6 nian 3 yue 5 ri"
    assert names(chinese.time(14, 5)) == "xiawu liang dian 0 5 fen"
    assert names(chinese.money(1205, "CNY")) == "10 2 yuan 0 5 fen"
    assert names(chinese.count(2, "个")) == "liang ge"
