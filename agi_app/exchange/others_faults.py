"""Turns what a database of others says into one ExchangeError: what is wrong, and what to do.

A server's words may hold values of a row: of the faults of values only kind, table and column are told.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors as pg

from agi_app.errors import ExchangeError
from agi_app.errors import ExchangeFault as Fault
from agi_app.exchange.others_address import OthersPlace
from agi_app.log import without_numbers
from agi_app.messages import t, template
from agi_app.printable import one_line

_LONGEST = 200  # characters of the server's own words
_PASSWORD = template("the user or the password is wrong: correct it where the address is")
_USER = template("the user is unknown or not allowed to connect: correct the address, or pg_hba.conf of that server")
_NO_DATABASE = template("the database does not exist: correct its name in the address")
_AWAY = template("it cannot be reached: it is down, or the network is; it is tried again")
_CERTIFICATE = template(
    "its certificate was not accepted: name the certificate of its authority in the address (sslrootcert=FILE), and its"
    " host as the certificate does"
)
_BY_CLASS: tuple[tuple[type[psycopg.Error], Fault, str], ...] = (
    (pg.InvalidPassword, Fault.REFUSED, _PASSWORD),
    (pg.InvalidAuthorizationSpecification, Fault.REFUSED, _USER),
    (pg.InvalidCatalogName, Fault.REFUSED, _NO_DATABASE),
    (pg.UndefinedColumn, Fault.STATEMENT, template("the statement names a column that is not there")),
    (pg.UndefinedTable, Fault.STATEMENT, template("the statement names a table that is not there, or not in its path")),
    (pg.UndefinedFunction, Fault.STATEMENT, template("the statement uses a function or operator that is not there")),
    (pg.AmbiguousColumn, Fault.STATEMENT, template("the statement names a column that several tables have")),
    (pg.SyntaxError, Fault.STATEMENT, template("it is not one statement of SQL")),
    (
        pg.InsufficientPrivilege,
        Fault.STATEMENT,
        template("its role may not do that: GRANT it what the statement needs"),
    ),
    (pg.ReadOnlySqlTransaction, Fault.STATEMENT, template("the statement would change something; a feed only reads")),
    (
        pg.IndeterminateDatatype,
        Fault.STATEMENT,
        template("the kind of a value is not clear: write %(name)s::text or so"),
    ),
    (pg.QueryCanceled, Fault.SLOW, template("the statement took too long")),
    (pg.LockNotAvailable, Fault.SLOW, template("it waited too long for what another program there holds")),
    (pg.DeadlockDetected, Fault.SLOW, template("two programs there waited for each other; it is tried again")),
    (pg.SerializationFailure, Fault.SLOW, template("another program there changed the same; it is tried again")),
    (pg.RaiseException, Fault.VALUES, template("a trigger or function there refused it")),
    (pg.TooManyConnections, Fault.UNREACHABLE, template("it has no free connection")),
    (pg.CannotConnectNow, Fault.UNREACHABLE, template("it is just starting or stopping")),
    (pg.AdminShutdown, Fault.UNREACHABLE, template("it was stopped or restarted")),
    (pg.DiskFull, Fault.UNREACHABLE, template("its disk is full")),
)
# A failed connect has no SQLSTATE, only the library's text.
_BY_TEXT: tuple[tuple[str, Fault, str], ...] = (
    ("password authentication failed", Fault.REFUSED, _PASSWORD),
    ("no password supplied", Fault.REFUSED, template("it wants a password: put it into the address")),
    ("pg_hba.conf", Fault.REFUSED, _USER),
    ("not permitted to log in", Fault.REFUSED, _USER),
    ("does not exist", Fault.REFUSED, _NO_DATABASE),
    ("does not support ssl", Fault.REFUSED, template("its server offers no TLS: let its administrator turn ssl on")),
    ("certificate", Fault.REFUSED, _CERTIFICATE),
    ("ssl error", Fault.REFUSED, _CERTIFICATE),
    ("ssl_error", Fault.REFUSED, _CERTIFICATE),
    ("could not translate host name", Fault.UNREACHABLE, template("the host name is unknown: correct the address")),
    ("failed to resolve host", Fault.UNREACHABLE, template("the host name is unknown: correct the address")),
    ("name or service not known", Fault.UNREACHABLE, template("the host name is unknown: correct the address")),
    ("connection refused", Fault.UNREACHABLE, template("nothing listens there: start it, or correct host and port")),
    (
        "no such file or directory",
        Fault.UNREACHABLE,
        template("nothing listens there: start it, or correct the address"),
    ),
    ("timeout", Fault.UNREACHABLE, template("it does not answer: check the network, host and port")),
)


@contextmanager
def in_words(place: OthersPlace) -> Iterator[None]:
    """Within it every fault of the library, of a text that is no text or of the network is an ExchangeError."""
    try:
        yield
    except ExchangeError as error:
        if error.placed:
            raise
        told = t("database {place}: {mend}", place=place, mend=error)
        raise ExchangeError(told, error.kind, placed=True) from error
    except (psycopg.Error, UnicodeError, OSError) as error:
        if isinstance(error, TimeoutError):
            raise  # of the whole, not of the connection
        raise exchange_error(error, place) from None  # what it says may hold an address or a person's data


def exchange_error(error: Exception, place: OthersPlace) -> ExchangeError:
    """The ExchangeError for ``error`` of the library, of a text that is no text, or of the system."""
    kind, mend = _mend(error)
    said = _said(error)
    told = t("database {place}: {mend}", place=place, mend=t(mend)) + (f" ({said})" if said else "")
    return ExchangeError(told, kind, placed=True)


def _mend(error: Exception) -> tuple[Fault, str]:
    for kind, name, mend in _BY_CLASS:
        if isinstance(error, kind):
            return name, mend
    if isinstance(error, pg.DataError) and error.sqlstate:
        return Fault.VALUES, template("a value is not of the kind that is wanted there")
    if isinstance(error, pg.IntegrityError):
        return Fault.VALUES, template("a value breaks a rule of the table")
    if isinstance(error, UnicodeError | pg.DataError):
        return Fault.VALUES, template("a text in it cannot be read: it is not UTF-8, or has the character U+0000")
    if isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None:
        return Fault.STATEMENT, template("not one statement of SQL that gives rows; a percent sign is written %%")
    text = str(error).lower()
    if isinstance(error, OSError) or (isinstance(error, psycopg.OperationalError) and error.sqlstate is None):
        return next(((name, mend) for sign, name, mend in _BY_TEXT if sign in text), (Fault.UNREACHABLE, _AWAY))
    return Fault.STATEMENT, template("it refused the statement")


def _said(error: Exception) -> str:
    """The server's own words where they hold no value of a row, without telephone numbers."""
    if not isinstance(error, psycopg.Error) or error.sqlstate is None:
        return _kept(str(error)) if isinstance(error, psycopg.OperationalError) else ""
    diag = error.diag
    if isinstance(error, pg.DataError | pg.IntegrityError):
        return ", ".join(filter(None, (diag.table_name, diag.column_name, diag.constraint_name, error.sqlstate)))
    return _kept(diag.message_primary or error.sqlstate)


def _kept(text: str) -> str:
    first = (text.strip() or " ").splitlines()[0]
    return without_numbers(one_line(first))[:_LONGEST]
