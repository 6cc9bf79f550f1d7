"""Why a text is not a telephone number, or not surely one."""

from __future__ import annotations

import phonenumbers
import pytest

from agi_app.model import ambiguous_numbers, number_lengths
from agi_app.model.phone import with_area


def test_digits_too_few_are_counted() -> None:
    assert "has 11 digits: 2 fewer here" in number_lengths.why_invalid(phonenumbers.parse("+86138001380", None))
    assert number_lengths.only_begins("+86138")
    assert not number_lengths.only_begins("+8613800138000")


def test_two_numbers_in_a_cell_are_found() -> None:
    assert [part for _, part in ambiguous_numbers.several("13800138000/13900139000")] == ["13800138000", "13900139000"]
    assert ambiguous_numbers.several("13800138000") == ()


@pytest.mark.parametrize("text", ["110101199003077758", "11010119900307775X"])
def test_the_number_of_an_identity_card_is_named(text: str) -> None:
    assert (ambiguous_numbers.doubt(text) or "").startswith("looks like the number of an identity card")


@pytest.mark.parametrize(("text", "doubtful"), [("138****8000", True), ("13800138000", False)])
def test_a_masked_number_is_in_doubt(text: str, doubtful: bool) -> None:
    assert (ambiguous_numbers.doubt(text) is not None) is doubtful


def test_an_area_code_that_reaches_into_a_second_zone_has_both() -> None:
    """850 is Florida's west, of which a part is in Central Time."""
    assert with_area("+18505550100", ("America/New_York",)) == ("America/New_York", "America/Chicago")
    assert with_area("+12125550100", ("America/New_York",)) == ("America/New_York",)
