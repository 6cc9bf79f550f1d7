"""By how many digits a telephone number is too short or too long, where phonenumbers knows it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneMetadata, shortnumberinfo

from agi_app.messages import t, template
from agi_app.printable import count_of

_FILLS = "0259"  # digits with which a number that is too short is tried
_SHORTEST = {86: 10}  # metadata allows service lines behind an area code of China, too
_SHORTEST_E164 = 8  # characters, + and seven digits
_FEW = 4  # lengths, which are named one by one
_FEWER = "a mobile of China has {all} digits: {by} fewer here"
_BEGUN = template("numbers that begin like this have {counts} after +{code}")
_OF_COUNTRY = template("numbers of +{code} have {counts} after it")
_CHINA, _CN_MOBILE = 86, 11  # its code, and the digits of a mobile's number


def why_invalid(number: phonenumbers.PhoneNumber) -> str:
    """The words for a number that its country does not have."""
    code, national = number.country_code or 0, phonenumbers.national_significant_number(number)
    digits = len(national)
    if code == _CHINA and re.match("1[3-9]", national) and digits != _CN_MOBILE:
        more = digits > _CN_MOBILE
        told = "a mobile of China has {all} digits: {by} more here" if more else _FEWER
        return t(told, all=_CN_MOBILE, by=abs(digits - _CN_MOBILE))
    kinds = _kinds(code)
    if begun := _nearest(
        digits, (length for pattern, lengths in kinds for length in _fitting(national, pattern, lengths))
    ):
        return _words(digits, begun, code, _BEGUN)
    known = {length for _, lengths in kinds for length in lengths}
    if known and digits not in known:
        return _words(digits, sorted(known), code, _OF_COUNTRY)
    return t("its beginning is unassigned, or it has a digit too many or too few")


def only_begins(e164: str) -> bool:
    """Whether the text in international form has too few digits for any number, and is only how numbers begin."""
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return len(e164) < _SHORTEST_E164
    if shortnumberinfo.is_valid_short_number(number) or phonenumbers.is_valid_number(number):
        return False
    national = phonenumbers.national_significant_number(number)
    if number.country_code == _CHINA and re.match("1[3-9]", national):
        return len(national) < _CN_MOBILE
    return len(national) < min((n for _, some in _kinds(number.country_code or 0) for n in some), default=0)


def _words(digits: int, lengths: list[int], code: int, have: str) -> str:
    least = min(abs(digits - length) for length in lengths)
    too = (
        "too short by {by}: {have}, this one has {digits}"
        if digits < min(lengths)
        else "too long by {by}: {have}, this one has {digits}"
        if digits > max(lengths)
        else "too short or long by {by}: {have}, this one has {digits}"
    )
    few = len(lengths) < _FEW
    counts = t(" or ").join(map(str, lengths)) if few else t("{least} to {most}", least=lengths[0], most=lengths[-1])
    told = t(have, counts=t("{counts} digits", counts=counts), code=code)
    return t(too, by=count_of(least, "digit"), have=told, digits=digits)


def _nearest(digits: int, lengths: Iterable[int]) -> list[int]:
    found = sorted(set(lengths))
    least = min((abs(digits - length) for length in found), default=0)
    return [length for length in found if abs(digits - length) == least]


def _fitting(national: str, pattern: re.Pattern[str], lengths: tuple[int, ...]) -> Iterator[int]:
    """The lengths that a number with this beginning may have."""
    for length in lengths:
        missing = length - len(national)
        tried = (national + fill * missing for fill in _FILLS) if missing > 0 else (national[:length],)
        if missing and any(pattern.fullmatch(text) for text in tried):
            yield length


@lru_cache(maxsize=256)
def _kinds(code: int) -> list[tuple[re.Pattern[str], tuple[int, ...]]]:
    """The patterns of the mobile and fixed numbers of a country, each with its lengths."""
    metadata = PhoneMetadata.metadata_for_region(phonenumbers.region_code_for_country_code(code), None)
    descriptions = [metadata.mobile, metadata.fixed_line] if metadata is not None else []
    return [
        (re.compile(found.national_number_pattern), lengths)
        for found in descriptions
        if found is not None and found.national_number_pattern
        if (lengths := tuple(n for n in found.possible_length if n >= _SHORTEST.get(code, 1)))
    ]
