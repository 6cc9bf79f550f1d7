"""Numbers, prefixes and ranges as people write them, read into what the lists compare. Pure."""

from __future__ import annotations

import re

import phonenumbers

from agi_app.authoring import full_width
from agi_app.guard.call import read_caller
from agi_app.guard.lists import Shape, pattern_fault, shape_of
from agi_app.messages import t
from agi_app.model.number_lengths import only_begins
from agi_app.model.phone import shown_number

_BEGINNING = re.compile(r"\+\d{2,10}|0\d{1,6}|1\d{1,9}|\d{2}", re.ASCII)
_SHORTEST = 3  # digits of 110 and the like
_CN_MOBILE = ("13", "14", "15", "16", "17", "18", "19")


class NotAPattern(ValueError):
    """The text is not one; the message says why, and what to write."""


class OnlyABeginning(NotAPattern):
    """The text is how numbers begin, and not a number alone."""


def new_pattern(text: str, region: str | None) -> str:
    """As ``read_pattern``, for an entry that is made now: it cannot be a number that nobody can have."""
    plain = _plain(text)
    if _BEGINNING.fullmatch(plain) and (only_begins(plain) if plain.startswith("+") else _few_digits(plain, region)):
        all_of_it = _begins(plain, region)
        raise OnlyABeginning(
            t(
                "{plain!r} is too short for a number: to mean all numbers that begin with it, write '{all_of_it}*'",
                plain=plain,
                all_of_it=all_of_it,
            )
        )
    return read_pattern(text, region)


def _begins(plain: str, region: str | None) -> str:
    """How the numbers meant begin as the guard compares them: with the country code, where ``region`` says which."""
    national = plain.lstrip("0")
    written_at_home = plain.startswith("0") or (region == "CN" and plain[:2] in _CN_MOBILE)
    if plain.startswith("+") or not (region and national and written_at_home):
        return plain
    return f"+{phonenumbers.country_code_for_region(region)}{national}"


def _few_digits(plain: str, region: str | None) -> bool:
    """Without a country code: no short number, but an area code, or how mobile numbers begin."""
    return len(plain) < _SHORTEST or plain.startswith("0") or (region == "CN" and plain[:2] in _CN_MOBILE)


def read_pattern(text: str, region: str | None) -> str:
    """What was typed as the guard compares it; ``region`` reads numbers without a country code. Raises NotAPattern."""
    plain = _plain(text)
    if fault := pattern_fault(plain):
        raise NotAPattern(fault + full_width.hint(text))
    if shape_of(plain) is not Shape.EXACT:
        return plain
    number, _ = read_caller(plain, region)
    if number is None:
        raise NotAPattern(t("{shown_number!r} is not a number", shown_number=shown_number(text)))
    return number


def _plain(text: str) -> str:
    return "".join(c for c in text.strip() if c not in " ().")
