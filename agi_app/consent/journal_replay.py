"""What a line of the journal becomes in the database: a permanent stop, or the end of the consents for a number."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from agi_app.consent.opt_out_journal import JournalEntry
from agi_app.model.person import WRONG_NUMBER
from agi_app.store.database.pool import Store
from agi_app.store.people import stops, wrong_numbers

REASON = {
    "key": "the opt-out key was pressed",
    "speech": "said so in the call",
    "step": "the call flow took a stop",
    "line": "said on a call-back line, from this number",
    "line keyed": "said on a call-back line, where this number was keyed in",
    WRONG_NUMBER: "said in the call that this is a wrong number",
}


async def replay(store: Store, entries: Sequence[JournalEntry], reason: str) -> int:
    """Bring journalled refusals into the database; those that it has already change nothing. Returns how many were new.

    ``reason`` is that of the stops, of which no more is known here. Raises StoreError.
    """
    found = [stops.Suppression(e.number_hash, _at(e), reason, e.via) for e in entries if e.via != WRONG_NUMBER]
    new = await stops.suppress(store, found)
    for entry in entries:
        if entry.via == WRONG_NUMBER:
            new += await wrong_numbers.end_consents(store, entry.number_hash, _at(entry), REASON[WRONG_NUMBER])
    return new


def _at(entry: JournalEntry) -> dt.datetime:
    return dt.datetime.fromisoformat(entry.at)
