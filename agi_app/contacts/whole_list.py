"""A list that is the whole truth about a campaign: who is missing from it is cancelled.

More than a tenth of those who are still to be called go only when somebody has confirmed it: a list that was cut off,
or of another day, looks like one from which many are gone. Rows that were rejected say nothing that can be read. Their
contacts count as missing there, but they are on the list: they are held, not cancelled, so that a good row later calls
nobody again who was reached before.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from agi_app.contacts.import_batches import Spool
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.model.person import ContactRow
from agi_app.printable import count_of
from agi_app.store.database.pool import Store
from agi_app.store.people import contact_changes


class Whole(Enum):
    """How a list that is the whole truth is taken."""

    USUAL = "usual"  # not if many would be cancelled
    CONFIRMED = "confirmed"  # whatever is missing


MOST_GONE = 0.1  # of those who wait, without a confirmation


class WholeList:
    """One list, read into ``spool``, against the contacts of its campaign."""

    def __init__(self, store: Store, campaign: str, spool: Spool[ContactRow]) -> None:
        self._store, self._campaign, self._spool = store, campaign, spool

    async def look(self, *, confirmed: bool) -> None:
        """InputError when more would be cancelled than is usual and nobody has confirmed it. Raises StoreError."""
        async with contact_changes.listed(self._store, self._ids()) as connection:
            found = await contact_changes.count_missing(connection, self._campaign)
        if confirmed or found.missing <= found.waiting * MOST_GONE:
            return
        raise InputError(
            t(
                "{file}: {missing} of the {waiting} who are still to be called are not in it and would be cancelled, or"
                " in rows that were rejected and would be held; nothing was imported. If that is right, confirm it:"
                " --yes, or whole=confirmed in a request",
                file=self._spool.table.file,
                missing=count_of(found.missing, "contact"),
                waiting=found.waiting,
            )
        )

    async def cancel_missing(self) -> int:
        """Cancel who is not on the list; how many. Raises StoreError."""
        async with contact_changes.listed(self._store, self._ids()) as connection:
            return await contact_changes.cancel_missing(connection, self._campaign)

    def _ids(self) -> Iterator[tuple[str, bool]]:
        for good, bad in self._spool.all_batches():
            yield from ((row.external_id, True) for row in good)
            yield from ((one, False) for row in bad for one in row.ids)
