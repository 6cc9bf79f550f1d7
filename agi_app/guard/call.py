"""One call that comes in, as the guard sees it, and what its caller number is by its digits alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import phonenumbers
from phonenumbers import shortnumberinfo

from agi_app.model.phone import NotANumber, parse

_SERVICE_DIGITS = range(3, 9)  # a short number: 110, 10086, 95588, 12345678


class Endpoint(StrEnum):
    """Where the call came in. Decided by the PBX endpoint, never by the caller number, which can be forged."""

    INTERNAL = "internal"
    TRUNK = "trunk"


class CallerKind(StrEnum):
    """What the caller number is by its digits."""

    PERSON = "person"
    SERVICE = "service"  # short, free, shared-cost and the like: banks, carriers, hot lines
    INVALID = "invalid"  # no such number can exist
    WITHHELD = "withheld"


class Stir(StrEnum):
    """What STIR/SHAKEN verification said; absent where the carrier does not sign."""

    FULL = "A"
    PARTIAL = "B"
    GATEWAY = "C"
    FAILED = "failed"  # a signature that does not verify


@dataclass(frozen=True, slots=True)
class IncomingCall:
    """A call before it is answered. ``read_caller`` makes the first two."""

    caller: str | None  # E.164, a short number as its digits; None: withheld, or no number at all
    caller_kind: CallerKind
    endpoint: Endpoint
    stir: Stir | None = None


def read_caller(text: str | None, region: str | None = None) -> tuple[str | None, CallerKind]:
    """The caller as the trunk shows it: (key to look it up by, kind). Never raises.

    ``region`` (ISO 3166) reads national and short numbers.
    """
    shown = "".join(c for c in (text or "").strip() if c not in " -().")
    if not any(c.isdigit() for c in shown):  # anonymous, unavailable, unknown, restricted
        return None, CallerKind.WITHHELD
    try:
        return parse(shown, region).e164, CallerKind.PERSON
    except NotANumber:
        return _other(shown, region)


def _other(shown: str, region: str | None) -> tuple[str | None, CallerKind]:
    """A number no person has: a service's, or one that cannot exist."""
    digits = shown.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return None, CallerKind.INVALID
    if region and len(digits) in _SERVICE_DIGITS and _short(digits, region):
        return digits, CallerKind.SERVICE
    try:
        number = phonenumbers.parse("+" + shown[2:] if shown.startswith("00") else shown, region)
    except phonenumbers.NumberParseException:
        return digits, CallerKind.INVALID
    key = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return key, CallerKind.SERVICE if phonenumbers.is_valid_number(number) else CallerKind.INVALID


def _short(digits: str, region: str) -> bool:
    try:
        return bool(shortnumberinfo.is_possible_short_number_for_region(phonenumbers.parse(digits, region), region))
    except phonenumbers.NumberParseException:
        return False
