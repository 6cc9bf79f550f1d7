"""The named SQL queries of ``ROOM/NAME.sql``, which are beside the modules that ask them, and helpers to run them.

A query starts at a line ``-- name: the_name`` and ends at the next one, so that SQL stays SQL:
it can be read, linted and pasted into psql. ``{NAME}`` in it is a condition of ``database/conditions.sql``.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import DictRow, class_row

from agi_app.errors import StoreError

Connection = AsyncConnection[DictRow]
Parameters = Mapping[str, Any]
T = TypeVar("T")
Key = TypeVar("Key")
FOLDER = Path(__file__).parents[1]
_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)
_CONDITION = re.compile(r"\{(\w+)\}")  # what is none stays: the module that asks the query has its own word for it


def load_queries(file: str) -> dict[str, str]:
    """All queries of ``store/<file>.sql`` by name (``calling/claims``); raises ValueError for a name given twice."""
    return {name: _CONDITION.sub(_condition, query) for name, query in _read(file).items()}


def _condition(found: re.Match[str]) -> str:
    return f"({_CONDITIONS[found[1]]}\n)" if found[1] in _CONDITIONS else found[0]  # it may end with a comment


def _read(file: str) -> dict[str, str]:
    parts = _NAME.split((FOLDER / f"{file}.sql").read_text(encoding="utf-8"))
    found: dict[str, str] = {}
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        if name in found:
            raise ValueError(f"store/{file}.sql: query {name} is there twice")
        found[name] = text.strip()
    return found


_CONDITIONS = _read("database/conditions")


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


async def value(connection: Connection, _kind: type[T], query: str, parameters: Parameters | None = None) -> T | None:
    """The first column of the first row of ``query``, a ``_kind``; None when there is no row."""
    found: dict[str, T] = await record(connection, query, parameters) or {}
    return next(iter(found.values()), None)


async def pages(
    fetch: Callable[[Key], Awaitable[list[T]]], after: Key, key_of: Callable[[T], Key]
) -> AsyncIterator[list[T]]:
    """All rows, some at a time: ``fetch`` gives the next ones after a key, from ``after`` on."""
    while found := await fetch(after):
        yield found
        after = key_of(found[-1])


async def the_value(
    connection: Connection, kind: type[T], query: str, parameters: Parameters | None, otherwise: str
) -> T:
    """The first column of the first row of ``query``; StoreError, which says ``otherwise``, when there is none."""
    if (found := await value(connection, kind, query, parameters)) is None:
        raise StoreError(otherwise)
    return found


def as_json(what: object) -> str:
    """A parameter that the query reads as JSON."""
    return msgspec.json.encode(what).decode()


async def count(connection: Connection, query: str, parameters: Parameters | None = None) -> int:
    """How many rows a writing statement changed."""
    return (await connection.execute(query, parameters)).rowcount
