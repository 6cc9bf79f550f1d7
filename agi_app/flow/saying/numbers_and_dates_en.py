"""How English says values (en, en-GB, en-US).

``en`` and ``en-GB`` say "one hundred and five", ``en-US`` leaves the "and" out of numbers. ``en-GB`` says "the fifth of
March", the others "March fifth". Sources: Cambridge Grammar of English (numbers, time), Garner's Modern English Usage.
A zero in digits is "zero": "oh" is misheard on the telephone; in years and times it is "oh", as everybody says.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from agi_app.errors import InputError
from agi_app.flow.saying.spoken_parts import PAUSE, Part, Piece, Text, after_plus, in_groups, in_threes
from agi_app.messages import t

# fmt: off
_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)
_FIRST = (
    "zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth",
    "nineteenth",
)
_MONTH_NAMES = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)
_REGULAR = (
    "second", "minute", "hour", "day", "week", "month", "year", "time", "item", "point", "order", "call",
    "message", "ticket", "mile", "kilometer", "kilometre",
)
# fmt: on
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_POWERS = ((10**9, "billion"), (10**6, "million"), (1000, "thousand"))
_NUMBERS = {
    n: Piece(f"num/{n}", text)
    for n, text in (
        *enumerate(_SMALL),
        *zip(range(20, 100, 10), _TENS, strict=True),
        (100, "hundred"),
        *_POWERS,
    )
}
_ORDINALS = {
    **{n: Piece(f"ord/{n}", text) for n, text in enumerate(_FIRST) if n},
    **{n: Piece(f"ord/{n}", text[:-1] + "ieth") for n, text in zip(range(20, 100, 10), _TENS, strict=True)},
    **{n: Piece(f"ord/{n}", text + "th") for n, text in ((100, "hundred"), *_POWERS)},
}
_MONTHS = {n: Piece(f"month/{n}", text) for n, text in enumerate(_MONTH_NAMES, 1)}
_AND, _MINUS, _POINT, _PLUS, _OH = (Piece(f"num/{w}", w) for w in ("and", "minus", "point", "plus", "oh"))
_THE, _OF = Piece("date/the", "the"), Piece("date/of", "of")
_AM, _PM = Piece("time/am", "AM"), Piece("time/pm", "PM")
_NOON, _MIDNIGHT = Piece("time/noon", "noon"), Piece("time/midnight", "midnight")
_PLURALS = {one: one + "s" for one in _REGULAR} | {"person": "people"}
_UNITS = {word: Piece(f"unit/{word}", word) for pair in _PLURALS.items() for word in pair}
_MONEY = {  # one and many of the whole, one and many of the hundredth
    "USD": ("dollar", "dollars", "cent", "cents"),
    "GBP": ("pound", "pounds", "penny", "pence"),
    "CNY": ("yuan", "yuan", "fen", "fen"),
}


@dataclass(frozen=True, slots=True)
class English:
    """The words of en; American and British where they differ."""

    american: bool = False
    british: bool = False

    def pieces(self) -> Mapping[str, str]:
        """Name and words of every piece that a value can need."""
        tables = (_NUMBERS, _ORDINALS, _MONTHS, _UNITS)
        money = [Piece(f"money/{word}", word) for words in _MONEY.values() for word in words]
        singles = [_AND, _MINUS, _POINT, _PLUS, _OH, _AM, _PM, _NOON, _MIDNIGHT]
        singles += [_THE, _OF] if self.british else []
        return {p.name: p.text for p in (*(p for table in tables for p in table.values()), *singles, *money)}

    def digits(self, groups: Iterable[str]) -> list[Part]:
        """Digit by digit, a pause between the groups."""
        return in_groups([_NUMBERS[int(digit)] for digit in group] for group in groups)

    def number(self, value: Decimal) -> list[Part]:
        """For example -1005.20: minus one thousand and five point two zero."""
        whole, _, decimals = f"{abs(value):f}".partition(".")
        said: list[Part] = [_MINUS] if value < 0 else []
        said += [_NUMBERS[n] if n else _AND for n in self._cardinal(int(whole))] if int(whole) else [_NUMBERS[0]]
        return [*said, _POINT, *self.digits([decimals])] if decimals else said

    def count(self, value: int, unit: str) -> list[Part]:
        """How many: one day, two days; a unit that is not in the table stays as it is written."""
        said = self.number(Decimal(value))
        return [*said, self.unit(unit, one=value == 1)] if unit else said

    def ordinal(self, value: int, unit: str) -> list[Part]:
        """Which one: second, twenty first, one hundred and third; then the unit."""
        *before, last = self._cardinal(value)
        said: list[Part] = [*(_NUMBERS[n] if n else _AND for n in before), _ORDINALS[last]]
        return [*said, _UNITS.get(unit) or Text(unit)] if unit else said

    def unit(self, word: str, *, one: bool = False) -> Part:
        """A unit for one or for many; one that is not in the table stays text."""
        single = next((single for single, many in _PLURALS.items() if word in (single, many)), None)
        return Text(word) if single is None else _UNITS[single if one else _PLURALS[single]]

    def money(self, hundredths: int, currency: str) -> list[Part]:
        """For example 12.05 USD: twelve dollars and five cents."""
        words = _MONEY.get(currency)
        if words is None:
            raise InputError(
                t(
                    "the currency {currency!r} has no words here; there are {money}",
                    currency=currency,
                    money=", ".join(_MONEY),
                )
            )
        whole, small = divmod(abs(hundredths), 100)
        said: list[Part] = [_MINUS] if hundredths < 0 else []
        if whole or not small:
            said += [*self.number(Decimal(whole)), _coin(words[0] if whole == 1 else words[1])]
        if small:
            said += [_AND] if whole else []
            said += [*self.number(Decimal(small)), _coin(words[2] if small == 1 else words[3])]
        return said

    def date(self, day: dt.date, *, with_year: bool) -> list[Part]:
        """For example 2026-03-05: March fifth, twenty twenty six; in Britain the fifth of March."""
        month, which = _MONTHS[day.month], self.ordinal(day.day, "")
        said = [_THE, *which, _OF, month] if self.british else [month, *which]
        return [*said, PAUSE, *self._year(day.year)] if with_year else said

    def time(self, hour: int, minute: int) -> list[Part]:
        """For example 14:05: two oh five PM; 12:00 is noon and 0:00 midnight, which nobody mistakes."""
        if minute == 0 and hour % 12 == 0:
            return [_NOON if hour else _MIDNIGHT]
        return [_NUMBERS[hour % 12 or 12], *_minutes(minute), _AM if hour < 12 else _PM]

    def time24(self, hour: int, minute: int) -> list[Part]:
        """For example 14:05: fourteen oh five; a full hour is fourteen hundred."""
        said = [*([_OH] if 0 < hour < 10 else []), *self.number(Decimal(hour))]
        return [*said, *_minutes(minute)] if minute else [*said, _NUMBERS[100]]

    def telephone(self, number: str) -> list[Part]:
        """Digits in the groups in which people say them; the country's own code is left out of en-US and en-GB."""
        if self.american and number.startswith("+1") and len(number) == 12:
            number = number[2:]
        if self.british and number.startswith("+44"):
            number = "0" + number[3:]
        return [_PLUS, *self.digits(after_plus(number))] if number.startswith("+") else self.digits(_groups(number))

    def _year(self, year: int) -> list[Part]:
        century, rest = divmod(year, 100)
        if year % 1000 < 10 or not 1000 < year < 10000:  # two thousand and five; the Romans have no century
            return self.number(Decimal(year))
        if not rest:
            return [*self.number(Decimal(century)), _NUMBERS[100]]
        return [*self.number(Decimal(century)), *_minutes(rest)]

    def _cardinal(self, value: int) -> list[int]:
        """``value`` of 1 up to 10^12 as keys of the tables; 0 stands for "and"."""
        said: list[int] = []
        for power, _ in _POWERS:
            many, value = divmod(value, power)
            said += [*self._below_thousand(many), power] if many else []
        if said and 0 < value < 100 and not self.american:
            said.append(0)
        return said + self._below_thousand(value)

    def _below_thousand(self, value: int) -> list[int]:
        hundreds, rest = divmod(value, 100)
        said = [hundreds, 100] if hundreds else []
        if hundreds and rest and not self.american:
            said.append(0)
        return said + ([rest // 10 * 10, rest % 10] if rest > 20 and rest % 10 else [rest] if rest else [])


def _coin(word: str) -> Piece:
    return Piece(f"money/{word}", word)


def _minutes(minute: int) -> list[Part]:
    """Two digits as in 9:05, "oh five", and 9:35, "thirty five"; nothing for 0."""
    if minute == 0:
        return []
    if minute < 10:
        return [_OH, _NUMBERS[minute]]
    return (
        [_NUMBERS[minute]] if minute <= 20 or minute % 10 == 0 else [_NUMBERS[minute // 10 * 10], _NUMBERS[minute % 10]]
    )


def _groups(digits: str) -> list[str]:
    """Britain 5-3-3 or 3-4-4, else threes with the rest at the end (North America 3-3-4)."""
    if len(digits) == 11 and digits.startswith("02"):
        return [digits[:3], digits[3:7], digits[7:]]
    if len(digits) == 11 and digits.startswith("0"):
        return [digits[:5], digits[5:8], digits[8:]]
    return in_threes(digits)
