"""What the digits of a number tell about where its person is; a decision keeps this instead of the number."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from agi_app.gate.ruleset import Rules, RuleSet
from agi_app.model.phone import PhoneNumber

TEST_PREFIX = "+999"  # of the bulk test range: what follows behaves like a number with that country's code


_clock = lru_cache(maxsize=None)(ZoneInfo)  # its own cache holds eight; a number may be in forty zones


@dataclass(frozen=True, slots=True)
class NumberLocation:
    """Region and zones of a valid number, and the parts of the country whose own rules bind besides."""

    region: str  # ISO 3166 alpha-2
    zones: tuple[str, ...]  # IANA names; it must be a calling hour in all of them
    parts: tuple[str, ...]  # such as FL
    reserved: bool  # of a test range

    @property
    def clocks(self) -> list[ZoneInfo]:
        """The zones, ready to tell the time."""
        return [_clock(zone) for zone in self.zones]


def place_of(number: PhoneNumber, ruleset: RuleSet) -> NumberLocation:
    """Where the number is; one that does not tell its zone may be in any zone of its country."""
    country = ruleset.jurisdictions.get(number.region)
    if country is None:
        return NumberLocation(number.region, number.zones, (), number.reserved)
    real = number.e164.replace(TEST_PREFIX, "+", 1)
    parts = tuple(name for name, part in country.parts.items() if real.startswith(part.prefixes))
    return NumberLocation(number.region, number.zones or country.zones, parts, number.reserved)


def rules_for(place: NumberLocation, ruleset: RuleSet) -> Rules | None:
    """The strictest of all rules that bind there; None for a country without rules."""
    country = ruleset.jurisdictions.get(place.region)
    return None if country is None else country.rules_in(place.parts)
