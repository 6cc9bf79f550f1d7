"""Messages for faults that are hard to bring about, and the loader of named queries."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from psycopg import errors as pg

from agi_app.errors import StoreError
from agi_app.store.database import pool, postgres_programs, statements
from agi_app.store.database.faults import place, store_error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (pg.DiskFull("could not extend file: No space left on device"), "its disk is full"),
        (pg.TooManyConnections("sorry"), "no free connection"),
        (pg.UndefinedTable('relation "contact" does not exist'), "run `agi-app migrate`"),
        (pg.InsufficientPrivilege("permission denied"), "lacks a right"),
        (psycopg.OperationalError("connection timeout expired"), "does not answer"),
        (psycopg.OperationalError("server closed the connection unexpectedly"), "connection was lost"),
        (psycopg.OperationalError("[Errno -2] Name or service not known"), "host name is unknown"),
        (pg.UniqueViolation("duplicate key"), "it refused a statement"),
    ],
)
def test_each_fault_says_what_where_and_how_to_mend(error: psycopg.Error, said: str) -> None:
    """One line, with the place and PostgreSQL's own first line."""
    text = str(store_error(error, "me@host:5432/shop"))
    assert text.startswith("database me@host:5432/shop: ")
    assert said in text
    assert str(error) in text
    assert "\n" not in text


def test_what_postgresql_says_is_shown_without_numbers_and_their_hashes() -> None:
    """A trigger of the owner's may say a whole row."""
    row = f'no (8,+999861380009977,"\\\\x{"ab" * 32}",CN) 999861380009977'
    assert 'no (8,+99…77,"\\\\x…",CN) 999…77' in str(store_error(pg.RaiseException(row), "x"))


def test_a_server_that_is_too_old_is_told_with_its_version() -> None:
    """15 is the oldest that has all we use."""
    old = SimpleNamespace(info=SimpleNamespace(server_version=140011))
    with pytest.raises(StoreError, match="PostgreSQL 14 is too old; use 15 or newer"):
        pool._check_server(old, "x")  # type: ignore[arg-type]
    pool._check_server(SimpleNamespace(info=SimpleNamespace(server_version=150000)), "x")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "mend"),
    [
        ("initdb: error: could not write to file: No space left on device", "disk is full"),
        ("FATAL: could not open file: Permission denied", "belongs to another user"),
        ("unshare: unshare failed: Operation not permitted", "start as an ordinary user, or set DATABASE_URL"),
    ],
)
def test_a_server_that_fails_says_how_to_mend_it(said: str, mend: str) -> None:
    """From what the programs of PostgreSQL printed."""
    assert mend in str(postgres_programs.failed("does not start", Path("/data"), said))


def test_a_place_never_shows_the_password() -> None:
    """Neither from a URL nor from keywords."""
    assert place("postgresql://me:hush@db:5433/shop") == "me@db:5433/shop"
    assert place("host=db user=me password=hush dbname=shop") == "me@db:5432/shop"
    for split in ("postgresql://me:x@hush@db/shop", "host=me:x@hush dbname=shop", "host=db port=hush", "host=db hush"):
        with pytest.raises(StoreError, match="cannot be read: write it as postgresql://") as caught:
            place(split)
        assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "source"),
    [
        ("DATABASE_URL", "the environment variable DATABASE_URL"),
        ("AGI_APP_DATABASE_URL", "the environment variable AGI_APP_DATABASE_URL"),
        (None, "database_url of agi-app.toml"),
    ],
)
def test_what_is_to_be_corrected_is_where_it_was_set(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, source: str
) -> None:
    for name in ("DATABASE_URL", "AGI_APP_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    if variable is not None:
        monkeypatch.setenv(variable, "postgresql://db/shop")
    told = str(store_error(pg.InvalidPassword("no"), "me@db:5432/shop"))
    assert told == f"database me@db:5432/shop: the password is wrong: correct it in {source} (no)"


def test_every_named_query_is_used_and_every_used_one_exists() -> None:
    """A forgotten query or a mistyped name is found without a database."""
    sources = "".join(path.read_text() for path in statements.FOLDER.parent.rglob("*.py"))
    families = tuple(re.findall(r'Q(?:\[|\.get\()f"([a-z]+_)\{', sources))  # such as Q[f"erase_{kind}"]
    files = [path for path in statements.FOLDER.rglob("*.sql") if path.parent.name != "schema"]
    texts = "".join(path.read_text() for path in files)
    assert len(files) > 40
    for path in files:
        for name in statements.load_queries(f"{path.parent.name}/{path.stem}"):
            used = f'"{name}"' in sources or name.startswith(families) or f"{{{name}}}" in texts
            assert used, f"{path.name}: {name} is never used"


def test_a_query_named_twice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second would silently replace the first."""
    (tmp_path / "twice.sql").write_text("-- name: a\nSELECT 1;\n-- name: a\nSELECT 2;\n")
    monkeypatch.setattr(statements, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match="query a is there twice"):
        statements.load_queries("twice")
