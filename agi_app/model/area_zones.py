"""Every time zone that a North American area code reaches into. Pure.

phonenumbers answers for the digits behind the area code, too: the exchange that once had the number. Within its area a
person takes the number along when they move or change the carrier (47 CFR 52.23 and 52.31), so those digits tell no
zone; and an area code such as 850, 270, 906, 308, 785, 928 or 541 is in two. Source: the prefixes of
phonenumbers.tzdata.
"""

from __future__ import annotations

from functools import lru_cache

from phonenumbers.tzdata import TIMEZONE_DATA

_AREA_DIGITS = len("1850")


@lru_cache(maxsize=1000)
def _of_area(area: str) -> frozenset[str]:
    return frozenset(zone for prefix, zones in TIMEZONE_DATA.items() if prefix.startswith(area) for zone in zones)


def with_area(e164: str, zones: tuple[str, ...]) -> tuple[str, ...]:
    """``zones``, and in North America (+1) the others of the number's area."""
    if not e164.startswith("+1"):
        return zones
    return (*zones, *sorted(_of_area(e164[1 : 1 + _AREA_DIGITS]).difference(zones)))
