"""A quick way to read the telephone numbers that files are full of: digits, perhaps spaced, of an ordinary kind.

It uses the patterns of phonenumbers itself, compiled once, and answers only where they leave no doubt;
everything else (unusual prefixes, small territories, Italian zeros, every refusal) is left to
phonenumbers. What it accepts is exactly what phonenumbers accepts: tests/unit/model/test_plain_number.py
compares the two. Ten times as fast, which is what a million rows need.

Source of each step: phonenumbers.phonenumberutil, parse, _number_type_helper and region_code_for_number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumber, PhoneNumberDesc
from phonenumbers.timezone import time_zones_for_geographical_number

_PLAIN = re.compile(r"(\+|00)?\(?(\d[\d ().-]{5,24}\d)", re.ASCII)
_SEPARATORS = str.maketrans("", "", " ().-")
_ZONE_DIGITS = 12  # at least as many as phonenumbers looks at for a time zone (8 in release 9.0.43)
_LONGEST_CODE = 3  # digits of a country calling code
_NOT_PERSONS = ("premium_rate", "toll_free", "shared_cost", "pager", "uan", "voicemail")
_NOT_PLACES = ("voip", "personal_number")  # persons' numbers that say nothing about a place
_Pattern = re.Pattern[str]


class Accepted(NamedTuple):
    """A valid number of a kind that a person answers. ``place`` is its start when its digits tell the time zone."""

    e164: str
    national: str
    region: str
    place: bool


class _Country(NamedTuple):
    """What reading a number of a calling code's main region needs."""

    region: str
    code: str
    abroad: _Pattern | None  # how people there begin an international number
    trunk: _Pattern | None  # national prefix and carrier codes
    trunk_digits: str | None
    rewrites: bool  # the prefix may be rewritten rather than left out
    metadata: PhoneMetadata


class _Kinds(NamedTuple):
    """The patterns of one country for numbers of one length; None: there are none."""

    general: _Pattern
    not_persons: _Pattern | None
    not_places: _Pattern | None
    fixed: _Pattern | None
    mobile: _Pattern | None


def accept(text: str, region: str | None) -> Accepted | None:
    """The number, when it is beyond doubt one that phonenumbers accepts; None: ask phonenumbers."""
    found = _PLAIN.fullmatch(text)
    if not found:
        return None
    digits = found[2].translate(_SEPARATORS)
    if found[1]:
        country = _country_of(digits[:_LONGEST_CODE])
        return None if country is None else _national(digits[len(country.code) :], country)
    if region is None or (country := _country(region)) is None:
        return None
    if digits.startswith(country.code) or (country.abroad and country.abroad.match(digits)):
        return None
    return _national(digits, country)


def zones(number: Accepted) -> tuple[str, ...]:
    """The time zones that phonenumbers knows for a number with a ``place``."""
    return _zones_of(number.e164[1 : 1 + _ZONE_DIGITS], len(number.e164) - len(number.national) - 1)


def _national(digits: str, country: _Country) -> Accepted | None:
    national = digits
    if country.trunk and (prefix := country.trunk.match(digits)):
        if prefix[0] != country.trunk_digits or (country.rewrites and prefix.lastindex):
            return None
        national = digits[prefix.end() :]
        before = _kinds(country.region, len(digits))
        if before and before.general.fullmatch(digits):  # then only phonenumbers knows which one is meant
            return None
    kinds = _kinds(country.region, len(national))
    if kinds is None or national.startswith("0") or not kinds.general.fullmatch(national):
        return None
    if kinds.not_persons and kinds.not_persons.fullmatch(national):
        return None
    somewhere = not (kinds.not_places and kinds.not_places.fullmatch(national))
    fixed = bool(kinds.fixed and kinds.fixed.fullmatch(national))
    if somewhere and not fixed and not (kinds.mobile and kinds.mobile.fullmatch(national)):
        return None
    return Accepted(f"+{country.code}{national}", national, country.region, somewhere and fixed)


@lru_cache(maxsize=1024)
def _country_of(start: str) -> _Country | None:
    codes = (int(start[:length]) for length in range(1, len(start) + 1) if not start.startswith("0"))
    regions = next((COUNTRY_CODE_TO_REGION_CODE[code] for code in codes if code in COUNTRY_CODE_TO_REGION_CODE), None)
    return _country(regions[0]) if regions else None


@lru_cache(maxsize=512)
def _country(region: str) -> _Country | None:
    """None for regions that share their calling code with a bigger one, and where it takes more to read them."""
    metadata = PhoneMetadata.metadata_for_region(region.upper(), None)
    if metadata is None or metadata.leading_digits is not None:
        return None
    code = metadata.country_code
    if code is None or COUNTRY_CODE_TO_REGION_CODE[code][0] != metadata.id:
        return None
    return _Country(
        region=metadata.id,
        code=str(code),
        abroad=_compiled(metadata.international_prefix),
        trunk=_compiled(metadata.national_prefix_for_parsing),
        trunk_digits=metadata.national_prefix,
        rewrites=bool(metadata.national_prefix_transform_rule),
        metadata=metadata,
    )


@lru_cache(maxsize=4096)
def _kinds(region: str, length: int) -> _Kinds | None:
    country = _country(region)
    if country is None:
        return None
    metadata = country.metadata
    general = _either([metadata.general_desc], length)
    if general is None:
        return None
    return _Kinds(
        general,
        _either([getattr(metadata, name) for name in _NOT_PERSONS], length),
        _either([getattr(metadata, name) for name in _NOT_PLACES], length),
        _either([metadata.fixed_line], length),
        _either([metadata.mobile], length),
    )


def _either(kinds: Iterable[PhoneNumberDesc | None], length: int) -> _Pattern | None:
    patterns = [
        f"(?:{kind.national_number_pattern})"
        for kind in kinds
        if kind and kind.national_number_pattern and (not kind.possible_length or length in kind.possible_length)
    ]
    return re.compile("|".join(patterns)) if patterns else None


def _compiled(pattern: str | None) -> _Pattern | None:
    return re.compile(pattern) if pattern else None


@lru_cache(maxsize=65536)
def _zones_of(start: str, code_length: int) -> tuple[str, ...]:
    """By the digits that phonenumbers looks at; the others do not matter."""
    number = PhoneNumber(country_code=int(start[:code_length]), national_number=int(start[code_length:] or "0"))
    return tuple(time_zones_for_geographical_number(number))
