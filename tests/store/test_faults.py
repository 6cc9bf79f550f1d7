"""Every way the database can be wrong gets one clear message: what, where, how to mend."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import psycopg
import pytest

from agi_app.clock import Clock, SandboxClock
from agi_app.errors import SafetyError, StoreError
from agi_app.store.calling import nodes
from agi_app.store.database import checks
from agi_app.store.database.migrate import migrate
from agi_app.store.database.pool import Store
from agi_app.store.database.versions import FOLDER
from tests.store.conftest import Cluster, open_store
from tests.store.world import hash_number

pytestmark = pytest.mark.postgres


async def test_a_port_where_nothing_listens(tmp_path: Path) -> None:
    """Host and port are in the message, the password is not."""
    with pytest.raises(StoreError, match=r"me@127\.0\.0\.1:1/shop: nothing listens there") as caught:
        await open_store("postgresql://me:hush@127.0.0.1:1/shop")
    assert "hush" not in str(caught.value)


async def test_an_address_that_cannot_be_read() -> None:
    """A mistyped DATABASE_URL shows how it is written, without repeating a password in it."""
    with pytest.raises(StoreError, match=r" cannot be read: write it as postgresql://") as caught:
        await open_store("postgres//me:hush@host")
    assert "hush" not in str(caught.value)


async def test_a_database_that_does_not_exist(cluster: Cluster) -> None:
    """Create it or correct the URL."""
    with pytest.raises(StoreError, match="the database does not exist: create it"):
        await open_store(cluster.url("nowhere"))


async def test_a_wrong_password(cluster: Cluster) -> None:
    """Told as such, though libpq gives no code for it."""
    hba = cluster.server.folder / "data/pg_hba.conf"
    hba.write_text("local all guest scram-sha-256\n" + hba.read_text())
    cluster.run("CREATE ROLE guest LOGIN PASSWORD 'right'")
    cluster.run("SELECT pg_reload_conf()")
    url = psycopg.conninfo.make_conninfo(cluster.server.url, user="guest", password="wrong")
    with pytest.raises(StoreError, match="the password is wrong: correct it in "):
        await open_store(url)


async def test_an_empty_database_must_be_migrated_first(cluster: Cluster) -> None:
    """The command to run is in the message; running it twice does nothing the second time."""
    cluster.run("CREATE DATABASE empty")
    url = cluster.url("empty")
    with pytest.raises(StoreError, match="run `agi-app migrate`"):
        await open_store(url)
    store = await open_store(url, check_schema=False)
    applied = await migrate(store)
    assert applied == sorted(path.stem for path in FOLDER.glob("*.sql"))
    assert await migrate(store) == []
    await store.close()
    await (await open_store(url)).close()


async def test_a_database_of_a_newer_version_is_left_alone(store: Store, database_url: str) -> None:
    """Old code on new tables could do harm."""
    async with store.connection() as connection:
        await connection.execute("INSERT INTO schema_version VALUES (9999, '9999_future', 'x')")
    for attempt in (migrate(store), open_store(database_url)):
        with pytest.raises(StoreError, match=r"made by a newer agi-app \(it has 9999_future\)"):
            await attempt


async def test_a_changed_migration_is_refused_and_a_broken_one_leaves_nothing(store: Store, tmp_path: Path) -> None:
    """Applied files never change; several new ones come whole or not at all."""
    for path in FOLDER.glob("*.sql"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "9000_good.sql").write_text("CREATE TABLE good (x int);")
    (tmp_path / "9001_bad.sql").write_text("CREATE TABLE bad (x no_such_type);")
    with pytest.raises(StoreError, match="no_such_type"):
        await migrate(store, tmp_path)
    async with store.connection() as connection:
        row = await (await connection.execute("SELECT to_regclass('good') AS good")).fetchone()
    assert row == {"good": None}
    (tmp_path / "9001_bad.sql").unlink()
    assert await migrate(store, tmp_path) == ["9000_good"]
    (tmp_path / "0001_people.sql").write_text("-- changed\n")
    with pytest.raises(StoreError, match="0001_people was applied with another text"):
        await migrate(store, tmp_path)


async def test_a_read_only_database(store: Store, database_url: str) -> None:
    """A standby cannot take claims or stops."""
    name = await _name(store)
    async with store.connection() as connection:
        await connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    standby = await open_store(database_url)
    with pytest.raises(StoreError, match=r"read-only \(a standby\?\)"):
        await checks.store_identity(standby, "a", "abc")
    await standby.close()


async def _name(store: Store) -> str:
    async with store.connection() as connection:
        row = await (await connection.execute("SELECT current_database() AS name")).fetchone()
    return str(row["name"]) if row else ""


async def test_without_fsync_nobody_is_dialled(store: Store) -> None:
    """The test cluster is not durable, and that is noticed."""
    with pytest.raises(SafetyError, match="fsync is off"):
        await checks.assert_durable(store)


async def test_clocks_are_compared(store: Store) -> None:
    """This host is the database's host, so they agree; a clock that is off shows by how much."""
    assert abs(await checks.clock_difference(store)) < dt.timedelta(seconds=1)

    class Fast(Clock):
        def real_now(self) -> dt.datetime:
            return super().real_now() + dt.timedelta(minutes=1)

    store.clock = Fast()
    assert abs(await checks.clock_difference(store) - dt.timedelta(minutes=1)) < dt.timedelta(seconds=1)


async def test_a_sandbox_clock_is_the_same_in_all_processes(store: Store, database_url: str) -> None:
    """The first use of a start anchors it; a later process joins; another start anchors anew."""
    start = dt.datetime(2026, 3, 2, 1, 30, tzinfo=dt.UTC)
    offset = await checks.sandbox_offset(store, start)
    assert abs(SandboxClock(offset).now() - start) < dt.timedelta(seconds=2)
    other = await open_store(database_url)
    assert await checks.sandbox_offset(other, start) == offset
    moved = await checks.sandbox_offset(other, start + dt.timedelta(days=1))
    assert dt.timedelta(hours=23) < moved - offset <= dt.timedelta(days=1)
    await other.close()


async def test_one_worker_an_asterisk(store: Store, database_url: str) -> None:
    """The second is told no; it may come when the first has gone or lost its connection."""
    other = await open_store(database_url)
    first = await store.worker_lock("00:11:22")
    assert first is not None
    assert await first.still_held()
    assert await other.worker_lock("00:11:22") is None
    elsewhere = await other.worker_lock("33:44:55")
    assert elsewhere is not None
    async with store.connection() as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
    assert not await first.still_held()
    second = await other.worker_lock("00:11:22")
    assert second is not None
    for lock in (first, second, elsewhere):
        await lock.release()
    await other.close()


async def test_a_wrong_suppression_key_is_noticed(store: Store) -> None:
    """With it nobody who said stop would be recognised."""
    await checks.store_identity(store, "a", "abc")
    await checks.store_identity(store, "b", "xyz")  # it keeps the first
    known = await checks.identity_of(store)
    assert known == checks.StoredIdentity("a", "abc")
    checks.compare_key(known, "abc")
    with pytest.raises(SafetyError, match=r"put the right suppression\.key back"):
        checks.compare_key(known, "xyz")


async def test_nodes_tell_whether_their_journal_is_stored(store: Store) -> None:
    """After an outage all wait for a node that has not reported, until it does or is forgotten."""
    await nodes.register_node(store, "a", "node-1")
    await nodes.register_node(store, "b", "node-2")
    outage = await checks.database_now(store)
    assert await nodes.unflushed_since(store, outage) == ["node-1", "node-2"]
    await nodes.beat(store, "a", 120, flushed=True)
    await nodes.beat(store, "b", 60, flushed=False)
    assert await nodes.unflushed_since(store, outage) == ["node-2"]
    assert (await nodes.journal_position(store, "a"), await nodes.journal_position(store, "c")) == (120, 0)
    assert await nodes.forget_node(store, "b")
    assert await nodes.unflushed_since(store, outage) == []


async def test_all_connections_busy_is_told(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool that gives none in time says so instead of hanging."""
    monkeypatch.setattr("agi_app.store.database.pool.POOL_TIMEOUT_S", 0.2)
    small = await Store.open(database_url, Path(), clock=Clock(), hash_number=hash_number, pool_size=1)
    async with small.connection():
        with pytest.raises(StoreError, match="no connection became free in time"):
            async with small.connection():
                pass
    await small.close()
