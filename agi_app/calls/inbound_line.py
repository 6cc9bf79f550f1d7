"""A line: one of our numbers that people call, with the flow that answers. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agi_app.flow.language.definition import Flow
from agi_app.model.phone import NotANumber, PhoneNumber, country_and_zones, parse

FEWEST_NATIONAL, LONGEST_COUNTRY_CODE = 7, 5  # digits


@dataclass(frozen=True, slots=True)
class InboundLine:
    """One line as it is served; without a flow it is not, and ``fault`` says why."""

    name: str
    number: str  # E.164
    flow: Flow | None
    fault: str
    concurrent: int
    max_call_s: float

    @property
    def region(self) -> str:
        """The country whose numbers callers key in without a country code."""
        return country_and_zones(self.number)[0]


def line_of(called: str, lines: Iterable[InboundLine]) -> InboundLine | None:
    """The line of a called number as carriers write it: with or without plus or 00, or in national form."""
    digits, found = called.removeprefix("+").removeprefix("00"), list(lines)
    exact = next((line for line in found if digits == line.number.removeprefix("+")), None)
    national = digits.lstrip("0")
    alike = [line for line in found if len(national) >= FEWEST_NATIONAL and _is_national(national, line.number)]
    return exact or (alike[0] if len(alike) == 1 else None)


def caller_number(shown: str, region: str) -> PhoneNumber | None:
    """The number that a call shows; None when it shows none that a person could be called at.

    Carriers show numbers with their country code, with or without plus, or in national form.
    """
    return _national(shown, region) or _national(f"+{shown}", region)


def _is_national(national: str, number: str) -> bool:
    """Whether only the country code (at most five digits, as those of the test ranges are) is missing."""
    return number.endswith(national) and len(number) - 1 - len(national) <= LONGEST_COUNTRY_CODE


def _national(text: str, region: str) -> PhoneNumber | None:
    try:
        return parse(text, region)
    except NotANumber:
        return None
