"""A stop that is said to be taken is on the database's disk, whatever its server was told about commits."""

from __future__ import annotations

import datetime as dt
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import psycopg
import pytest

from agi_app.clock import Clock
from agi_app.consent.opt_out_journal import Journal
from agi_app.consent.opt_outs import Stops
from agi_app.contacts.do_not_call_import import import_list
from agi_app.model.campaign import Purpose
from agi_app.operations.people import stops as entered
from agi_app.store.database import embedded
from agi_app.store.database.migrate import migrate
from agi_app.store.database.pool import Store
from agi_app.store.people.do_not_call_lists import ListTerms
from tests.store.conftest import stamper_for_tests
from tests.store.world import hash_number, installation_for, number

pytestmark = pytest.mark.postgres
LAZY = ("ALTER DATABASE agi_app SET synchronous_commit = off", "ALTER SYSTEM SET wal_writer_delay = '10s'")
COUNTS = """
SELECT (SELECT count(*) FROM suppression), (SELECT count(*) FROM revocation), (SELECT count(*) FROM external_list_entry)
"""


async def _by_number(store: Store, folder: Path) -> None:
    desk = installation_for(store, Journal(folder, Clock()))
    await entered.stop(desk, number(1), "asked")


async def _by_list(store: Store, folder: Path) -> None:
    await entered.stop_list(installation_for(store, Journal(folder, Clock())), [number(1)])


async def _by_purpose(store: Store, folder: Path) -> None:
    desk = installation_for(store, Journal(folder, Clock()))
    await entered.stop(desk, number(1), "asked", purpose=Purpose.SURVEY)


async def _by_key(store: Store, folder: Path) -> None:
    stops = Stops(store, Journal(folder, Clock()), Clock(), "node-1")
    await stops.take(number(1), "key")
    await stops.flush()


async def _by_register(store: Store, folder: Path) -> None:
    (folder / "list.txt").write_text("2015550101\n", "ascii")
    now = Clock().now()
    terms = ListTerms("us-national-dnc", "US", now.date() - dt.timedelta(days=1), "test")
    await import_list(store, folder / "list.txt", terms, now)


@pytest.mark.attack("row 23: kill -9 of a database that tells commits before they are on disk, right after a stop")
@pytest.mark.parametrize(
    ("enter", "rows"),
    [
        (_by_number, (1, 1, 0)),
        (_by_list, (1, 0, 0)),
        (_by_purpose, (0, 1, 0)),
        (_by_key, (1, 0, 0)),
        (_by_register, (0, 0, 1)),
    ],
)
async def test_a_stop_is_there_after_the_database_was_killed(
    enter: Callable[[Store, Path], Awaitable[None]], rows: tuple[int, ...], tmp_path: Path
) -> None:
    """Of an own server that somebody made quick: the journal is not asked, the row itself must be there."""
    store = await Store.open(None, tmp_path, clock=Clock(), hash_number=hash_number, pool_size=2, check_schema=False)
    await migrate(store)
    store.make_stamper = stamper_for_tests
    assert store._server is not None
    url = store._server.url
    with psycopg.connect(url, autocommit=True) as admin:
        for statement in (*LAZY, "SELECT pg_reload_conf()", "CHECKPOINT"):
            admin.execute(statement)
    quick = await Store.open(url, tmp_path, clock=Clock(), hash_number=hash_number, pool_size=2)
    quick.make_stamper = stamper_for_tests
    try:
        await enter(quick, tmp_path)
    finally:  # a pool that is left open keeps the test from ending
        os.kill(int((tmp_path / "postgres/data/postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        await quick.close()
        await store.close()

    server = embedded.acquire(tmp_path)
    try:
        with psycopg.connect(server.url) as connection:
            assert connection.execute(COUNTS).fetchone() == rows
    finally:
        server.release()
