"""What is sent: type, time and ids; what people answered only to endpoints that may see it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import msgspec

MOST_BYTES = 20_000  # of a body; Standard Webhooks wants fewer
MOST_NAMED = 100  # of one list
MOST_CHARACTERS = 150  # of one name


def body(
    of_type: str,
    at: dt.datetime,
    data: Mapping[str, Any],
    entry: str | None,
    leaf: int | None,
    values: Mapping[str, Any] | None = None,
) -> bytes:
    """The JSON of one event; ``entry`` and ``leaf`` name its row in the audit tree, as far as there is one yet.

    ``values`` are answers, left out (``values_left_out``) when the body would be too long with them.
    """
    told: dict[str, Any] = {name: _short(value) for name, value in data.items()}
    if entry is not None:
        told |= {"entry": entry, "leaf": leaf}
    made = {"type": of_type, "timestamp": at.astimezone(dt.UTC).isoformat(), "data": told}
    if values is None:
        return msgspec.json.encode(made)
    whole = msgspec.json.encode(made | {"data": told | {"values": values}})
    return whole if len(whole) <= MOST_BYTES else msgspec.json.encode(made | {"data": told | {"values_left_out": True}})


def _short(value: Any) -> Any:
    if isinstance(value, list):
        return [_short(one) for one in value[:MOST_NAMED]]
    return value[:MOST_CHARACTERS] if isinstance(value, str) else value
