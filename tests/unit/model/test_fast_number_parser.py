"""The quick way to read a number and phonenumbers agree, on whatever stands in a file."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agi_app.model import fast_number_parser, phone
from agi_app.model.phone import NotANumber, PhoneNumber

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
BIG = ["CN", "US", "GB", "DE", "FR", "IN", "BR", "MX", "AR", "IT", "CA", "JP", "RU", "AU"]
KINDS = range(phonenumbers.PhoneNumberType.VOICEMAIL + 1)


def slowly(text: str, region: str | None) -> PhoneNumber | str:
    """What is read without the quick way."""
    try:
        return phone._slowly(phone._ascii_digits(text.strip()).removeprefix("tel:"), region)
    except NotANumber as error:
        return str(error)


def agree(text: str, region: str | None) -> bool:
    """Assert that both ways agree; tells whether the quick one had an answer."""
    found = phone._quick(phone._ascii_digits(text.strip()), region)
    assert found is None or found == slowly(text, region), (text, region)
    return found is not None


@st.composite
def written(draw: st.DrawFn) -> tuple[str, str | None]:
    """An example number of any country and kind, some digits changed, in some notation, read in some region."""
    region = draw(st.one_of(st.sampled_from(BIG), st.sampled_from(REGIONS)))
    kind = draw(st.sampled_from(KINDS))
    number = phonenumbers.example_number_for_type(region, kind) or phonenumbers.example_number(region)
    assert number is not None
    notation = draw(st.sampled_from([0, 1, 2]))  # E.164, international, national
    text = phonenumbers.format_number(number, notation)
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(text) - 1))
        text = text[:place] + draw(st.sampled_from("0123456789")) + text[place + draw(st.integers(0, 1)) :]
    if draw(st.booleans()):
        text = text.replace("+", "00")
    if draw(st.booleans()):
        text = "".join(c for c in text if c.isdigit() or c == "+")
    return text, draw(st.sampled_from([None, region, region, draw(st.sampled_from(BIG))]))


@given(written())
@example(("+44 (0)7700 900123", None))
@example(("0755 2655 0000", "CN"))
@example(("8613800138000", "CN"))
@example(("+5491123456789", "AR"))
@example(("12125550100", "US"))
@example(("+390612345678", "IT"))
@example(("17951 13800138000", "CN"))
@example(("+4920 1512 3456789", None))
def test_the_quick_way_never_says_what_phonenumbers_does_not(number: tuple[str, str | None]) -> None:
    """Same E.164, region and zones; a number that it does not know is left to phonenumbers."""
    agree(*number)


@given(st.text("+0123456789 ().-", max_size=22), st.sampled_from([None, *BIG]))
def test_any_digits_and_separators(text: str, region: str | None) -> None:
    """Also what nobody would take for a number."""
    agree(text, region)


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("+8613800138000", None),
        ("13800138000", "CN"),
        ("0755-26550000", "CN"),
        ("(212) 456-7890", "US"),
        ("07400 123456", "GB"),
        ("0044 7400 123456", "CN"),
        ("030 123456", "DE"),
    ],
)
def test_common_notations_take_the_quick_way(text: str, region: str | None) -> None:
    """Else a million rows take ten times as long."""
    assert agree(text, region)


@pytest.mark.parametrize("text", ["110", "4008108888", "02195588", "+8610086", "+442079460000000", "+18005550123"])
def test_what_is_no_persons_number_is_never_accepted_in_haste(text: str) -> None:
    """Service, premium and impossible numbers go the long way, which says why."""
    assert phone._quick(text, "CN") is None


@pytest.mark.slow
def test_all_examples_of_all_regions_and_their_neighbours() -> None:
    """Every region and kind, each last digit changed, in three notations."""
    quick = 0
    for region in REGIONS:
        for kind in KINDS:
            number = phonenumbers.example_number_for_type(region, kind)
            if number is None:
                continue
            for notation in (0, 1, 2):
                text = phonenumbers.format_number(number, notation)
                for place in range(len(text)):
                    if text[place].isdigit():
                        other = str((int(text[place]) + 3) % 10)
                        quick += agree(text[:place] + other + text[place + 1 :], region)
    assert quick > 1_000


def test_zones_are_told_by_fewer_digits_than_the_cache_goes_by() -> None:
    """Else two numbers with the same first digits would get one answer for both."""
    from phonenumbers.tzdata import TIMEZONE_LONGEST_PREFIX

    assert TIMEZONE_LONGEST_PREFIX <= fast_number_parser._ZONE_DIGITS
