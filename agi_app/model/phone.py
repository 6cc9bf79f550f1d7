"""Telephone numbers: parsing to E.164, region, time zones, and the ranges reserved for tests.

The reserved ranges (DESIGN §9) never reach a person: +1 NPA 555 0100-0199 (NANPA),
+44 7700 900000-900999 and +44 20 7946 0000-0999 (Ofcom drama numbers), and +999 followed by a
calling code for bulk (999 is an unassigned ITU code; +99986… behaves like a Chinese number).
phonenumbers calls some of them invalid, so they have their own table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType, shortnumberinfo
from phonenumbers import timezone as number_zones
from phonenumbers.tzdata import TIMEZONE_DATA

from agi_app.messages import t, template
from agi_app.model import ambiguous_numbers, fast_number_parser
from agi_app.model.number_lengths import why_invalid

_RESERVED_NANP = re.compile(r"\+1([2-9]\d\d)55501\d\d")
_RESERVED_GB_MOBILE = re.compile(r"\+447700900\d{3}")
_RESERVED_GB_LONDON = re.compile(r"\+442079460\d{3}")
_RESERVED_BULK = re.compile(r"(?=\+\d{8,15}$)\+999(86|44|1)(\d{3})\d+")  # 15 digits: the most E.164 has
_PLAIN = re.compile(r"(\+|00)[\d\s().\-\u2010-\u2015]+")  # an international number as people space it
_NOT_DIGITS = re.compile(r"\D")
_SHORTEST_CN = 10  # digits of area code and number; metadata also allows area code + 110, 12345 and the like
_MOST_DIGITS = 15  # of E.164
_BULK_REGION = {"86": "CN", "44": "GB", "1": "US"}
_RESERVED_REGIONS = frozenset({"US", "GB"})  # regions of the ranges that are not +999
_TEST_RANGES = "+99986… for China, +99944… for the United Kingdom, +9991 and an area code for the USA"
NO_COUNTRY = "has no country code: begin it with + and the country's code, such as +86, +44 or +1"
UNKNOWN_REGION = "ZZ"  # CLDR's code for it
_REGION_ZONE = {"CN": ("Asia/Shanghai",), "GB": ("Europe/London",)}
_UNKNOWN_ZONE = "Etc/Unknown"
_DIALLABLE = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.VOIP,
        PhoneNumberType.PERSONAL_NUMBER,
    }
)


class NotANumber(ValueError):
    """The text is no telephone number that a person could answer; the message says why."""


class SeveralNumbers(NotANumber):
    """There are two, or perhaps; the caller of this function knows where to write each."""


class NoCountry(NotANumber):
    """It has no country code, and no country was given."""


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """One number in E.164 with what its digits tell about where it is."""

    e164: str
    region: str  # ISO 3166 alpha-2
    zones: tuple[str, ...]  # IANA names; more than one when the digits do not decide
    reserved: bool  # from a test range: only for trunks marked sandbox


def mask(number: str) -> str:
    """Hide at least five digits in the middle of a number: ``+999861380000001`` -> ``+99986…01``."""
    shown = min(6, len(number) - 7)
    return f"{number[: shown if shown >= 2 else 0]}…{number[-2:] if shown >= 0 else ''}"


def shown_number(text: str) -> str:
    """For messages: a number that may be somebody's with its middle hidden, other text as it is."""
    return mask(text) if ambiguous_numbers.digits(text) >= ambiguous_numbers.SHORTEST else text


def shown_text(text: str) -> str:
    """For messages: a name of something, unless it has no letter and is rather a number, whose middle is hidden."""
    return text if any(sign.isalpha() for sign in text) else shown_number(text)


def parse(text: str, region: str | None = None) -> PhoneNumber:
    """Read a number as people write it; ``region`` reads numbers without a country code.

    Raises NotANumber with the reason: unreadable, impossible, two numbers, with letters or an extension, of
    a kind nobody answers (short, emergency, premium), or without a country when no region was given.
    """
    cleaned = _ascii_digits(text.strip()).removeprefix("tel:")
    return _quick(cleaned, region) or _slowly(cleaned, region)


def _quick(cleaned: str, region: str | None) -> PhoneNumber | None:
    """A number that needs no long look; None for all others."""
    if cleaned.startswith(("+999", "00999")):
        return _plain_reserved(cleaned)
    found = fast_number_parser.accept(cleaned, region)
    if found is None or (found.region == "CN" and len(found.national) < _SHORTEST_CN):
        return None
    if len(found.e164) > ambiguous_numbers.LONGEST_SURE and ambiguous_numbers.two_joined(cleaned):
        return None
    if found.region in _RESERVED_REGIONS and (reserved := reserved_number(found.e164)):
        return reserved
    if found.region in _REGION_ZONE:
        return PhoneNumber(found.e164, found.region, _REGION_ZONE[found.region], reserved=False)
    return (
        PhoneNumber(
            found.e164, found.region, with_area(found.e164, _known(fast_number_parser.zones(found))), reserved=False
        )
        if found.place
        else None
    )


def _slowly(cleaned: str, region: str | None) -> PhoneNumber:
    """Whatever phonenumbers makes of it."""
    if why := ambiguous_numbers.doubt(cleaned):
        several = why in (ambiguous_numbers.SEVERAL, ambiguous_numbers.PERHAPS_SEVERAL)
        why = t(why) if several else why
        raise (SeveralNumbers if several else NotANumber)(why)
    if reserved := _plain_reserved(cleaned):
        return reserved
    if cleaned.startswith(("+999", "00999")):
        digits = ambiguous_numbers.digits(cleaned)
        count = "" if 8 <= digits <= _MOST_DIGITS else t(", not {digits}", digits=digits)
        raise NotANumber(
            t(
                "is not a test number: test numbers begin with {test_ranges}, and have 8 to 15 digits{count}",
                test_ranges=_TEST_RANGES,
                count=count,
            )
        )
    try:
        number = phonenumbers.parse("+" + cleaned[2:] if cleaned.startswith("00") else cleaned, region)
    except phonenumbers.NumberParseException as error:
        without = error.error_type == error.INVALID_COUNTRY_CODE and not cleaned.startswith(("+", "00"))
        raise (
            NoCountry(_without_country(cleaned)) if without else NotANumber(_why_unreadable(cleaned, error))
        ) from None
    if number.extension:
        raise NotANumber(t("has an extension in it: an automatic call cannot dial it; write the number alone"))
    return reserved_number(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)) or _judge(number)


_USUAL_FORMS = (  # how numbers look that were written for a country's own telephones
    (re.compile(r"86(1[3-9]\d{9}|[1-9]\d{9,10})"), template("if it is of China, write only + before it")),
    (re.compile(r"1[3-9]\d{9}"), template("if it is a mobile number of China, write +86 before it")),
    (re.compile(r"0\d{8,11}"), template("write + and the country's code in place of its first 0, such as +86 or +44")),
    (re.compile(r"1?[2-9]\d{9}"), template("if it is of the US or Canada, write +1 before its last ten digits")),
)


def _without_country(cleaned: str) -> str:
    """The words for a number without its country, by what it looks like."""
    digits = _NOT_DIGITS.sub("", cleaned)
    how = next((words for form, words in _USUAL_FORMS if form.fullmatch(digits)), None)
    return t("{fault}; {how}", fault=t(NO_COUNTRY), how=t(how)) if how else t(NO_COUNTRY)


def _plain_reserved(cleaned: str) -> PhoneNumber | None:
    """A test-range number in international form; phonenumbers cannot read +999."""
    return reserved_number("+" + _NOT_DIGITS.sub("", cleaned).removeprefix("00")) if _PLAIN.fullmatch(cleaned) else None


def _judge(number: phonenumbers.PhoneNumber) -> PhoneNumber:
    """Whether a readable number is a person's."""
    if not phonenumbers.is_valid_number(number):
        if shortnumberinfo.is_valid_short_number(number):
            raise NotANumber(t("is a short number, as service and emergency lines have, not a person's"))
        raise NotANumber(t("is not a valid number ({why_invalid})", why_invalid=why_invalid(number)))
    if phonenumbers.number_type(number) not in _DIALLABLE:
        raise NotANumber(t("is a service, premium or shared-cost number, not a person's"))
    found = phonenumbers.region_code_for_number(number)
    if found is None:
        raise NotANumber(t("belongs to no country"))
    if found == "CN" and len(str(number.national_number)) < _SHORTEST_CN:
        raise NotANumber(t("is a service line with an area code, not a person's number"))
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    # Some have one zone by law, whatever the table says of mobile numbers.
    zones = _REGION_ZONE.get(found) or _known(number_zones.time_zones_for_number(number))
    return PhoneNumber(e164, found, with_area(e164, zones), reserved=False)


def region_and_zones(e164: str) -> tuple[str, list[str]]:
    """Where a number in E.164 is, as the database keeps it; unknown for one that ``parse`` refuses."""
    try:
        found = parse(e164)
    except NotANumber:
        return UNKNOWN_REGION, []
    return found.region, list(found.zones)


def country_and_zones(e164: str) -> tuple[str, list[str]]:
    """As ``region_and_zones``, of one of our numbers: it may be a service number, such as 400 in China, too."""
    region, zones = region_and_zones(e164)
    if region != UNKNOWN_REGION:
        return region, zones
    try:
        code = phonenumbers.parse(e164).country_code or 0
    except phonenumbers.NumberParseException:
        return region, zones
    region = phonenumbers.region_code_for_country_code(code)
    return region, list(_REGION_ZONE.get(region, ()))


def only_zone(region: str) -> str | None:
    """The IANA name of the one zone that all numbers of a region are in; None: several, or the metadata cannot tell."""
    if region in _REGION_ZONE:
        return _REGION_ZONE[region][0]
    code = phonenumbers.country_code_for_region(region)
    if not code or len(phonenumbers.region_codes_for_country_code(code)) > 1:  # as +1, which many countries share
        return None
    zones = {zone for prefix, found in TIMEZONE_DATA.items() if prefix.startswith(str(code)) for zone in found}
    return zones.pop() if len(zones) == 1 and _UNKNOWN_ZONE not in zones else None


def reserved_number(e164: str) -> PhoneNumber | None:
    """The number when it is in a reserved test range, else None."""
    if match := _RESERVED_BULK.fullmatch(e164):
        region = _BULK_REGION[match[1]]
        return PhoneNumber(e164, region, _REGION_ZONE.get(region) or _us_zones(match[2]), reserved=True)
    if match := _RESERVED_NANP.fullmatch(e164):
        return PhoneNumber(e164, "US", _us_zones(match[1]), reserved=True)
    if _RESERVED_GB_MOBILE.fullmatch(e164) or _RESERVED_GB_LONDON.fullmatch(e164):
        return PhoneNumber(e164, "GB", _REGION_ZONE["GB"], reserved=True)
    return None


@lru_cache(maxsize=1000)
def _us_zones(area: str) -> tuple[str, ...]:
    number = f"+1{area}5550100"
    zones = _known(number_zones.time_zones_for_number(phonenumbers.parse(number)))
    return with_area(number, zones) or ("America/New_York", "America/Los_Angeles")


def _known(zones: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return tuple(z for z in zones if z != _UNKNOWN_ZONE)


def _ascii_digits(text: str) -> str:
    """Full-width and other digits and the full-width plus as ASCII."""
    if text.isascii():
        return text
    return "".join(str(int(c)) if c.isdecimal() else "+" if c == "＋" else c for c in text)


def _why_unreadable(cleaned: str, error: phonenumbers.NumberParseException) -> str:
    digits = ambiguous_numbers.digits(cleaned)
    if error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
        return t("has an unknown country code")
    if error.error_type == phonenumbers.NumberParseException.TOO_LONG or digits > _MOST_DIGITS:
        return t(
            "has {digits} digits; a number has at most {most_digits}, with its country code",
            digits=digits,
            most_digits=_MOST_DIGITS,
        )
    if digits and _PLAIN.fullmatch(cleaned):
        return t("is too short: write the whole number after the country code")
    return t("does not look like a telephone number")


# Every time zone that a North American area code reaches into. Pure.
#
# phonenumbers answers for the digits behind the area code, too: the exchange that once had the number. Within its area
# a person takes the number along when they move or change the carrier (47 CFR 52.23 and 52.31), so those digits tell no
# zone; and an area code such as 850, 270, 906, 308, 785, 928 or 541 is in two. Source: the prefixes of
# phonenumbers.tzdata.


_AREA_DIGITS = len("1850")


@lru_cache(maxsize=1000)
def _of_area(area: str) -> frozenset[str]:
    return frozenset(zone for prefix, zones in TIMEZONE_DATA.items() if prefix.startswith(area) for zone in zones)


def with_area(e164: str, zones: tuple[str, ...]) -> tuple[str, ...]:
    """``zones``, and in North America (+1) the others of the number's area."""
    if not e164.startswith("+1"):
        return zones
    return (*zones, *sorted(_of_area(e164[1 : 1 + _AREA_DIGITS]).difference(zones)))
