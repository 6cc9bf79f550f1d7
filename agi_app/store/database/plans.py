"""Statements that must cost the same at any size: they follow indexes, whatever the planner guesses."""

from __future__ import annotations

from psycopg.rows import DictRow

from agi_app.store.database import statements
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, Parameters, load_queries

Q = load_queries("database/plans")


async def follow_indexes(connection: Connection) -> None:
    """For the rest of this transaction."""
    await connection.execute(Q["along_indexes"])


async def along_indexes(store: Store, query: str, values: Parameters) -> list[DictRow]:
    """All rows of one statement, which reads no table as a whole. Raises StoreError."""
    async with store.transaction() as connection:
        await follow_indexes(connection)
        return await statements.records(connection, query, values)
