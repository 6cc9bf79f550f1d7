"""What a person learns of a fault of an office's database: what to do, and nothing that stands in its rows."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors as pg

from agi_app.errors import ExchangeError, ExchangeFault
from agi_app.exchange.others_address import OthersPlace
from agi_app.exchange.others_faults import exchange_error, in_words

PLACE = OthersPlace("feeds", "db.example", "5432", "clinic")


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (psycopg.OperationalError("[Errno -2] Name or service not known"), "unreachable", "the host name is unknown"),
        (psycopg.OperationalError("connection timeout expired"), "unreachable", "it does not answer"),
        (psycopg.OperationalError("consuming input failed: server closed"), "unreachable", "it is tried again"),
        (psycopg.OperationalError("FATAL: no pg_hba.conf entry for host"), "refused", "not allowed to connect"),
        (psycopg.OperationalError("SSL error: certificate verify failed"), "refused", "sslrootcert=FILE"),
        (pg.TooManyConnections("x"), "unreachable", "no free connection"),
        (pg.AdminShutdown("x"), "unreachable", "stopped or restarted"),
        (pg.UniqueViolation("Key (id)=(Zhang San) already exists"), "values", "breaks a rule of the table"),
        (pg.InvalidTextRepresentation('invalid input: "Zhang San"'), "values", "not of the kind"),
        (UnicodeDecodeError("utf-8", b"Zhang", 0, 1, "x"), "values", "not UTF-8"),
        (ConnectionResetError("reset"), "unreachable", "it is tried again"),
    ],
)
def test_each_fault_has_its_kind_and_its_advice(error: Exception, kind: str, words: str) -> None:
    told = exchange_error(error, PLACE)
    assert told.kind == kind
    assert words in str(told)
    assert str(told).startswith("database feeds@db.example:5432/clinic: ")
    assert "Zhang" not in str(told)


def test_what_a_server_says_is_one_line_without_telephone_numbers() -> None:
    """An escape sequence in an error would write to the terminal of who reads the log."""
    told = str(exchange_error(pg.RaiseException("no \x1b[31mpatient +8613800001234\nmore"), PLACE))
    assert "\x1b" not in told
    assert "13800001234" not in told
    assert "more" not in told


def test_a_place_is_said_once() -> None:
    with pytest.raises(ExchangeError) as told, in_words(PLACE), in_words(PLACE):
        raise ExchangeError("too much", ExchangeFault.TOO_MUCH)
    assert str(told.value) == "database feeds@db.example:5432/clinic: too much"
