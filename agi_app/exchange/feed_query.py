"""Reads a feed's database: what its query brings becomes a table, for a worker."""

from __future__ import annotations

import csv
import datetime as dt
import io
import uuid
from collections.abc import Iterable, Sequence

from agi_app.clock import Clock
from agi_app.config.feed_definition import FeedDefinition, FeedKind, FeedMode
from agi_app.config.settings import Settings
from agi_app.errors import ExchangeError, ExchangeFault
from agi_app.exchange.others_database import Row, reading
from agi_app.messages import t
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries
from agi_app.store.feeds import runs
from agi_app.store.feeds.feeds import StoredFeed
from agi_app.store.feeds.runs import ReadFeed, WantedRun

Q = load_queries("feeds/source")
LOOKED_AT = 20  # of the newest runs
MOST_ROWS = 100_000
MOST_IDS = 1_000_000
MOST_BYTES = 32 << 20
COMPARE_EVERY = dt.timedelta(hours=1)  # all ids, of changes
BEGINNING = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class DatabaseSource:
    """The database of a feed."""

    def __init__(self, store: Store, clock: Clock, settings: Settings, reader: str) -> None:
        self._store, self._clock, self._settings, self._reader = store, clock, settings, reader

    async def round(self, stored: StoredFeed, definition: FeedDefinition, *, due: bool) -> bool:
        """Read when it is due and nothing waits. Raises ExchangeError, StoreError."""
        if not due or await runs.waits(self._store, stored.name):
            return False
        await self._read(stored, definition, None)
        return True

    async def serve(self, stored: StoredFeed, definition: FeedDefinition, wanted: WantedRun) -> None:
        """Read now, or as soon as what waits is imported. Raises as ``round``."""
        if wanted.what == "run" and await runs.waits(self._store, stored.name):
            return
        await self._read(stored, definition, wanted)

    async def _read(self, stored: StoredFeed, definition: FeedDefinition, wanted: WantedRun | None) -> None:
        as_of, changes = self._clock.now(), definition.mode is FeedMode.CHANGES
        whole = definition.kind is FeedKind.CONTACTS and not changes
        last = stored.compared_at
        compare = changes and (last is None or as_of - last >= COMPARE_EVERY or wanted is not None)
        since = BEGINNING if stored.source_at is None else stored.source_at - definition.overlap
        address = self._settings.feed_database_url(stored.name)
        async with reading(address) as db:
            (now,) = (await db.rows(Q["now"], {}, most_rows=1))[1]
            values = {} if whole else {"since": since}
            columns, rows = await db.rows(definition.query, values, most_rows=MOST_ROWS, most_bytes=MOST_BYTES)
            ids = None
            if compare:
                titles, found = await db.rows(definition.ids_query, {}, most_rows=MOST_IDS, most_bytes=MOST_BYTES)
                if found and len(titles) != 1:
                    told = "the query of all ids brings {count} columns: let it bring the ids alone"
                    raise ExchangeError(t(told, count=len(titles)), ExchangeFault.STATEMENT)
                ids = "\n".join((row[0] or "").strip() for row in found).encode()
        read = ReadFeed(
            feed=stored.name,
            key=uuid.uuid4(),
            fingerprint=definition.fingerprint,
            as_of=as_of,
            content=as_table(columns, rows),
            rows=len(rows),
            source_at=dt.datetime.fromisoformat(now[0] or ""),
            ids=ids,
            for_run=None if wanted is None else wanted.run_id,
        )
        if await runs.hand_over(self._store, read, self._reader) is None:
            await self._must_be_newer(read)

    async def _must_be_newer(self, read: ReadFeed) -> None:
        """What was not taken waits for an earlier run, or the clock was set back: that is an alert."""
        last = max(
            (one.as_of for one in await runs.newest(self._store, read.feed, LOOKED_AT) if one.as_of), default=None
        )
        if last is not None and last > read.as_of:
            told = (
                "the clock is behind that of the last run ({at} UTC): nothing is imported before that time; set the"
                " clock"
            )
            raise ExchangeError(t(told, at=f"{last:%Y-%m-%d %H:%M}"), ExchangeFault.OLDER, placed=True)


def as_table(columns: Sequence[str], rows: Iterable[Row]) -> bytes:
    """The rows as CSV; a null is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([cell or "" for cell in row] for row in rows)
    return text.getvalue().encode()
