"""How many numbers are never to be called again."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from agi_app.store.database import queries
from agi_app.store.database.pool import Store

Q = queries.load("people/suppressions")


@dataclass(frozen=True, slots=True)
class OwnList:
    """Our own suppression list; ``newest`` (real time) is None while it is empty."""

    entries: int
    newest: dt.datetime | None


async def own_list(store: Store) -> OwnList:
    """Its size and when it last grew."""
    return (await store.rows(OwnList, Q["own_list"]))[0]
