"""One worker an Asterisk: a session lock in the database, held on its own connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import psycopg

from agi_app.store.database.faults import store_error
from agi_app.store.database.statements import Connection, Parameters, load_queries, record

Q = load_queries("database/session")
Connect = Callable[[], Awaitable[Connection]]


class WorkerLock:
    """The right to drive one Asterisk; the database gives it back when our connection dies."""

    def __init__(self, connection: Connection, entityid: str) -> None:
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
    connection = await locked(connect, where, Q["lock_worker"], {"entityid": entityid})
    return None if connection is None else WorkerLock(connection, entityid)


async def locked(connect: Connect, where: str, query: str, parameters: Parameters | None = None) -> Connection | None:
    """A new connection with the lock that ``query`` tries to take; None when another one has it. Raises StoreError."""
    connection = await connect()
    got = False
    try:
        got = (row := await record(connection, query, parameters)) is not None and row["got"]
    except psycopg.Error as error:
        raise store_error(error, where) from error
    finally:
        if not got:
            await connection.close()
    return connection if got else None
