"""Where the rules say that a number is, and what binds there."""

from __future__ import annotations

from agi_app.gate.ruleset import Rules, RuleSet
from agi_app.model.number_location import NumberLocation
from agi_app.model.phone import PhoneNumber

TEST_PREFIX = "+999"  # of the bulk test range: what follows behaves like a number with that country's code


def place_of(number: PhoneNumber, ruleset: RuleSet) -> NumberLocation:
    """Where the number is; one that does not tell its zone may be in any zone of its country."""
    if (country := ruleset.jurisdictions.get(number.region)) is None:
        return NumberLocation(number.region, number.zones, (), number.reserved)
    real = number.e164.replace(TEST_PREFIX, "+", 1)
    parts = tuple(name for name, part in country.parts.items() if real.startswith(part.prefixes))
    return NumberLocation(number.region, number.zones or country.zones, parts, number.reserved)


def rules_for(place: NumberLocation, ruleset: RuleSet) -> Rules | None:
    """The strictest of all rules that bind there; None for a country without rules."""
    country = ruleset.jurisdictions.get(place.region)
    return None if country is None else country.rules_in(place.parts)
