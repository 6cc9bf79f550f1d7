"""Consents that a feed brings: which of them may be recorded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import as_json, load_queries

Q = load_queries("feeds/fed_consents")


@dataclass(frozen=True, slots=True)
class NewConsent:
    """What is asked about one of them."""

    number: str
    evidence: str
    content_hash: str  # hex


@dataclass(frozen=True, slots=True)
class JudgedConsent:
    """``there``: it is recorded already; ``why`` it may not come by a feed, None: it may.

    Evidence with the same key is the same; with None it does not count.
    """

    there: bool
    evidence_key: str | None
    why: str | None


async def judge(store: Store, asked: Sequence[NewConsent], purpose: str, now: dt.datetime) -> list[JudgedConsent]:
    """Each in its order, at ``now`` (rules time). Raises StoreError."""
    if not asked:
        return []
    rows = [{"place": place, **asdict(one)} for place, one in enumerate(asked)]
    values = {"rows": as_json(rows), "purpose": purpose, "now": now}
    return await store.rows(JudgedConsent, Q["judge"], values)


async def note_numbers(store: Store, feed: str, numbers: Sequence[str], now: dt.datetime) -> None:
    """Note whose numbers came, for the checks of 30 days. Raises StoreError."""
    await store.execute(Q["note_numbers"], {"feed": feed, "numbers": list(numbers), "now": now})
