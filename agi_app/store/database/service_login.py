"""Lets the role of one of our services in by a password, on a server of one's own as on the embedded one."""

from __future__ import annotations

import psycopg
from psycopg import errors as pg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from agi_app.store.database.faults import place, store_error
from agi_app.store.database.service_rights import ServiceRole
from agi_app.store.database.statements import load_queries

Q = load_queries("database/service_login")
FEWER_ROUNDS = 160000  # server_version_num from which the rounds of SCRAM can be set


def let_in(owner_url: str, role: ServiceRole, password: str) -> str | None:
    """Let the role into a server with this password, which must be random. Blocks. Raises StoreError.

    None: done. Else the owner of the database may not, and this is the statement for an administrator.
    """
    try:
        with psycopg.connect(owner_url, autocommit=True, connect_timeout=5) as connection:
            kept = _verifier(connection, role.name, password)
            for verb in ("CREATE", "ALTER"):
                try:
                    connection.execute(_statement(verb, role.name, kept))
                except pg.DuplicateObject:
                    continue
                except pg.InsufficientPrivilege:
                    exists = connection.execute(Q["exists"], {"role": role.name}).fetchone()
                    return _statement("ALTER" if exists else "CREATE", role.name, kept).as_string(connection)
                return None
            return None
    except psycopg.Error as error:
        raise store_error(error, place(owner_url)) from error


def address(owner_url: str, role: ServiceRole, host: str | None, password: str) -> str:
    """How the service reaches the same database; ``host``: by a socket in that folder."""
    changed = {"user": role.name, "password": password, "passfile": None} | ({} if host is None else {"host": host})
    return make_conninfo(owner_url, **changed)


def set_password(connection: psycopg.Connection, role: str, password: str) -> None:
    """Let a role in with this password, which must be random. Blocks. Raises psycopg.Error."""
    connection.execute(_statement("ALTER", role, _verifier(connection, role, password)))


def _verifier(connection: psycopg.Connection, role: str, password: str) -> str:
    """What PostgreSQL keeps of a password; the password itself is in no statement, and in no log of them."""
    if connection.info.server_version >= FEWER_ROUNDS:
        connection.execute(Q["few_rounds"])
    return connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()


def _statement(verb: str, role: str, verifier: str) -> sql.Composed:
    return sql.SQL(Q["let_in"]).format(verb=sql.SQL(verb), role=sql.Identifier(role), verifier=sql.Literal(verifier))
