"""What erased rows leave behind in the files of PostgreSQL, and how far it can be removed.

An update leaves the old version of a row in its page until VACUUM frees the space, and its bytes until another row is
put there; the write-ahead log repeats it until its segment is written over; the planner keeps samples of values.
"""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import errors

from agi_app.errors import StoreError
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, count, load_queries, record

Q = load_queries("database/erased_traces")
_NOT_ALLOWED = (errors.InsufficientPrivilege, errors.UndefinedFunction)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """How far it came: ``freed`` the space of old rows, ``rewritten`` the tables, ``overwritten`` the log."""

    freed: bool = False
    rewritten: bool = False
    overwritten: bool = False
    archived: bool = False  # the server hands its log on to somebody
    fault: str | None = None


async def clean(store: Store) -> Cleaned:
    """Free the space of old rows, beside calls that go on; what could not be done is in the answer, never raised."""
    try:
        async with store.connection(limit=None) as connection:
            await connection.execute(Q["vacuum"])
            await connection.execute(Q["vacuum_samples"])
            await _allowed(connection, "checkpoint")
            return Cleaned(freed=True, archived=await _archived(connection))
    except StoreError as error:
        return Cleaned(fault=str(error))


async def archived(store: Store) -> bool:
    """Whether the server hands its log on to somebody. Raises StoreError."""
    async with store.connection() as connection:
        return await _archived(connection)


async def rewrite(store: Store) -> Cleaned:
    """Rewrite the tables and overwrite the log; nobody else may use the database meanwhile. Raises StoreError."""
    async with store.connection(limit=None) as connection:
        await connection.execute(Q["rewrite"])
        rewritten = await _allowed(connection, "rewrite_samples")
        overwritten = await _allowed(connection, "checkpoint")
        for _ in range(3):  # a segment that is full is put behind the others as it is, and written over next time
            overwritten = overwritten and await _fill_log(connection) and await _allowed(connection, "checkpoint")
        return Cleaned(True, rewritten, overwritten, await _archived(connection))


async def _fill_log(connection: Connection) -> bool:
    try:
        segments = await count(connection, Q["wal_segments"])
        for _ in range(segments + 2):  # a checkpoint keeps the one before it
            await connection.execute(Q["fill_segment"])
    except _NOT_ALLOWED:
        return False
    return True


async def _allowed(connection: Connection, statement: str) -> bool:
    """Run it; False when our role may not."""
    try:
        await connection.execute(Q[statement])
    except _NOT_ALLOWED:
        return False
    return True


async def _archived(connection: Connection) -> bool:
    found = await record(connection, Q["archive"])
    return found is not None and found["mode"] != "off"
