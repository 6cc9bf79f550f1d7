"""What the office changes of contacts that are stored: cancelled, at another time, or no longer on its list.

Each change is in force when its transaction is committed: no mark is given on older facts, and every worker hears of it
and ends what still rings on them.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass

from agi_app.model.contact_times import Times
from agi_app.store.calling.facts import times_of
from agi_app.store.database.listen import tell_workers
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, as_json, count, load_queries, records

Q = load_queries("people/contact_changes")
AT_A_TIME = 100  # ids that are copied before others have their turn: a worker that does it makes calls, too


@dataclass(frozen=True, slots=True)
class KnownContact:
    """A contact as it is stored: its number, its times and where it stands."""

    external_id: str
    number: str
    state: str
    times: Times
    priority: int


@dataclass(frozen=True, slots=True)
class NewTime:
    """A contact's times from now on, and when it is due by them."""

    external_id: str
    event_at: dt.datetime | None
    not_before: dt.datetime | None
    not_after: dt.datetime | None
    due_at: dt.datetime
    point: int
    column_text: str | None  # what the campaign's column of the time says from now on; None: as before


@dataclass(frozen=True, slots=True)
class Missing:
    """How many of those who are still to be called are not on a list, or in rows that cannot be read."""

    waiting: int
    missing: int


async def known(store: Store, campaign: str, ids: Sequence[str]) -> Mapping[str, KnownContact]:
    """The contacts with these ids, by them; those that there are. Raises StoreError."""
    found = await store.records(Q["known"], {"campaign": campaign, "ids": list(ids)})
    return {
        row["external_id"]: KnownContact(row["external_id"], row["e164"], row["state"], times_of(row), row["priority"])
        for row in found
    }


async def cancel(store: Store, campaign: str, ids: Sequence[str]) -> int:
    """Nobody calls them any further; how many were not cancelled before. Raises StoreError."""
    async with store.transaction() as connection:
        done = await count(connection, Q["cancel"], {"campaign": campaign, "ids": list(ids)})
        await _tell(connection, campaign)
    return done


async def count_unknown_calls(store: Store, attempts: Sequence[str]) -> int:
    """How many of these attempts the database does not have. Raises StoreError."""
    return await store.value(int, Q["count_unknown_calls"], {"attempts": [*attempts]}) or 0


async def cancel_called(store: Store, calls: Sequence[tuple[int, bytes, str, bool]]) -> tuple[Counter[str], int]:
    """Cancel contacts whose calls a restored database does not know; how many of each campaign. Raises StoreError.

    A call is its contact, the keyed hash of its number, its attempt, and whether it may be newer than the database. A
    contact that is another person now stays: how many newer calls were to contacts that are not here is the second
    figure.
    """
    contacts, hashes, attempts, recent = zip(*calls, strict=True) if calls else ((), (), (), ())
    values = {"contacts": [*contacts], "hashes": [*hashes], "attempts": [*attempts], "recent": [*recent]}
    async with store.transaction(limit=None) as connection:
        found = Counter(row["campaign"] for row in await records(connection, Q["cancel_called"], values))
        for campaign in found:
            await _tell(connection, campaign)
        (strangers,) = await records(connection, Q["count_called_strangers"], values)
    return found, strangers["count"]


async def reschedule(
    store: Store, campaign: str, column: str, times: Sequence[NewTime], rejected: Sequence[str] = ()
) -> tuple[int, int]:
    """Contacts are due by other times; how many changed. ``column``: the campaign's for the time. Raises StoreError.

    Those with ``rejected`` ids are held until a row of theirs is good: how many is the second figure.
    """
    values = {"campaign": campaign, "column": column, "rows": as_json([asdict(one) for one in times])}
    async with store.transaction() as connection:
        await connection.execute(Q["mend_times"], {"campaign": campaign, "ids": [one.external_id for one in times]})
        done = await count(connection, Q["reschedule"], values)
        held = await count(connection, Q["hold_times"], {"campaign": campaign, "ids": list(rejected)})
        await _tell(connection, campaign)
    return done, held


@asynccontextmanager
async def listed(store: Store, ids: Iterable[tuple[str, bool]]) -> AsyncIterator[Connection]:
    """A transaction that knows the ids of a whole list, and of each whether a good row has it. Raises StoreError."""
    async with store.transaction(limit=None) as connection:
        await connection.execute(Q["make_listed_table"])
        async with connection.cursor() as cursor, cursor.copy(Q["copy_listed"]) as copy:
            for place, one in enumerate(ids):
                if place % AT_A_TIME == 0:
                    await asyncio.sleep(0)
                await copy.write_row(one)
        await connection.execute(Q["analyse_listed"])
        yield connection
        await connection.execute(Q["drop_listed_table"])


async def count_missing(connection: Connection, campaign: str, feed: str | None = None) -> Missing:
    """Of a campaign's contacts, or of those that a feed has brought, inside ``listed``."""
    (row,) = await records(connection, Q["count_missing"], {"campaign": campaign, "feed": feed})
    return Missing(row["waiting"], row["missing"])


async def cancel_missing(connection: Connection, campaign: str, feed: str | None = None) -> int:
    """Cancel all that are not on the list, or those of them that a feed has brought, inside ``listed``; how many."""
    done = await count(connection, Q["cancel_missing"], {"campaign": campaign, "feed": feed})
    await _tell(connection, campaign)
    return done


async def _tell(connection: Connection, campaign: str) -> None:
    await tell_workers(connection, {"contacts": campaign})
