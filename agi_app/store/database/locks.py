"""One worker an Asterisk: a session lock in the database, held on its own connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow

from agi_app.store.database.faults import store_error
from agi_app.store.database.statements import load_queries

Q = load_queries("database/session")
Connect = Callable[[], Awaitable[AsyncConnection[DictRow]]]


class WorkerLock:
    """The right to drive one Asterisk; the database gives it back when our connection dies."""

    def __init__(self, connection: AsyncConnection[DictRow], entityid: str) -> None:
        self._connection = connection
        self.entityid = entityid

    async def still_held(self) -> bool:
        """False once the connection was lost: another worker may have the lock now, so stop dialling."""
        try:
            await self._connection.execute(Q["still_alive"])
        except psycopg.Error:
            return False
        return True

    async def release(self) -> None:
        """Give the lock back."""
        await self._connection.close()


async def take(connect: Connect, where: str, entityid: str) -> WorkerLock | None:
    """Take the lock of ``entityid`` without waiting; None when another worker holds it."""
    connection = await connect()
    try:
        row = await (await connection.execute(Q["lock_worker"], {"entityid": entityid})).fetchone()
    except psycopg.Error as error:
        await connection.close()
        raise store_error(error, where) from error
    if row and row["got"]:
        return WorkerLock(connection, entityid)
    await connection.close()
    return None
