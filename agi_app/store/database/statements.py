"""Small helpers to run a query and get typed rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from psycopg import AsyncConnection
from psycopg.rows import DictRow, class_row

Connection = AsyncConnection[DictRow]
Parameters = Mapping[str, Any]
T = TypeVar("T")


async def rows(connection: Connection, kind: type[T], query: str, parameters: Parameters | None = None) -> list[T]:
    """All rows of ``query``, each as a ``kind`` (a dataclass whose fields are the columns)."""
    async with connection.cursor(row_factory=class_row(kind)) as cursor:
        await cursor.execute(query, parameters)
        return await cursor.fetchall()


async def records(connection: Connection, query: str, parameters: Parameters | None = None) -> list[DictRow]:
    """All rows of ``query`` as dictionaries, for use inside this package."""
    return await (await connection.execute(query, parameters)).fetchall()


async def record(connection: Connection, query: str, parameters: Parameters | None = None) -> DictRow | None:
    """The first row of ``query``, if any."""
    return await (await connection.execute(query, parameters)).fetchone()


async def count(connection: Connection, query: str, parameters: Parameters | None = None) -> int:
    """How many rows a writing statement changed."""
    return (await connection.execute(query, parameters)).rowcount
