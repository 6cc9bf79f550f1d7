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
from agi_app.errors import InputError, Problem
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
ALWAYS_GO = 1  # from a list that comes by a feed, however short it is


class ShrunkList(InputError):
    """More would be cancelled than is usual, and nobody has confirmed it."""

    def __init__(self, text: str, missing: int) -> None:
        super().__init__(text)
        self.missing = missing  # contacts
        self.rejected = 0  # rows of the list
        self.problems: tuple[Problem, ...] = ()  # of the first of them


class WholeList:
    """One list, read into ``spool``, against the contacts of its campaign; by a feed, against those that it brought."""

    def __init__(self, store: Store, campaign: str, spool: Spool[ContactRow], feed: str | None = None) -> None:
        self._store, self._campaign, self._spool, self._feed = store, campaign, spool, feed
        self.waiting = 0  # before it, once it was looked at

    async def look(self, *, confirmed: bool) -> None:
        """ShrunkList when more would be cancelled than is usual and nobody has confirmed it. Raises StoreError."""
        async with contact_changes.listed(self._store, self._ids()) as connection:
            found = await contact_changes.count_missing(connection, self._campaign, self._feed)
        self.waiting = found.waiting
        if not confirmed:
            try:
                refuse_shrunk(found, self._spool.table.file, self._feed)
            except ShrunkList as error:
                error.rejected, error.problems = self._spool.rejected, tuple(self._spool.problems)
                raise

    async def cancel_missing(self) -> int:
        """Cancel who is not on the list; how many. Raises StoreError."""
        async with contact_changes.listed(self._store, self._ids()) as connection:
            return await contact_changes.cancel_missing(connection, self._campaign, self._feed)

    def _ids(self) -> Iterator[tuple[str, bool]]:
        for good, bad in self._spool.all_parts():
            yield from ((row.external_id, True) for row in good)
            yield from ((one, False) for row in bad for one in row.ids)


def refuse_shrunk(found: contact_changes.Missing, file: str, feed: str | None = None) -> None:
    """ShrunkList when more would be cancelled than is usual."""
    if found.missing <= max(found.waiting * MOST_GONE, 0 if feed is None else ALWAYS_GO):
        return
    if feed is not None:
        raise ShrunkList(
            t(
                "{missing} of the {waiting} whom the feed has brought and who are still to be called are not in what it"
                " brings now and would be cancelled, or in rows that were rejected and would be held; nothing was"
                " imported. If that is right, run `agi-app feed run {feed} --yes`",
                missing=count_of(found.missing, "contact"),
                waiting=found.waiting,
                feed=feed,
            ),
            found.missing,
        )
    raise ShrunkList(
        t(
            "{file}: {missing} of the {waiting} who are still to be called are not in it and would be cancelled, or"
            " in rows that were rejected and would be held; nothing was imported. If that is right, confirm it:"
            " --yes, or whole=confirmed in a request",
            file=file,
            missing=count_of(found.missing, "contact"),
            waiting=found.waiting,
        ),
        found.missing,
    )
