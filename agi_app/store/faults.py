"""Turns every database fault into one StoreError that says what, where and how to mend it."""

from __future__ import annotations

import psycopg
import psycopg_pool
from psycopg import errors as pg
from psycopg.conninfo import conninfo_to_dict

from agi_app.errors import StoreError

_STARTING = "it is just starting or stopping: try again in a moment"
_REFUSED = "the password is wrong: correct it in DATABASE_URL"
_NO_DATABASE = "the database does not exist: create it with `createdb`, or correct DATABASE_URL"
_NOT_ALLOWED = "the user is unknown or not allowed: correct DATABASE_URL or pg_hba.conf"
_FULL = "it has no free connection: raise max_connections or stop other programs"
NOT_MIGRATED = "the tables are missing or old: run `agi-app migrate`"

_MEND_BY_CLASS: tuple[tuple[type[psycopg.Error], str], ...] = (
    (pg.InvalidPassword, _REFUSED),
    (pg.InvalidAuthorizationSpecification, _NOT_ALLOWED),
    (pg.InvalidCatalogName, _NO_DATABASE),
    (pg.UndefinedTable, NOT_MIGRATED),
    (pg.UndefinedColumn, NOT_MIGRATED),
    (pg.UndefinedFunction, NOT_MIGRATED),
    (pg.ReadOnlySqlTransaction, "it is read-only (a standby?): point DATABASE_URL at the primary"),
    (pg.DiskFull, "its disk is full: free some space, then start again; nothing was half-written"),
    (pg.InsufficientPrivilege, "this user lacks a right: make it the owner of the database"),
    (pg.TooManyConnections, _FULL),
    (pg.QueryCanceled, "a statement took too long: look for a lock that someone holds, or a slow disk"),
    (pg.LockNotAvailable, "it waited too long for a row that another program holds: try again"),
    (pg.DeadlockDetected, "two programs waited for each other; this one gave up and changed nothing: try again"),
    (pg.AdminShutdown, "it was stopped or restarted: try again when it runs"),
    (pg.CannotConnectNow, _STARTING),
    (psycopg_pool.PoolTimeout, "no connection became free in time: it is down or hangs, or the pool is too small"),
)
# A failed connect has no SQLSTATE, only libpq's text.
_MEND_BY_TEXT: tuple[tuple[str, str], ...] = (
    ("password authentication failed", _REFUSED),
    ("no password supplied", "it wants a password: put it into DATABASE_URL"),
    ("does not exist", _NO_DATABASE),
    ("too many clients", _FULL),
    ("starting up", _STARTING),
    ("shutting down", _STARTING),
    ("could not translate host name", "the host name is unknown: correct DATABASE_URL"),
    ("failed to resolve host", "the host name is unknown: correct DATABASE_URL"),
    ("name or service not known", "the host name is unknown: correct DATABASE_URL"),
    ("name resolution", "the host name cannot be looked up: check the network, or correct DATABASE_URL"),
    ("no pg_hba.conf entry", _NOT_ALLOWED),
    ("connection refused", "nothing listens there: start PostgreSQL, or correct host and port in DATABASE_URL"),
    ("no such file or directory", "nothing listens there: start PostgreSQL, or correct DATABASE_URL"),
    ("timeout", "it does not answer: check the network, host and port in DATABASE_URL"),
)


def place(conninfo: str) -> str:
    """Where a database is, for messages: user, host, port and name, never the password."""
    try:
        parts = conninfo_to_dict(conninfo)
    except psycopg.ProgrammingError:
        raise StoreError(
            "DATABASE_URL cannot be read: write it as postgresql://user:password@host:5432/database"
        ) from None
    host = parts.get("host") or parts.get("hostaddr") or "local socket"
    port = parts.get("port") or 5432
    return f"{parts.get('user') or 'current user'}@{host}:{port}/{parts.get('dbname') or ''}"


def store_error(error: psycopg.Error, where: str) -> StoreError:
    """The StoreError for ``error``; ``where`` is what ``place`` gave."""
    first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
    return StoreError(f"database {where}: {_mend(error)} ({first_line})")


def _mend(error: psycopg.Error) -> str:
    for kind, mend in _MEND_BY_CLASS:
        if isinstance(error, kind):
            return mend
    text = str(error).lower()
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        for sign, mend in _MEND_BY_TEXT:
            if sign in text:
                return mend
        return "cannot be reached, or the connection was lost"
    return "it refused a statement"
