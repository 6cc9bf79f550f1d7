"""Imports of files as a whole: how far an unfinished one has come, and whether a list's numbers have evidence."""

from __future__ import annotations

import datetime as dt
import uuid
from array import array
from collections.abc import Iterable
from dataclasses import dataclass

from psycopg.rows import tuple_row

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import rows
from agi_app.store.people.contacts import ImportCount, Q, no_campaign

ROWS_AT_ONCE = 10_000


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
    async with store.transaction(limit=None) as connection:
        await connection.execute(Q["no_time_limit"])
        async with connection.cursor("numbers", row_factory=tuple_row) as cursor:
            cursor.itersize = ROWS_AT_ONCE
            await cursor.execute(Q["numbers_of_contacts"], {"campaign": campaign})
            return array("q", [number async for (number,) in cursor])


async def without_own_evidence(store: Store, numbers: Iterable[int], block: range) -> Lacking:
    """Count those of the numbers (digits of E.164) that have no consent whose evidence is theirs alone."""
    async with store.transaction(limit=None) as connection:
        await connection.execute(Q["no_time_limit"])
        await connection.execute(Q["make_listed_table"])
        async with connection.cursor() as cursor, cursor.copy(Q["copy_listed"]) as copy:
            last = None
            for number in numbers:
                if number != last:
                    await copy.write_row((f"+{number}", number in block))
                last = number
        await connection.execute(Q["analyse_listed"])
        return (await rows(connection, Lacking, Q["without_own_evidence"]))[0]
