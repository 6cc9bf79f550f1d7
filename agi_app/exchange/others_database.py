"""The one way to a database that is not ours: an office's, by the address of a feed or of a results target.

The connection is encrypted and verified (others_address.py), nothing waits without end, and each statement is one, with
its values sent beside it. ``reading`` is one READ ONLY transaction of a role that may not write, which ends undone; in
``writing`` a statement changes exactly one row, or nothing. A database of agi-app is refused in both.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import psycopg
from psycopg import AsyncConnection, AsyncCursor, IsolationLevel
from psycopg.rows import dict_row, tuple_row
from psycopg.types.string import TextLoader

from agi_app.authoring.bound_statement import tidy
from agi_app.errors import ExchangeError, ExchangeFault
from agi_app.exchange import others_address, others_rights
from agi_app.exchange.others_address import OthersPlace
from agi_app.exchange.others_faults import in_words
from agi_app.messages import t
from agi_app.store.database.statements import load_queries

Values = Mapping[str, Any]
Row = tuple[str | None, ...]
Q = load_queries("exchange/others_database")
MOST_BYTES = 64 * 1024 * 1024  # of one answer
_WRITES = ("Insert", "Update", "Merge")  # as EXPLAIN names them


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """In seconds: until connected; of a statement; for a lock; from the beginning to the end of the block."""

    connect_s: float = 10.0
    statement_s: float = 60.0
    lock_s: float = 5.0
    whole_s: float = 180.0


USUAL = TimeLimits()


class ReadingDatabase:
    """One READ ONLY transaction, which sees the database as it was at its first statement."""

    def __init__(self, connection: AsyncConnection[Row], place: OthersPlace) -> None:
        self._connection, self._place = connection, place

    async def rows(
        self, query: str, values: Values, *, most_rows: int, most_bytes: int = MOST_BYTES
    ) -> tuple[list[str], list[Row]]:
        """The names of the columns, and the rows as text: times with their offset, true and false, null as None.

        A query with more rows or bytes is refused as a whole. Without a row the names are not known, and there are
        none. Raises ExchangeError.
        """
        columns, found, size = list[str](), list[Row](), 0
        with in_words(self._place):
            async with self._connection.cursor(row_factory=tuple_row) as cursor:
                rows = cast("AsyncGenerator[Row]", cursor.stream(tidy(query), values))  # of one statement, always
                async with aclosing(rows) as stream:
                    async for row in stream:
                        found.append(row)
                        size += sum(len(value) for value in row if value is not None)
                        if len(found) > most_rows:
                            told = t("the query gives more than {most} rows", most=most_rows)
                            raise ExchangeError(told, ExchangeFault.TOO_MUCH)
                        if size > most_bytes:
                            told = t("the query gives more than {most} MB", most=most_bytes // 1_000_000)
                            raise ExchangeError(told, ExchangeFault.TOO_MUCH)
                columns = [column.name for column in cursor.description or ()]
            if twice := sorted({name for name in columns if columns.count(name) > 1}):
                told = "the query gives two columns of one name: {names}; name one otherwise with AS"
                raise ExchangeError(t(told, names=", ".join(twice)), ExchangeFault.STATEMENT)
        return columns, found


class WritingDatabase:
    """A session that changes one row at a time, each in its own transaction."""

    def __init__(self, connection: AsyncConnection[dict[str, Any]], place: OthersPlace) -> None:
        self._connection, self._place = connection, place
        self._looked_at = set[str]()

    async def change_one(self, statement: str, values: Values) -> None:
        """Run one INSERT, UPDATE or MERGE; committed when it changed one row, else undone. Raises ExchangeError."""
        text = tidy(statement)
        with in_words(self._place):
            async with self._connection.transaction(), self._connection.cursor() as cursor:
                await self._look_at(cursor, text, values)
                await cursor.execute(text, values, binary=True)  # by this, never more than one statement
                if cursor.rowcount != 1:
                    told = "the statement changes {count} rows, and must change exactly one: nothing was changed"
                    raise ExchangeError(t(told, count=cursor.rowcount), ExchangeFault.ROWS)

    async def _look_at(self, cursor: AsyncCursor[dict[str, Any]], text: str, values: Values) -> None:
        """By its plan it writes to one table, and what it counts is what it changes. Once a session."""
        if text in self._looked_at:
            return
        await cursor.execute(Q["explain"].replace("{statement}", text), values, binary=True)
        plans = [one["Plan"] for row in await cursor.fetchall() for one in row["QUERY PLAN"]]
        top = plans[0] if len(plans) == 1 else {}
        changing = [node for plan in plans for node in _nodes(plan) if node["Node Type"] == "ModifyTable"]
        if changing != [top] or top.get("Operation") not in _WRITES:
            told = "the statement must be one INSERT, UPDATE or MERGE, with none in it and without rules of the table"
            raise ExchangeError(t(told), ExchangeFault.STATEMENT)
        self._looked_at.add(text)


@asynccontextmanager
async def reading(address: str, limits: TimeLimits = USUAL) -> AsyncIterator[ReadingDatabase]:
    """Read a database of others as a role that may not write in it. Raises ExchangeError."""
    async with _session(address, limits) as (connection, place):
        with in_words(place):
            await others_rights.must_only_read(connection, place)
            await connection.execute(Q["read_only"])
            await connection.set_autocommit(False)
            await connection.set_read_only(True)
            await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
        _all_as_text(connection)
        yield ReadingDatabase(connection, place)


@asynccontextmanager
async def writing(address: str, limits: TimeLimits = USUAL) -> AsyncIterator[WritingDatabase]:
    """Change single rows in a database of others. Raises ExchangeError."""
    async with _session(address, limits) as (connection, place):
        with in_words(place):
            await others_rights.must_not_rule(connection, place)
        yield WritingDatabase(connection, place)


@asynccontextmanager
async def _session(address: str, limits: TimeLimits) -> AsyncIterator[tuple[AsyncConnection[Any], OthersPlace]]:
    """One connection, closed at the end with whatever it had not committed."""
    if (fault := others_address.fault_in(address)) is not None:
        raise ExchangeError(t("the address of the database: {fault}", fault=fault), ExchangeFault.ADDRESS, placed=True)
    place = others_address.place(address)
    deadline = asyncio.timeout(limits.whole_s)
    try:
        async with deadline:
            with in_words(place):
                connection = await _connected(address, limits)
            try:
                with in_words(place):
                    await connection.execute(Q["limits"], _in_ms(limits))
                    await others_rights.must_not_be_ours(connection, place)
                yield connection, place
            finally:
                await connection.close()
    except TimeoutError as error:
        if not deadline.expired():
            raise
        told = "database {place}: was not done within {limit:.0f} s: it is slow or hangs, or the network does"
        raise ExchangeError(t(told, place=place, limit=limits.whole_s), ExchangeFault.SLOW, placed=True) from error


async def _connected(address: str, limits: TimeLimits) -> AsyncConnection[dict[str, Any]]:
    whole = others_address.prepared(address, limits.connect_s)
    return await AsyncConnection.connect(whole, autocommit=True, row_factory=dict_row)


def _in_ms(limits: TimeLimits) -> dict[str, str]:
    return {
        "statement_ms": str(round(limits.statement_s * 1000)),
        "lock_ms": str(round(limits.lock_s * 1000)),
        "idle_ms": str(round(limits.whole_s * 1000)),
    }


class _Truth(TextLoader):
    def load(self, data: Any) -> str:
        return "true" if bytes(data) == b"t" else "false"


def _all_as_text(connection: AsyncConnection[Any]) -> None:
    """Values as the server writes them, so that none of them (infinity, a year before Christ) cannot be read."""
    for kind in psycopg.adapters.types:
        for oid in {kind.oid, kind.array_oid} - {0}:
            connection.adapters.register_loader(oid, TextLoader)
    connection.adapters.register_loader("bool", _Truth)


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for part in plan.get("Plans", ()) for node in _nodes(part))]
