"""Telephone numbers: what people write, what is dialled, and which numbers never reach anybody."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.model.phone import NotANumber, PhoneNumber, mask, parse, reserved_number


@pytest.mark.parametrize(
    ("text", "e164", "region", "zone"),
    [
        ("+1 212 555 0100", "+12125550100", "US", "America/New_York"),
        ("+1 415-555-0199", "+14155550199", "US", "America/Los_Angeles"),
        ("+44 7700 900123", "+447700900123", "GB", "Europe/London"),
        ("+44 20 7946 0018", "+442079460018", "GB", "Europe/London"),
        ("+999 86 138 0000 001", "+999861380000001", "CN", "Asia/Shanghai"),
        ("+999 44 7700 90000", "+99944770090000", "GB", "Europe/London"),
        ("+999 1 212 5550000", "+99912125550000", "US", "America/New_York"),
    ],
)
def test_a_test_range_number_has_the_region_and_zone_it_stands_for(
    text: str, e164: str, region: str, zone: str
) -> None:
    number = parse(text)
    assert (number.e164, number.region, number.zones, number.reserved) == (e164, region, (zone,), True)


@pytest.mark.parametrize(
    "text",
    ["+1 212 555 0200", "+1 212 555 0099", "+1 212 555 01000", "+44 7700 90012", "+44 20 7946 00180"],
)
def test_the_neighbour_of_a_test_range_is_a_real_number_and_never_taken_for_a_test(text: str) -> None:
    assert reserved_number("+" + "".join(c for c in text if c.isdigit())) is None


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("＋９９９８６１３８００００００１", None),
        ("00 999 86 138 0000 001", None),
        ("００９９９８６１３８００００００１", None),
        ("+(999) 86-138.0000001", None),
        ("  +999861380000001\t", None),
        ("tel:+999861380000001", None),
        ("+999‐86‐1380000001", None),
        ("+999 86 1380000001", "US"),
    ],
)
def test_spacing_full_width_digits_and_a_double_zero_do_not_change_the_number(text: str, region: str | None) -> None:
    assert parse(text, region).e164 == "+999861380000001"


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("(212) 555-0100", "US", "+12125550100"),
        ("1 212 555 0100", "US", "+12125550100"),
        ("07700 900123", "GB", "+447700900123"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("011 44 7700 900123", "US", "+447700900123"),
        ("0044 7700 900123", "GB", "+447700900123"),
        ("+44 (0)7700 900123", None, "+447700900123"),
    ],
)
def test_a_national_number_is_read_in_the_campaigns_region(text: str, region: str | None, e164: str) -> None:
    assert parse(text, region).e164 == e164


def test_a_national_number_without_a_region_says_how_to_mend_it() -> None:
    with pytest.raises(NotANumber, match="has no country code: begin it with"):
        parse("212 555 0100")


@pytest.mark.parametrize("text", ["+999", "+99986", "+999331234567", "+0 1234567", "00999331234567"])
def test_an_unassigned_country_code_is_not_called_missing(text: str) -> None:
    with pytest.raises(NotANumber, match=r"country code|telephone number|is not a test number: .*\+99986…"):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "+1 212 555 0100 ext 5",
        "+1 212 555 0100 x5",
        "+1 212 555 0100;ext=5",
        "+1 212 555 0100,,5",
        "+1 212 555 0100 分机5",
        "+99986138000000x1",
        "+999 86 138 000 000, 1",
    ],
)
def test_an_extension_is_refused_never_dropped_or_dialled_as_a_digit(text: str) -> None:
    with pytest.raises(NotANumber):
        parse(text)


@pytest.mark.parametrize("text", ["+1 212 55SOAPS", "1-212-555-O100", "1-800-FLOWERS", "Clinic", "李"])
def test_letters_are_refused_and_not_dialled_as_keys(text: str) -> None:
    with pytest.raises(NotANumber, match="letters"):
        parse(text, "US")


BETWEEN = (" / ", "/", ";", ", ", "、", "；", "，", "|", "&", " ", "\n", "和", "或", " and ", " or ", "")


@pytest.mark.attack("row 21: two numbers in one cell, of which one is read, or a third made of both")
@pytest.mark.parametrize("between", BETWEEN)
@pytest.mark.parametrize("first", ["+1 212 555 0100", "+8613800138000", "+4930123456"])
def test_two_numbers_in_one_cell_are_told_for_two(first: str, between: str) -> None:
    with pytest.raises(NotANumber, match="more than one number"):
        parse(f"{first}{between}+12125550101", "US")


@pytest.mark.parametrize(
    ("text", "region", "why"),
    [
        ("+86138001380", None, "a mobile of China has 11 digits: 2 fewer here"),
        (
            "+862155",
            None,
            "too short by 6 digits: numbers that begin like this have 10 digits after +86, this one has 4",
        ),
        (
            "+86215555000199",
            None,
            "too long by 2 digits: numbers that begin like this have 10 digits after +86, this one has 12",
        ),
        (
            "+4477123456789",
            None,
            "too long by 1 digit: numbers that begin like this have 10 digits after +44, this one has 11",
        ),
        (
            "07712 34567",
            "GB",
            "too short by 1 digit: numbers that begin like this have 10 digits after +44, this one has 9",
        ),
        (
            "+1212555012",
            None,
            "too short by 1 digit: numbers that begin like this have 10 digits after +1, this one has 9",
        ),
        ("62345", "CN", r"too short by 5 digits: numbers of \+86 have 10 or 11 digits after it, this one has 5"),
        ("12345", "CN", "is a short number, as service and emergency lines have, not a person's"),
        ("+11125550100", None, "its beginning is unassigned"),
        ("+861", None, "is too short: write the whole number after the country code"),
        ("+86138001380013800138001", None, "has 23 digits; a number has at most 15, with its country code"),
        ("+9998612", None, "have 8 to 15 digits, not 7"),
    ],
)
def test_a_number_of_a_wrong_length_says_how_many_digits_it_needs(text: str, region: str | None, why: str) -> None:
    with pytest.raises(NotANumber, match=why.replace("after +", r"after \+")):
        parse(text, region)


@pytest.mark.attack("row 21: a number that is made of a number and what stands behind it")
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("+4930123456/7", "two numbers, or one with an extension"),
        ("+4930123456 / 8", "two numbers, or one with an extension"),
        ("+49 30 123456 123457", "two numbers"),
        ("+4930123456—7", "two numbers, or one with an extension"),
        ("+4930123456*7", "ASTERISK"),
        ("+4930123456#7", "extension"),
        ("+4930123456,7", "extension"),
        ("+4930123456转7", "extension"),
        ("+4930123456 x7", "extension"),
        ("+4930123456 [7]", "BRACKET"),
        ("+4930123456⑦", "CIRCLED DIGIT SEVEN"),
        ("⑦+4930123456", "CIRCLED DIGIT SEVEN"),
        ("+4930123456…", "HORIZONTAL ELLIPSIS"),
        ("+49\u202e30123456", "RIGHT-TO-LEFT OVERRIDE"),
        ("+4930123456\x00", "U\\+0000"),
    ],
)
def test_what_is_not_plainly_one_number_is_refused_with_its_sign(text: str, why: str) -> None:
    with pytest.raises(NotANumber, match=why):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "+49 30/1234567",
        "+49 (0)30/1234567",
        "☎ +49 30 1234567",
        '="+49301234567"',
        "• +49 30 1234567",
        "- +49301234567",
        "<+49301234567>",
        "\u202d+49301234567\u202c",
    ],
)
def test_the_ways_to_write_one_number_stay(text: str) -> None:
    assert parse(text).e164 == "+49301234567"


@pytest.mark.parametrize("text", ["+12125550100+12125550101", "+1 212 555 01"])
def test_half_a_number_is_refused(text: str) -> None:
    with pytest.raises(NotANumber):
        parse(text)


@pytest.mark.parametrize(
    ("text", "region"),
    [("110", "CN"), ("119", "CN"), ("12345", "CN"), ("911", "US"), ("+1 911", None), ("999", "GB"), ("112", "GB")],
)
def test_an_emergency_or_short_number_is_refused(text: str, region: str | None) -> None:
    with pytest.raises(NotANumber):
        parse(text, region)


@pytest.mark.parametrize("service", ["110", "12345", "95588"])
def test_a_public_service_line_behind_an_area_code_is_refused(service: str) -> None:
    with pytest.raises(NotANumber):
        parse(f"+86 10 {service}")


@pytest.mark.parametrize("text", ["+44 909 879 0123", "+44 8081 570123"])  # Ofcom's drama numbers of these kinds
def test_premium_and_freephone_numbers_are_refused(text: str) -> None:
    with pytest.raises(NotANumber, match=r"premium|not a valid number"):
        parse(text)


@pytest.mark.parametrize("text", ["", "   ", "+", "00", "-", "²", "n/a", "+" * 20, "0" * 300])
def test_what_is_no_number_says_so(text: str) -> None:
    with pytest.raises(NotANumber):
        parse(text, "CN")


def test_a_number_longer_than_e164_allows_is_refused() -> None:
    assert parse("+99986" + "1" * 10).reserved
    with pytest.raises(NotANumber):
        parse("+99986" + "1" * 11)


def read(text: str, region: str | None) -> PhoneNumber | None:
    """The number, or None when it is refused."""
    try:
        return parse(text, region)
    except NotANumber:
        return None


@given(
    st.text("+＋0123456789０９ ()-.,;#*/x²李\n\0", max_size=25),
    st.sampled_from(["", "+999861", "00447700900", "+121255501", "+86", "+1"]),
)
def test_any_text_is_refused_or_a_number_in_e164_that_reads_the_same_again(text: str, start: str) -> None:
    for region in (None, "CN"):
        number = read(start + text, region)
        if number is not None:
            assert parse(number.e164) == number
            assert re.fullmatch(r"\+[1-9][0-9]{6,14}", number.e164)


@pytest.mark.parametrize("number", ["+999861380000001", "+12125550100", "+447700900123", "+2901234", "12345"])
def test_a_masked_number_hides_at_least_five_digits(number: str) -> None:
    hidden = len(number) - (len(mask(number)) - 1)
    assert hidden >= min(5, len(number))


@pytest.mark.parametrize("form", ["+1 {} 555 0101", "+1{}2345678", "+9991{}5550101"])
@pytest.mark.parametrize(
    ("area", "zones"),
    [
        ("850", {"America/New_York", "America/Chicago"}),
        ("308", {"America/Chicago", "America/Denver"}),
        ("928", {"America/Phoenix", "America/Denver"}),
        ("541", {"America/Los_Angeles", "America/Denver"}),
        ("212", {"America/New_York"}),
    ],
)
def test_a_north_american_number_may_be_in_every_zone_of_its_area(form: str, area: str, zones: set[str]) -> None:
    """Boise's clock is Denver's, so who is in one of them is asked about as in the other."""
    found = {"America/Denver" if zone == "America/Boise" else zone for zone in parse(form.format(area)).zones}
    assert found == zones
