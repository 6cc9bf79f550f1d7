"""People by their ids with masked numbers: what the service may read of the table of persons."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries

Q = load_queries("people/person_views")


@dataclass(frozen=True, slots=True)
class MaskedPerson:
    """A person by one number. ``number`` None: it was erased; ``others``: persons whose numbers are the same one's."""

    person_id: int
    number: str | None
    region: str | None
    zones: Sequence[str]
    stopped_at: dt.datetime | None
    others: Sequence[int]
    created_at: dt.datetime


async def by_id(store: Store, person_id: int) -> MaskedPerson | None:
    """One person; None when there is none. Raises StoreError."""
    return next(iter(await store.rows(MaskedPerson, Q["by_id"], {"person_id": person_id})), None)
