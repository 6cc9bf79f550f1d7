"""The conditions of ``branch``: small enough to read aloud, and nothing in them can run code.

    contact.language == "en" and (answer == "yes" or not contact.vip)
    contact.age >= 18 and city in ["Berlin", "Hamburg"]
    now.weekday in ["sat", "sun"] or now.time >= "17:00" or now.date == "2026-12-24"

Comparisons (== != < <= > >=), ``in [list]``, ``and or not``, parentheses, text in quotes,
numbers, true, false, variables, ``contact.COLUMN``, and ``now.time`` (24 hours), ``now.weekday``
and ``now.date`` where the called person is: texts of which a later one is greater. A name without a value is nothing;
comparing nothing with anything is false, so ``not contact.vip`` asks whether it is empty.
Contact columns are text: compared with a number they are read as a number, and if they
are not numbers, the comparison is false.
"""

from __future__ import annotations

import datetime as dt
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Value = str | int | float | bool | None
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

COMPARE: Mapping[str, Callable[[float | str, float | str], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Literal:
    """Text, a number or true/false."""

    value: str | int | float | bool


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, or a contact column when it begins with ``contact.``."""

    name: str


@dataclass(frozen=True, slots=True)
class Compare:
    """``left == right`` and similar."""

    sign: str
    left: Literal | Name
    right: Literal | Name


@dataclass(frozen=True, slots=True)
class In:
    """``left in [a, b]``."""

    left: Literal | Name
    options: tuple[Literal | Name, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """``not term``."""

    term: Term


@dataclass(frozen=True, slots=True)
class Logic:
    """``a and b and c`` or ``a or b or c``."""

    word: str
    terms: tuple[Term, ...]


Term = Literal | Name | Compare | In | Not | Logic


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed condition and the text it was parsed from."""

    source: str
    root: Term
    names: frozenset[str]

    def test(self, variables: Mapping[str, Value], contact: Mapping[str, str]) -> bool:
        """Whether the condition holds; never fails, whatever the values are."""
        return _truth(self.root, variables, contact)


def moment(now: dt.datetime | None) -> dict[str, Value]:
    """The names of the time for a condition; ``now`` is local time of the called person, None: not known."""
    if now is None:
        return {}
    return {
        "now.time": now.strftime("%H:%M"),
        "now.weekday": WEEKDAYS[now.weekday()],
        "now.date": now.date().isoformat(),
    }


def _truth(term: Term, variables: Mapping[str, Value], contact: Mapping[str, str]) -> bool:
    match term:
        case Logic(word="and"):
            return all(_truth(part, variables, contact) for part in term.terms)
        case Logic():
            return any(_truth(part, variables, contact) for part in term.terms)
        case Not():
            return not _truth(term.term, variables, contact)
        case Compare():
            return _compare(term.sign, _value(term.left, variables, contact), _value(term.right, variables, contact))
        case In():
            left = _value(term.left, variables, contact)
            return any(_compare("==", left, _value(option, variables, contact)) for option in term.options)
        case _:
            return bool(_value(term, variables, contact))


def _value(operand: Literal | Name, variables: Mapping[str, Value], contact: Mapping[str, str]) -> Value:
    return operand.value if isinstance(operand, Literal) else value_of(operand.name, variables, contact)


def value_of(name: str, variables: Mapping[str, Value], contact: Mapping[str, str]) -> Value:
    """The value of a variable, or of the column of the contact where the name begins with ``contact.``."""
    column = name.removeprefix("contact.")
    return variables.get(name) if column == name else contact.get(column)


def _compare(sign: str, left: Value, right: Value) -> bool:
    if left is None or right is None:
        return False
    if isinstance(left, bool) or isinstance(right, bool):
        same = left is right
        return {"==": same, "!=": not same}.get(sign, False)
    if isinstance(left, str) != isinstance(right, str):
        numbers = _number(left), _number(right)
        if numbers[0] is None or numbers[1] is None:
            return sign == "!="
        return COMPARE[sign](numbers[0], numbers[1])
    return COMPARE[sign](left, right)


def _number(value: str | float) -> float | None:
    if isinstance(value, str):
        return float(value) if re.fullmatch(r"\s*[-+]?[0-9]{1,30}(\.[0-9]{1,30})?\s*", value, re.ASCII) else None
    return float(value)
