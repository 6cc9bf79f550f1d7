"""The oracle's own idea of where a number is: the library's word, and the test ranges as DESIGN §9 declares them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import PhoneNumberType as Kind
from phonenumbers import timezone
from phonenumbers.tzdata import TIMEZONE_DATA

PERSONS = (Kind.FIXED_LINE, Kind.MOBILE, Kind.FIXED_LINE_OR_MOBILE, Kind.VOIP, Kind.PERSONAL_NUMBER)
ONE_ZONE = {"CN": "Asia/Shanghai", "GB": "Europe/London"}  # by law, whatever a table of prefixes says
UNASSIGNED = ("America/New_York", "America/Los_Angeles")  # what a test number with no real area code stands for
RANGES = (  # pattern, region; the one group is a North American area code
    (r"\+1([2-9]\d\d)55501\d\d", "US"),
    (r"\+447700900\d{3}", "GB"),
    (r"\+442079460\d{3}", "GB"),
    (r"(?!.{17})\+99986\d{4,}", "CN"),
    (r"(?!.{17})\+99944\d{4,}", "GB"),
    (r"(?!.{17})\+9991(\d{3})\d+", "US"),
)


@dataclass(frozen=True, slots=True)
class Where:
    """What the digits tell: the country, every zone they leave open, and how the number begins in its own country."""

    region: str
    zones: tuple[str, ...]
    reserved: bool
    begins: str


@lru_cache(maxsize=4096)
def where(e164: str) -> Where | None:
    """None: no number that a person of a known country answers, or not written as it would be dialled."""
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", e164):
        return None
    for pattern, region in RANGES:
        if found := re.fullmatch(pattern, e164):
            area = found[1] if found.groups() else None
            zones = (ONE_ZONE[region],) if area is None else (_zones(f"+1{area}5550100") or UNASSIGNED)
            return Where(region, zones, True, e164.replace("+999", "+"))
    return None if e164.startswith("+999") else _assigned(e164)


@lru_cache(maxsize=1024)
def clock_of(zone: str) -> ZoneInfo:
    """The clock of a zone; ZoneInfo itself forgets all but eight."""
    return ZoneInfo(zone)


def _assigned(e164: str) -> Where | None:
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return None
    region = phonenumbers.region_code_for_number(number)
    if not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) not in PERSONS or region is None:
        return None
    if region == "CN" and len(e164) < len("+86") + 10:  # a service behind an area code
        return None
    return Where(region, (ONE_ZONE[region],) if region in ONE_ZONE else _zones(e164), False, e164)


def _zones(e164: str) -> tuple[str, ...]:
    zones = [z for z in timezone.time_zones_for_number(phonenumbers.parse(e164)) if z != "Etc/Unknown"]
    if e164.startswith("+1"):  # a person takes the number along within the area
        zones += [z for begins, theirs in TIMEZONE_DATA.items() if begins[:4] == e164[1:5] for z in theirs]
    return tuple(dict.fromkeys(zones))
