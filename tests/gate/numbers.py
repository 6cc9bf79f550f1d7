"""Numbers for cases, by what they are good for; none is written here that could be a person's."""

from __future__ import annotations

import phonenumbers
from phonenumbers import PhoneNumberType as Kind

# One zone, Florida (one part and two), two zones, no daylight saving, far west, all zones at once, none assigned.
AREAS = ("212", "305", "786", "850", "270", "208", "602", "907", "808", "500", "299")


def _example(region: str, kind: int) -> str:
    """The library's own example of a number that is valid and nobody's."""
    number = phonenumbers.example_number_for_type(region, kind)
    assert number is not None, region
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


NUMBERS = {
    "CN": ("+999861380000001", "+999862155500001", _example("CN", Kind.MOBILE), _example("CN", Kind.FIXED_LINE)),
    "GB": ("+447700900123", "+442079460999", "+999447700900", _example("GB", Kind.MOBILE)),
    "US": (
        *(f"+1{area}5550{last}" for area in AREAS for last in (100, 199, 200)),  # 0200 is of no test range
        *(f"+9991{area}5550100" for area in AREAS),
    ),
    "FR": (_example("FR", Kind.MOBILE), _example("FR", Kind.FIXED_LINE)),
    "no rules": (_example("DE", Kind.MOBILE), _example("BR", Kind.MOBILE), _example("JE", Kind.MOBILE)),
    "nobody's": (
        "",
        "+",
        "+1",
        "+9991",
        "+999771234567",
        "+99986138",
        "+9998613800000012",
        "+1212555010",
        "+121255501000",
        "+1 2125550100",
        "12125550100",
        "001212555010",
        "+12125550100;ext=1",
        "+12125550100 ",
        "+１２１２５５５０１００",
        "+447700９00123",
        "+442079460",
        "+8610110",
        _example("CN", Kind.TOLL_FREE),
        _example("GB", Kind.PREMIUM_RATE),
        _example("US", Kind.TOLL_FREE),
    ),
}
CALLER_IDS = ("+999862000000001", "+999862000000002", "+999441130000003", "+12025550142")  # ours
NOT_OURS = "+999862000000009"
