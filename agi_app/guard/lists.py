"""Allow and block lists: exact numbers, prefixes, ranges and withheld numbers, with expiry and reason. Pure.

An allow entry always beats a block entry, however wide either is.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from agi_app.messages import t
from agi_app.model.phone import shown_number

WITHHELD = "withheld"
_PATTERN = re.compile(r"\+?\d{2,18}\*?|\+?\d{3,18}-\+?\d{3,18}|withheld", re.ASCII)


class ListOwner(StrEnum):
    """Whose list an entry is of."""

    OWN = "own"  # the subscriber's
    SITE = "site"  # the administrator's, for all lines
    SHARED = "shared"  # others': imported, or exchanged between PBXs; a hint and never a verdict


class Shape(StrEnum):
    """What the pattern of an entry is."""

    EXACT = "exact"
    PREFIX = "prefix"
    RANGE = "range"
    WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One line of a list. ``pattern``: ``+8613800000000``, ``+8695*``, ``+861000000-+861000999`` or ``withheld``."""

    entry_id: int
    allow: bool  # False: block
    pattern: str
    owner: ListOwner = ListOwner.OWN
    reason: str = ""
    expires_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class ListHit:
    """An entry that matched, without the number, so that a stored decision holds none."""

    entry_id: int
    allow: bool
    owner: ListOwner
    shape: Shape
    reason: str
    expires_at: dt.datetime | None


def pattern_fault(pattern: str) -> str | None:
    """What is wrong with a pattern that somebody typed, and how to fix it; None: nothing."""
    shown = "-".join(shown_number(end) for end in pattern.split("-"))
    if not _PATTERN.fullmatch(pattern):
        return t(
            "{shown!r} is not a number, a prefix (+8695*), a range (+861000000-+861000999) or the word withheld",
            shown=shown,
        )
    if "-" in pattern:
        low, high = ends_of(pattern)
        if len(low) != len(high) or low > high:
            return t("{shown!r}: the ends of a range have as many digits, and the lower one comes first", shown=shown)
    return None


def shape_of(pattern: str) -> Shape:
    """What a faultless pattern is."""
    if pattern == WITHHELD:
        return Shape.WITHHELD
    return Shape.PREFIX if pattern.endswith("*") else Shape.RANGE if "-" in pattern else Shape.EXACT


def ends_of(pattern: str) -> tuple[str, str]:
    """The digits of both ends of a range."""
    low, high = (end.removeprefix("+") for end in pattern.split("-"))
    return low, high


def matches(pattern: str, caller: str | None) -> bool:
    """Whether the pattern is of this caller; None is a caller without a number."""
    if caller is None or pattern == WITHHELD:
        return caller is None and pattern == WITHHELD
    if pattern.endswith("*"):
        return caller.startswith(pattern[:-1])
    if "-" not in pattern:
        return caller == pattern
    low, high = ends_of(pattern)
    digits = caller.removeprefix("+")
    return len(digits) == len(low) and low <= digits <= high


def hits(entries: Iterable[ListEntry], caller: str | None, now: dt.datetime) -> tuple[ListHit, ...]:
    """The entries in force for the caller, in the order of their ids."""
    found = [
        ListHit(e.entry_id, e.allow, e.owner, shape_of(e.pattern), e.reason, e.expires_at)
        for e in entries
        if (e.expires_at is None or now < e.expires_at) and matches(e.pattern, caller)
    ]
    return tuple(sorted(found, key=lambda hit: (hit.entry_id, hit.owner)))
