"""Turns every database fault into one StoreError that says what, where and how to fix it."""

from __future__ import annotations

import re

import psycopg
import psycopg_pool
from psycopg import errors as pg
from psycopg.conninfo import conninfo_to_dict

from agi_app.config.database_url import WRITTEN, fault_in
from agi_app.config.settings import source_of_database
from agi_app.errors import StoreError
from agi_app.log import without_numbers
from agi_app.messages import t, template

_HASH = re.compile(r"(?<![0-9a-f])[0-9a-f]{32,}")  # of a number, as bytea is written
_STARTING = template("it is just starting or stopping: try again in a moment")
_REFUSED = template("the password is wrong: correct it in {address}")
_NO_DATABASE = template("the database does not exist: create it with `createdb`, or correct {address}")
_NOT_ALLOWED = template("the user is unknown or not allowed: correct {address} or pg_hba.conf")
_FULL = template("it has no free connection: raise max_connections or stop other programs")
_STOPPED = template("it was stopped or restarted: try again when it runs")
_LOST = template("cannot be reached, or the connection was lost")
_NOBODY = template("nothing listens there: start PostgreSQL, or correct host and port in {address}")
_NO_SOCKET = template("nothing listens there: start PostgreSQL, or correct {address}")
_AWAY = frozenset({_STARTING, _STOPPED, _LOST, _NOBODY, _NO_SOCKET})  # the server itself
_OUR_SOCKET = re.compile(r"agi_app@/[^:]*(?:/postgres/run|/agi-app-[0-9]+-[0-9a-f]{16}):")
_EMBEDDED = template(
    "agi-app's own database does not run: a worker starts it again within seconds, a command when it begins; if it does"
    " not stay, `server.log` in the folder `postgres` of the data says why"
)
_EMBEDDED_BUSY = template(
    "no connection became free in time: agi-app's own database has too much to do, or does not run: a worker starts it"
    " again within seconds; if it does not stay, `server.log` in the folder `postgres` of the data says why"
)
NOT_MIGRATED = template("the tables are missing or old: run `agi-app migrate`")

_MEND_BY_CLASS: tuple[tuple[type[psycopg.Error], str], ...] = (
    (pg.InvalidPassword, _REFUSED),
    (pg.InvalidAuthorizationSpecification, _NOT_ALLOWED),
    (pg.InvalidCatalogName, _NO_DATABASE),
    (pg.UndefinedTable, NOT_MIGRATED),
    (pg.UndefinedColumn, NOT_MIGRATED),
    (pg.UndefinedFunction, NOT_MIGRATED),
    (pg.ReadOnlySqlTransaction, template("it is read-only (a standby?): point {address} at the primary")),
    (pg.DiskFull, template("its disk is full: free some space, then start again; nothing was half-written")),
    (pg.InsufficientPrivilege, template("this user lacks a right: make it the owner of the database")),
    (pg.TooManyConnections, _FULL),
    (pg.QueryCanceled, template("a statement took too long: look for a lock that someone holds, or a slow disk")),
    (pg.LockNotAvailable, template("it waited too long for a row that another program holds: try again")),
    (
        pg.DeadlockDetected,
        template("two programs waited for each other; this one gave up and changed nothing: try again"),
    ),
    (pg.AdminShutdown, _STOPPED),
    (pg.CrashShutdown, _STOPPED),
    (pg.CannotConnectNow, _STARTING),
    (
        psycopg_pool.PoolTimeout,
        template("no connection became free in time: it is down or hangs, or the pool is too small"),
    ),
)
# A failed connect has no SQLSTATE, only libpq's text.
_MEND_BY_TEXT: tuple[tuple[str, str], ...] = (
    ("password authentication failed", _REFUSED),
    ("no password supplied", template("it wants a password: put it into {address}")),
    ("does not exist", _NO_DATABASE),
    ("too many clients", _FULL),
    ("starting up", _STARTING),
    ("shutting down", _STARTING),
    ("could not translate host name", template("the host name is unknown: correct {address}")),
    ("failed to resolve host", template("the host name is unknown: correct {address}")),
    ("name or service not known", template("the host name is unknown: correct {address}")),
    ("name resolution", template("the host name cannot be looked up: check the network, or correct {address}")),
    ("no pg_hba.conf entry", _NOT_ALLOWED),
    ("connection refused", _NOBODY),
    ("no such file or directory", _NO_SOCKET),
    ("timeout", template("it does not answer: check the network, host and port in {address}")),
)


def place(conninfo: str) -> str:
    """Where a database is, for messages: user, host, port and name, never the password."""
    unreadable = StoreError(
        t(
            "{source_of_database} cannot be read: write it as {written}",
            source_of_database=source_of_database(),
            written=WRITTEN,
        )
    )
    try:
        parts = conninfo_to_dict(conninfo)
    except psycopg.ProgrammingError:
        raise unreadable from None
    host = str(parts.get("host") or parts.get("hostaddr") or t("local socket"))
    port = str(parts.get("port") or 5432)
    user, name = str(parts.get("user") or t("current user")), str(parts.get("dbname") or "")
    if fault_in(conninfo) or "@" in host + name or not port.replace(",", "").isdecimal():
        raise unreadable  # a part of the password may have become one of these
    return f"{user}@{host}:{port}/{name}"


def store_error(error: psycopg.Error, where: str) -> StoreError:
    """The StoreError for ``error``; ``where`` is what ``place`` gave."""
    first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
    first_line = without_numbers(_HASH.sub("…", first_line))
    mend = t(_mend_of_ours(error) if _is_ours(where) else _mend(error), address=source_of_database())
    return StoreError(t("database {where}: {mend} ({first_line})", where=where, mend=mend, first_line=first_line))


def _is_ours(where: str) -> bool:
    """Whether it is the server that agi-app starts, by the folder of its socket: nobody gives its address."""
    return _OUR_SOCKET.match(where) is not None


def _mend_of_ours(error: psycopg.Error) -> str:
    """A pool only says that it waited; the others that the server has died, ends, or cannot be reached."""
    mend = _mend(error)
    if isinstance(error, psycopg_pool.PoolTimeout):
        return _EMBEDDED_BUSY
    return _EMBEDDED if mend in _AWAY else mend


def _mend(error: psycopg.Error) -> str:
    if told := next((mend for kind, mend in _MEND_BY_CLASS if isinstance(error, kind)), None):
        return told
    text = str(error).lower()
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        return next((mend for sign, mend in _MEND_BY_TEXT if sign in text), _LOST)
    return template("it refused a statement")
