"""What the keyed digits of a ``collect`` or a ``stop_number`` are: a value, and the words to read it back. Pure."""

from __future__ import annotations

import datetime as dt

from agi_app.errors import InputError
from agi_app.flow.language.steps import Collect
from agi_app.flow.language.value_bounds import within
from agi_app.flow.saying.spoken_parts import Part
from agi_app.flow.saying.values import spoken
from agi_app.model.phone import NotANumber, parse

SPOKEN_AS = {"digits": "digits", "number": "number", "date": "date", "amount": "money"}


def value_of(collect: Collect, typed: str) -> str | None:
    """The value to save: digits as they are, numbers without leading zeros, dates in ISO 8601; None: it is not one."""
    if collect.kind == "date":
        try:
            return dt.date(int(typed[:4]), int(typed[4:6]), int(typed[6:])).isoformat()
        except ValueError:
            return None
    return typed if collect.kind == "digits" else str(int(typed))


def is_within(collect: Collect, value: str, now: str | None) -> bool:
    """Whether a value is one that may be given; ``now`` is local time, ISO 8601, for days counted from today."""
    today = dt.datetime.fromisoformat(now).date() if now else None
    return within(collect.kind, value, collect.min, collect.max, today)


def number_of(typed: str, region: str | None) -> str | None:
    """The telephone number that these keys are, in E.164: with 00 and a country code, of ``region``, or with its code.

    None: they are no number that a person could answer.
    """
    for text in (typed, f"+{typed}"):
        try:
            return parse(text, region).e164
        except NotANumber:
            continue
    return None


def read_back(collect: Collect, value: str, language: str) -> tuple[Part, ...] | None:
    """The value in pieces; None when it cannot be said (a number that is far too large)."""
    try:
        return spoken(SPOKEN_AS[collect.kind], value, language, unit=collect.currency or "")
    except InputError:
        return None
