"""Pages of lists, and cursors: where a page ended, as a text that only the same list with the same filters takes. Pure.

A cursor is no secret and opens nothing: who may read a list may read all of it. It is signed so that a wrong one is
told from a right one, instead of beginning somewhere.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from agi_app.errors import InputError
from agi_app.messages import t, template

T = TypeVar("T")
MOST_ROWS = 1000  # of one page
CAP = 10_000  # as far as anything is counted
_MAC_BYTES = 12
_NOT_ONE = template("`after`: this is not a cursor that a list of this installation gave; begin without one")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list, and the cursor of the next ones; None: there are no more.

    A page may have fewer rows than were asked for and still a next one: where few rows fit the filters, it ends after
    a bounded number that were looked at.
    """

    rows: Sequence[T]
    next: str | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows there are; ``more``: at least so many."""

    number: int
    more: bool = False


def checked_limit(limit: int) -> int:
    """The limit, if a page may have so many rows; else InputError."""
    if not 1 <= limit <= MOST_ROWS:
        raise InputError(t("`limit`: a page has 1 to {most} rows, not {limit}", most=MOST_ROWS, limit=limit))
    return limit


def encode(secret: bytes, name: str, filters: Mapping[str, Any], key: Sequence[Any]) -> str:
    """The cursor behind the row with this key, in the list of this name with these filters."""
    told = msgspec.json.encode([name, _fingerprint(filters), *key])
    return base64.urlsafe_b64encode(_mac(secret, told) + told).decode().rstrip("=")


def decode(secret: bytes, name: str, filters: Mapping[str, Any], kind: type[T], cursor: str) -> T:
    """The key, a ``kind`` (a tuple type). Raises InputError for one of another list, of other filters or of nobody."""
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (UnicodeEncodeError, binascii.Error) as error:
        raise InputError(t(_NOT_ONE)) from error
    body = raw[_MAC_BYTES:]
    if not hmac.compare_digest(raw[:_MAC_BYTES], _mac(secret, body)):
        raise InputError(t(_NOT_ONE))
    its_name, fingerprint, *key = msgspec.json.decode(body)
    if its_name != name:
        told = t("`after`: this cursor is of the list {its}, not of {name}; begin without one", its=its_name, name=name)
        raise InputError(told)
    if fingerprint != _fingerprint(filters):
        raise InputError(t("`after`: this cursor is of other filters; keep them as they were, or begin without one"))
    return msgspec.convert(key, kind)


def _mac(secret: bytes, told: bytes) -> bytes:
    return hmac.digest(secret, b"agi-app list cursor\0" + told, hashlib.sha256)[:_MAC_BYTES]


def _fingerprint(filters: Mapping[str, Any]) -> str:
    chosen = {name: value for name, value in filters.items() if value is not None}
    return hashlib.sha256(msgspec.json.encode(chosen, order="sorted")).hexdigest()[:16]
