"""Imports of files as a whole: how far an unfinished one has come, and whether a list's numbers have evidence."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from array import array
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from psycopg.rows import tuple_row

from agi_app.event_loop import in_background
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, records, rows
from agi_app.store.people.contacts import AT_A_TIME, ImportCount, Q, no_campaign

ROWS_AT_ONCE = 10_000
STRETCH = 10_000  # as wide as the widest check of a list looks
MOST_STRETCHES = 3_000  # of more, all numbers are read


@dataclass(frozen=True, slots=True)
class ImportProgress(ImportCount):
    """What an earlier, unfinished import of the same file has stored; all zero when there is none."""

    rows_done: int  # of the file, in its order, rejected ones too
    began_at: dt.datetime  # real time


@dataclass(frozen=True, slots=True)
class Lacking:
    """How many numbers have no their own consent evidence, in all and within the suspicious block."""

    numbers: int
    in_block: int


async def begin(store: Store, campaign: str, fingerprint: bytes) -> tuple[str, ImportProgress]:
    """The run that may now move this import on, and where it goes on.

    Another file's unfinished import is forgotten: its rows may be changed by this one, so it would
    have to begin again. Raises InputError when there is no such campaign, StoreError.
    """
    run = str(uuid.uuid4())
    async with store.transaction(limit=None) as connection:
        values = {"campaign": campaign, "fingerprint": fingerprint, "run": run}
        await connection.execute(Q["no_time_limit"])
        found = await rows(connection, ImportProgress, Q["begin_import"], values)
    if not found:
        raise no_campaign(campaign)
    return run, found[0]


async def rows_done(store: Store, campaign: str, run: str) -> int | None:
    """How many rows of the file are stored for good; waits for a batch on its way. None: this import has ended."""
    found = await store.record(Q["rows_done"], {"campaign": campaign, "run": run})
    return None if found is None else int(found["rows_done"])


async def end(store: Store, campaign: str, run: str) -> None:
    """All rows are stored: the next import of the file begins at its first row."""
    await store.execute(Q["end_import"], {"campaign": campaign, "run": run})


async def numbers_of(store: Store, campaign: str) -> array[int]:
    """The numbers of all contacts of a campaign, as the digits of E.164."""
    return await _numbers(store, "numbers_of_contacts", {"campaign": campaign})


async def numbers_of_month(store: Store, listed: Sequence[int]) -> array[int]:
    """Numbers of any campaign that were not known 30 days ago, in the stretches of 10,000 around these."""
    stretches = await in_background(_stretches, listed)
    if len(stretches) > MOST_STRETCHES:
        return await _numbers(store, "all_numbers_of_month", {})
    values = {
        "firsts": [f"+{one * STRETCH}" for one in stretches],
        "lasts": [f"+{one * STRETCH + STRETCH - 1}" for one in stretches],
    }
    return await _numbers(store, "numbers_of_month", values, "by_index")


def _stretches(listed: Sequence[int]) -> dict[int, None]:
    return dict.fromkeys(number // STRETCH + beside for number in listed for beside in (-1, 0, 1))


async def without_own_evidence(store: Store, numbers: Iterable[int], block: range) -> Lacking:
    """Count those of the numbers (digits of E.164) that have no consent whose evidence is theirs alone."""
    async with _lacking(store, numbers, block) as connection:
        return (await rows(connection, Lacking, Q["left_of_listed"]))[0]


async def lacking_own_evidence(store: Store, numbers: Iterable[int]) -> list[int]:
    """Those of the numbers (digits of E.164) that have no consent whose evidence is theirs alone, in their order."""
    async with _lacking(store, numbers, range(0)) as connection:
        return sorted(int(one["number"]) for one in await records(connection, Q["numbers_left"]))


@asynccontextmanager
async def _lacking(store: Store, numbers: Iterable[int], block: range) -> AsyncIterator[Connection]:
    """With a table of those that lack it."""
    async with store.transaction(limit=None) as connection:
        await connection.execute(Q["no_time_limit"])
        await connection.execute(Q["make_listed_table"])
        async with connection.cursor() as cursor, cursor.copy(Q["copy_listed"]) as copy:
            last = None
            for place, number in enumerate(numbers):
                if place % AT_A_TIME == 0:
                    await asyncio.sleep(0)
                if number != last:
                    await copy.write_row((f"+{number}", number in block))
                last = number
        await connection.execute(Q["analyse_listed"])
        await connection.execute(Q["drop_with_own_evidence"])
        yield connection
        await connection.execute(Q["drop_listed"])


async def _numbers(store: Store, query: str, values: Mapping[str, Any], how: str = "no_time_limit") -> array[int]:
    async with store.transaction(limit=None) as connection:
        await connection.execute(Q["no_time_limit"])
        await connection.execute(Q[how])
        async with connection.cursor("numbers", row_factory=tuple_row) as cursor:
            cursor.itersize = ROWS_AT_ONCE
            await cursor.execute(Q[query], values)
            return array("q", [number async for (number,) in cursor])
