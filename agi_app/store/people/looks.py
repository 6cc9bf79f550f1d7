"""Looks at whole numbers by the service, whose role cannot read the column: noted first, then shown.

The note is committed first, and the database shows the number in a later transaction only: nobody who looks can
take the note back.
"""

from __future__ import annotations

import logging

from agi_app.errors import LimitReached
from agi_app.messages import t
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries

Q = load_queries("people/looks")
_log = logging.getLogger(__name__)
TOO_MANY = "too many numbers were shown in this hour (30 to one account, 300 in all): wait, or ask for an export"


async def reveal(store: Store, person_id: int, actor: str, reason: str) -> str | None:
    """The E.164 number of a person; None when there is none, or it was erased. Not inside a transaction.

    Raises LimitReached when too many were shown, StoreError.
    """
    found = await _look(store, "note_look", {"person_id": person_id, "actor": actor, "reason": reason})
    return None if found is None or not found[1].startswith("+") else found[1]


async def find_by_number(store: Store, number: str, actor: str, reason: str) -> int | None:
    """The person who has this E.164 number; None when nobody here has it. Not inside a transaction.

    Raises LimitReached when too many were shown, StoreError.
    """
    found = await _look(store, "note_search", {"number": number, "actor": actor, "reason": reason})
    return None if found is None else found[0]


async def note(store: Store, person_id: int, actor: str, reason: str) -> None:
    """Note a look at what is recorded about a person, which counts as one at the number. Not inside a transaction.

    Raises LimitReached when too many were shown, StoreError.
    """
    await _noted(store, "note_look", {"person_id": person_id, "actor": actor, "reason": reason})


async def _noted(store: Store, note: str, what: dict[str, object]) -> int:
    look = await store.value(int, Q[note], what)
    if look is None:
        _log.warning("%s was refused a look at a number: too many in this hour", what["actor"])
        raise LimitReached(t(TOO_MANY))
    return look


async def _look(store: Store, note: str, what: dict[str, object]) -> tuple[int, str] | None:
    look = await _noted(store, note, what)
    row = await store.record(Q["looked_at"], {"look": look})
    return None if row is None else (row["person_id"], row["e164"])
