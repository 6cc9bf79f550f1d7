"""The one way to the database: a pool of connections whose faults all become StoreError."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from agi_app import log
from agi_app.audit.stamps import Stamper
from agi_app.clock import Clock
from agi_app.config.settings import source_of_database
from agi_app.errors import StoreError
from agi_app.messages import t
from agi_app.store.database import embedded, listen, locks, statements, versions
from agi_app.store.database.faults import place, store_error
from agi_app.store.database.statements import Connection, Parameters, load_queries

OLDEST_SERVER = 150000  # server_version_num
CONNECT_TIMEOUT_S = 5
POOL_TIMEOUT_S = 10.0
IDLE_S = 10.0  # one connection is closed each time that so long not all were in use
ANSWER_LIMIT_S = 35.0  # longer than the server's statement_timeout, so that its own reason comes first
Q = load_queries("database/session")
REVIVE_S = 2.0
_log = log.get("database")
T = TypeVar("T")
_joined: ContextVar[Connection | None] = ContextVar("joined", default=None)  # that of ``as_one``


class Store:
    """A connected, migrated database; made by ``open``, ended by ``close``."""

    def __init__(self, pool: AsyncConnectionPool[Connection], conninfo: str, clock: Clock) -> None:
        self._pool = pool
        self._conninfo = conninfo
        self._server: embedded.EmbeddedServer | None = None
        self.clock = clock
        self.where = place(conninfo)
        self.hash_number: Callable[[str], bytes] = _no_key
        self.make_stamper: Callable[[], Awaitable[Stamper]] = _no_stamper
        self._stamper: Stamper | None = None

    @classmethod
    async def open(
        cls,
        url: str | None,
        data_folder: Path,
        *,
        clock: Clock,
        hash_number: Callable[[str], bytes],
        fast: bool = False,
        pool_size: int = 10,
        check_schema: bool = True,
    ) -> Store:
        """Connect to ``url``, or to the embedded server of ``data_folder`` when it is None.

        ``hash_number`` is the keyed hash of the suppression list; ``fast`` (no fsync) is for store
        tests; ``check_schema=False`` is for ``migrate``. Raises StoreError.
        """
        server = None if url else await _start_embedded(data_folder, fast)
        conninfo = url or (server.url if server else "")
        try:
            store = await cls._connect(conninfo, clock, pool_size, check_schema)
        except BaseException:
            if server:
                await asyncio.shield(asyncio.to_thread(server.release))
            raise
        store._server = server
        store.hash_number = hash_number
        return store

    @classmethod
    async def _connect(cls, conninfo: str, clock: Clock, pool_size: int, check_schema: bool) -> Store:
        where = place(conninfo)
        pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            conninfo,
            connection_class=AsyncConnection[DictRow],
            kwargs={"row_factory": dict_row, "autocommit": True, "connect_timeout": CONNECT_TIMEOUT_S},
            min_size=1,
            max_size=pool_size,
            configure=_configure,
            timeout=POOL_TIMEOUT_S,
            max_idle=IDLE_S,
            open=False,
            name="agi-app",
        )
        store = cls(pool, conninfo, clock)
        try:
            # One plain connection first: its error says what is wrong, the pool's only that it waited.
            async with await store.dedicated_connection() as first:
                _check_server(first, where)
                if check_schema:
                    await versions.check(first, where)
            await pool.open()
        except psycopg.Error as error:
            raise store_error(error, where) from error
        return store

    @property
    def address(self) -> str:
        """How this store reaches its database, with the password if it has one: never for messages."""
        return self._conninfo

    async def close(self) -> None:
        """Close all connections; the last user of the embedded server stops it."""
        await self._pool.close()
        if self._server:
            await asyncio.shield(asyncio.to_thread(self._server.release))

    async def keep_server(self) -> None:
        """Start the embedded server again whenever it died, until cancelled; a server of others is left alone."""
        while self._server is not None:
            await asyncio.sleep(REVIVE_S)
            try:
                if await asyncio.to_thread(self._server.revive):
                    _log.warning("the embedded PostgreSQL had died: it was started again")
            except (StoreError, OSError) as error:
                _log.error("the embedded PostgreSQL died and does not start: it is tried again", error=str(error))

    async def stamper(self) -> Stamper:
        """Stamps facts as the program's; ask before a transaction begins. Raises ConfigError without the audit key."""
        if self._stamper is None:
            self._stamper = await self.make_stamper()
        return self._stamper

    async def keep_ready(self, connections: int) -> None:
        """Hold this many connections also while nothing happens; a command is quicker with one."""
        await self._pool.resize(connections, max(connections, self._pool.max_size))

    async def dedicated_connection(self) -> Connection:
        """A connection of its own outside the pool, in autocommit (for LISTEN and locks)."""
        try:
            connection = await AsyncConnection.connect(
                self._conninfo,
                row_factory=dict_row,
                autocommit=True,
                connect_timeout=CONNECT_TIMEOUT_S,
                keepalives_idle=5,
                keepalives_interval=2,
                keepalives_count=3,
            )
            try:
                await _configure(connection)
            except BaseException:
                await connection.close()
                raise
        except psycopg.Error as error:
            raise store_error(error, self.where) from error
        return connection

    @asynccontextmanager
    async def connection(self, limit: float | None = ANSWER_LIMIT_S) -> AsyncIterator[Connection]:
        """A pooled connection in autocommit, for at most ``limit`` seconds (None: for long work in bulk).

        The server's own time limits do not help when its answers get lost on the way. Within ``as_one`` it is the one
        connection of that.
        """
        if (joined := _joined.get()) is not None:
            try:
                yield joined
            except psycopg.Error as error:
                raise store_error(error, self.where) from error
            return
        deadline, asked = asyncio.timeout(limit), _asked_to_end()
        try:
            async with deadline, self._pool.connection() as connection:
                # Before Python 3.12 asyncio.wait_for, by which the pool waits, forgets to end a task in the moment in
                # which a connection becomes free: the task went on for ever.
                if _asked_to_end() > asked:
                    raise asyncio.CancelledError
                yield connection
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise StoreError(
                t(
                    "database {where}: did not answer within {limit:.0f} s: it hangs, or the network does",
                    where=self.where,
                    limit=limit,
                )
            ) from error
        except psycopg.Error as error:
            raise store_error(error, self.where) from error

    @asynccontextmanager
    async def transaction(self, limit: float | None = ANSWER_LIMIT_S) -> AsyncIterator[Connection]:
        """One READ COMMITTED transaction: each statement sees what was committed before it began."""
        async with self.connection(limit) as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def as_one(self, limit: float | None = ANSWER_LIMIT_S) -> AsyncIterator[None]:
        """Make all that this task asks of the store within the block one transaction: done as a whole or not at all.

        It may take ``limit`` seconds (None: as long as it takes). What is a transaction in it becomes a part that can
        fail alone. Nothing in it may wait for what others see only after the commit.
        """
        async with self.transaction(limit) as connection:
            before = _joined.set(connection)
            try:
                yield
            finally:
                _joined.reset(before)

    @asynccontextmanager
    async def as_trial(self) -> AsyncIterator[None]:
        """As ``as_one``, and all of it is undone at the end of the block."""
        async with self.as_one():
            yield
            raise psycopg.Rollback

    async def rows(self, kind: type[T], query: str, parameters: Parameters | None = None) -> list[T]:
        """All rows of a reading query, each as a ``kind`` (a dataclass with the columns' names)."""
        async with self.connection() as connection:
            return await statements.rows(connection, kind, query, parameters)

    async def records(
        self, query: str, parameters: Parameters | None = None, limit: float | None = ANSWER_LIMIT_S
    ) -> list[DictRow]:
        """All rows of one statement, its own transaction, as dictionaries; for use inside this package."""
        async with self.connection(limit) as connection:
            return await statements.records(connection, query, parameters)

    async def record(
        self, query: str, parameters: Parameters | None = None, limit: float | None = ANSWER_LIMIT_S
    ) -> DictRow | None:
        """The first row of such a statement, if any."""
        async with self.connection(limit) as connection:
            return await statements.record(connection, query, parameters)

    async def value(
        self, kind: type[T], query: str, parameters: Parameters | None = None, limit: float | None = ANSWER_LIMIT_S
    ) -> T | None:
        """The first column of such a statement's first row, a ``kind``; None when there is no row."""
        async with self.connection(limit) as connection:
            return await statements.value(connection, kind, query, parameters)

    async def the_value(self, kind: type[T], query: str, parameters: Parameters | None, otherwise: str) -> T:
        """The same; StoreError, which says ``otherwise``, when there is none."""
        async with self.connection() as connection:
            return await statements.the_value(connection, kind, query, parameters, otherwise)

    async def execute(
        self, query: str, parameters: Parameters | None = None, limit: float | None = ANSWER_LIMIT_S
    ) -> int:
        """How many rows such a statement changed."""
        async with self.connection(limit) as connection:
            return await statements.count(connection, query, parameters)

    def listen(self, *channels: str) -> AsyncIterator[listen.Heard]:
        """Notifications of ``channels`` until cancelled, with the times when some may have been missed."""
        return listen.listen(self.dedicated_connection, channels)

    async def worker_lock(self, entityid: str) -> locks.WorkerLock | None:
        """Become the one worker of the Asterisk ``entityid``; None when another one is."""
        return await locks.take(self.dedicated_connection, self.where, entityid)


def _asked_to_end() -> int:
    """How often this task was."""
    return 0 if (task := asyncio.current_task()) is None else task.cancelling()


async def _configure(connection: Connection) -> None:
    await connection.execute(Q["configure"])


async def _start_embedded(data_folder: Path, fast: bool) -> embedded.EmbeddedServer:
    """Start it in a thread; when we are cancelled meanwhile, wait for it and stop it again."""
    starting = asyncio.get_running_loop().run_in_executor(None, partial(embedded.acquire, data_folder, fast=fast))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        server = await starting
        await asyncio.to_thread(server.release)
        raise


def _check_server(connection: Connection, where: str) -> None:
    found = connection.info.server_version
    if found < OLDEST_SERVER:
        raise StoreError(
            t(
                "database {where}: PostgreSQL {found} is too old; use {oldest_server} or newer, or unset"
                " {source_of_database} to use the one that comes with agi-app",
                where=where,
                found=found // 10000,
                oldest_server=OLDEST_SERVER // 10000,
                source_of_database=source_of_database(),
            )
        )


async def _no_stamper() -> Stamper:
    raise StoreError(t("the store was built without an audit key; open it by agi_app.installation"))


def _no_key(_number: str) -> bytes:
    raise StoreError(t("the store was built without a suppression key; open it with Store.open"))
