"""A fast cluster (no fsync) for the session, and an own database for each test, cloned from a migrated template."""

from __future__ import annotations

import asyncio
import itertools
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agi_app.audit.stamps import Stamper
from agi_app.clock import Clock
from agi_app.store.calling import campaigns, tallies
from agi_app.store.database import embedded
from agi_app.store.database.migrate import migrate
from agi_app.store.database.pool import Store
from agi_app.store.people import caller_ids, consents, contacts
from tests.store.world import World, hash_number

TEMPLATE = "agi_app_template"
STAMPER = Stamper(Ed25519PrivateKey.from_private_bytes(bytes(32)), "agi-app/test")
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Cluster:
    """The session's server."""

    server: embedded.EmbeddedServer

    def url(self, database: str) -> str:
        """How to reach one database of it."""
        return psycopg.conninfo.make_conninfo(self.server.url, dbname=database)

    def run(self, statement: str) -> None:
        """Run a statement outside any transaction."""
        with psycopg.connect(self.server.url, autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A server with a migrated template database; it also ends when the test run is terminated."""
    before = signal.signal(signal.SIGTERM, _end_the_run)
    server = embedded.acquire(tmp_path_factory.mktemp("cluster"), fast=True)
    try:
        made = Cluster(server)
        made.run(f"CREATE DATABASE {TEMPLATE}")
        asyncio.run(_migrate(made.url(TEMPLATE)))
        yield made
    finally:
        server.release()
        signal.signal(signal.SIGTERM, before)


def _end_the_run(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt  # pytest then tears the fixtures down


async def _migrate(url: str) -> None:
    store = await open_store(url, check_schema=False)
    await migrate(store)
    await store.close()


async def open_store(url: str, *, check_schema: bool = True) -> Store:
    """A store on an existing server."""
    store = await Store.open(
        url, Path("unused"), clock=Clock(), hash_number=hash_number, pool_size=8, check_schema=check_schema
    )
    store.make_stamper = stamper_for_tests
    return store


@pytest.fixture
def before_0059(monkeypatch: pytest.MonkeyPatch) -> None:
    """Campaigns of a database that has no column ``most_contacts`` yet, by the statements of that time."""
    statement = (
        "UPDATE campaign SET state = %(state)s, state_reason = %(reason)s, changed_at = clock_timestamp()"
        " WHERE name = %(name)s RETURNING name"
    )
    monkeypatch.setitem(campaigns.Q, "set_state", statement)
    monkeypatch.setitem(campaigns.Q, "approve_contacts", "SELECT %(name)s::text, %(most_contacts)s::bigint")
    woken = "UPDATE contact SET due_at = %(now)s WHERE state = 'pending' AND due_at = 'infinity'"
    for queries, name in ((campaigns.Q, "wake_parked"), (caller_ids.Q, "wake"), (consents.Q, "wake_persons")):
        monkeypatch.setitem(queries, name, woken)
    for queries in (campaigns.Q, contacts.CAMPAIGNS):
        for name in ("load", "load_busy"):
            then = queries[name].replace(", most_contacts", ", NULL::bigint AS most_contacts")
            monkeypatch.setitem(queries, name, then)


async def stamper_for_tests() -> Stamper:
    """That of a key for tests."""
    return STAMPER


@pytest.fixture
def database_url(cluster: Cluster) -> Iterator[str]:
    """A fresh, migrated database."""
    name = f"test_{next(_numbers)}"
    cluster.run(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield cluster.url(name)
    cluster.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def new_url(cluster: Cluster) -> Iterator[str]:
    """A second database, without tables."""
    name = f"test_{next(_numbers)}"
    cluster.run(f"CREATE DATABASE {name}")
    yield cluster.url(name)
    cluster.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """An open store on a fresh database; whatever a test did to it, the kept figures agree with the rows."""
    opened = await open_store(database_url)
    yield opened
    if not opened._pool.closed:
        assert await tallies.recount(opened, correct=False) == []
    await opened.close()


@pytest.fixture
def world(store: Store) -> World:
    """Short ways to make campaigns, people and consents in the store, and to claim."""
    return World(store)
