"""What an import notes besides when a feed brings the contacts: which are its own, and whose numbers it has brought."""

from __future__ import annotations

import datetime as dt
from array import array
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from psycopg.rows import tuple_row

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, load_queries, the_value

Q = load_queries("feeds/fed_contacts")
MONTH = dt.timedelta(days=30)  # what the checks of a feed's lists judge together
ROWS_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class FeedMonth:
    """What a feed took away in 30 days, of all that it had in that time."""

    gone: int
    had: int


@asynccontextmanager
async def noted(connection: Connection, values: Mapping[str, Any]) -> AsyncIterator[None]:
    """Inside an import, around the statements that store its rows; of a list (``feed`` is None) nothing is noted.

    Its contacts are the feed's from here on, those that it has cancelled may be put back by it, and whose numbers came
    is kept.
    """
    if values["feed"] is None:
        yield
        return
    await connection.execute(Q["say_which"], values)  # its number a day counts, not that of the campaign's start
    await connection.execute(Q["before"], values)
    yield
    await connection.execute(Q["after"], values)
    await connection.execute(Q["note_persons"], values)


async def numbers(store: Store, feed: str, now: dt.datetime) -> array[int]:
    """The numbers that a feed has brought in 30 days, as the digits of E.164. Raises StoreError."""
    values = {"feed": feed, "since": now - MONTH}
    async with (
        store.transaction(limit=None) as connection,
        connection.cursor("fed_numbers", row_factory=tuple_row) as cursor,
    ):
        cursor.itersize = ROWS_AT_ONCE
        await cursor.execute(Q["numbers"], values)
        return array("q", [number async for (number,) in cursor])


async def of_campaign(store: Store, campaign: str) -> str | None:
    """The feed that brings the contacts of a campaign; None: lists do. Raises StoreError."""
    return await store.value(str, Q["of_campaign"], {"campaign": campaign})


async def count_unknown(connection: Connection, campaign: str) -> int:
    """How many of the ids inside ``contact_changes.listed`` have no contact."""
    return await the_value(connection, int, Q["count_unknown"], {"campaign": campaign}, "no count")


async def month(store: Store, feed: str, now: dt.datetime) -> FeedMonth:
    """What the feed took away, and what it had, in the 30 days before ``now`` (rules time). Raises StoreError."""
    return (await store.rows(FeedMonth, Q["month"], {"feed": feed, "since": now - MONTH}))[0]


async def forget(store: Store, now: dt.datetime) -> None:
    """Forget whose numbers came longer ago than the checks look. Raises StoreError."""
    await store.execute(Q["forget_persons"], {"before": now - MONTH - dt.timedelta(days=2)})
