"""All that is stored about a called person, as rows for a copy, and the proof by a call that it may be handed out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries

Q = load_queries("people/person_copy")
FRESH = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class CallProof:
    """Somebody at this number of the person typed the code of a call of ours."""

    number: str
    until: dt.datetime  # rules time
    recorded_at: dt.datetime  # real time


async def persons_of(store: Store, number: str) -> list[int]:
    """The rows of the person with this E.164 number, one a number; none when it is not known. Raises StoreError."""
    return [row["person_id"] for row in await store.records(Q["persons"], {"number": number})]


async def proof_of(store: Store, persons: Sequence[int], now: dt.datetime) -> CallProof | None:
    """The newest proof of one of the numbers that still holds and is at most 30 days old. Raises StoreError."""
    values = {"persons": list(persons), "now": now, "fresh": FRESH}
    found = await store.rows(CallProof, Q["proof"], values)
    return found[0] if found else None


async def stored(store: Store, persons: Sequence[int]) -> dict[str, list[Any]]:
    """Rows by what they are, as JSON values. Raises StoreError."""
    found: dict[str, list[Any]] = {}
    for row in await store.records(Q["stored"], {"persons": list(persons)}):
        found.setdefault(row["what"], []).append(row["row"])
    return found
