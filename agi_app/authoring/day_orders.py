"""Whether a region writes the month or the day first in 3/4/2026. Pure.

Source: the short date patterns of the Unicode CLDR 47 (as Babel 2.19 has it), of each region's official languages and
its English. A region is in no list where these write the year first (then nobody there writes 3/4/2026), or where both
orders are in use: Canada, the Philippines, Panama, South Africa, and those whose CLDR patterns contradict each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class DayOrder(StrEnum):
    """Which of the two numbers comes first."""

    MONTH_FIRST = "month first"
    DAY_FIRST = "day first"


_MONTH_FIRST_TEXT = "AS GU MH MP PR UM US VI"
_DAY_FIRST_TEXT = (
    "AD AE AG AI AL AM AO AR AT AU AW AX AZ BA BB BD BE BF BG BH BL BM BN BO BQ BR BS BW BY CC CD CF CG CH CI CK CL CM"
    " CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EH ES FI FJ FK FO FR GA GB GD GE GF GG GI GM GN GP GQ GR GS GT GW"
    " GY HK HN HR HT ID IE IL IM IN IO IQ IS IT JE JM JO KG KH KI KM KN KW KZ LA LB LC LI LK LR LS LU LV LY MA MC MD ME"
    " MF MG MK ML MM MO MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NR NU NZ OM PE PF PG PK PL PM PN PS PT PY"
    " QA RE RO RS RU RW SA SB SC SD SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TH TJ TK TL TM TN TO TR TT TV"
    " TZ UA UG UY UZ VA VC VE VG VN VU WF WS XK YE YT ZM ZW"
)
_MONTH_FIRST, _DAY_FIRST = (frozenset(regions.split()) for regions in (_MONTH_FIRST_TEXT, _DAY_FIRST_TEXT))


def order_of(region: str | None) -> DayOrder | None:
    """The order of a region (ISO 3166 alpha-2); None: nobody can tell what 3/4/2026 means there."""
    if region in _MONTH_FIRST:
        return DayOrder.MONTH_FIRST
    return DayOrder.DAY_FIRST if region in _DAY_FIRST else None


def writing_alike(regions: Iterable[str]) -> str | None:
    """The first of some regions when all of them have one order; None: they differ, or nobody can tell."""
    listed = tuple(regions)
    return listed[0] if listed and len({order_of(region) for region in listed}) == 1 else None
