"""The process `agi-app exchange` beside a database that comes and goes, and its user of the operating system."""

from __future__ import annotations

import asyncio
import grp
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agi_app.campaigns.project.new_project import make_project
from agi_app.config.settings import load_settings
from agi_app.exchange import doctor_check
from agi_app.store.database import embedded
from agi_app.store.database.pool import Store
from agi_app.store.exchange import processes
from tests import forked_commands
from tests.store.conftest import Cluster, open_store
from tests.store.test_console_access import CONSOLE_USER, GROUP, STRANGER, as_user, connected, project, setup
from tests.store.test_console_process import admit

__all__ = ["project"]  # a fixture
pytestmark = pytest.mark.postgres
LONG_S = 60.0  # a process that imports on a busy machine
EXCHANGE_USER = 60126


@pytest.fixture
def set_up(tmp_path: Path, database_url: str) -> Path:
    """A project on a server of its own whose exchange is set up."""
    folder = tmp_path / "clinic"
    make_project(folder)
    done = forked_commands.agi_app(("exchange", "setup"), cwd=folder, env={**os.environ, "DATABASE_URL": database_url})
    assert done.returncode == 0, done.stderr
    assert "database-url" in done.stdout
    return folder


@asynccontextmanager
async def exchanging(folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """One that runs; killed at the end if it did not end before."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agi_app.cli.main", "exchange", "-p", str(folder)),
        env={key: value for key, value in os.environ.items() if key != "DATABASE_URL"},
        stderr=asyncio.subprocess.STDOUT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def running(store: Store, number: int) -> None:
    """Wait until so many say that they live."""
    async with asyncio.timeout(LONG_S):
        while len(await processes.alive(store)) != number:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


async def test_it_waits_for_the_database_and_ends_when_told(
    set_up: Path, store: Store, cluster: Cluster, database_url: str
) -> None:
    await store.close()
    admit(cluster, database_url, yes=False)
    async with exchanging(set_up) as process:
        await asyncio.sleep(2)
        os.kill(process.pid, 0)  # it still waits
        admit(cluster, database_url, yes=True)
        again = await open_store(database_url)
        await running(again, 1)
        (finding,) = await doctor_check.look(again, load_settings(set_up))
        assert (finding.text, finding.fix) == ("1 process running", "")
        own = os.getpriority(os.PRIO_PROCESS, 0)
        assert os.getpriority(os.PRIO_PROCESS, process.pid) == own + 5  # calls go first
        process.send_signal(signal.SIGTERM)
        told, _ = await process.communicate()
        assert process.returncode == 0
        assert told.count(b"the exchange waits for the database") == told.count(b"data is exchanged") == 1
        assert b"Traceback" not in told
        assert await processes.alive(again) == []
        (finding,) = await doctor_check.look(again, load_settings(set_up))
        assert finding.fix == "start `agi-app exchange`"
        await again.close()


def test_without_setup_it_says_how(tmp_path: Path, database_url: str) -> None:
    make_project(tmp_path / "clinic")
    done = forked_commands.agi_app(
        ("exchange",), cwd=tmp_path / "clinic", env={**os.environ, "DATABASE_URL": database_url}
    )
    assert done.returncode == 2
    assert "agi-app exchange setup" in done.stderr


def test_another_project_is_refused(set_up: Path, tmp_path: Path) -> None:
    """An exchange that is pointed at the wrong database must not move anything."""
    make_project(tmp_path / "other")
    (tmp_path / "other" / "exchange").mkdir()
    (tmp_path / "other" / "exchange" / "database-url").write_bytes((set_up / "exchange" / "database-url").read_bytes())
    env = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    done = forked_commands.agi_app(("exchange",), cwd=tmp_path / "other", env=env)
    assert done.returncode == 2
    assert "belongs to project" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.attack("code run as the exchange's user: files, keys, the role of the owner or of the console")
def test_the_exchange_reaches_the_database_and_nothing_else(project: Path) -> None:
    """Beside the console: each its own role, by its own socket and password."""
    setup(project, "--group", GROUP)
    env = {k: v for k, v in os.environ.items() if not k.startswith("AGI_APP_") and k != "DATABASE_URL"}
    done = forked_commands.agi_app(("exchange", "setup", "--json", "--group", GROUP), cwd=project, env=env)
    assert json.loads(done.stdout)["restart"] is True
    gid, settings = grp.getgrnam(GROUP).gr_gid, load_settings(project)
    server = embedded.acquire(settings.data, fast=True)
    try:
        address = as_user(EXCHANGE_USER, gid, settings.exchange_database_url)
        assert as_user(EXCHANGE_USER, gid, lambda: connected(address)) == "agi_app_exchange"
        console = as_user(CONSOLE_USER, gid, settings.console_database_url)
        assert as_user(CONSOLE_USER, gid, lambda: connected(console)) == "agi_app_console"
        refused = {
            "the owner": {"user": "agi_app"},
            "the console by the exchange's password": {"user": "agi_app_console"},
            "another database": {"dbname": "postgres"},
            "the owner's socket": {"host": str(settings.data / "postgres" / "run")},
        }
        told = {what: as_user(EXCHANGE_USER, gid, lambda: connected(address, **changed))  # noqa: B023 - called at once
                for what, changed in refused.items()}  # fmt: skip
        assert [what for what, answer in told.items() if not answer.startswith("OperationalError")] == []
        for file in (project / "ari-password", settings.data / "suppression.key"):
            assert as_user(EXCHANGE_USER, gid, file.read_text).startswith("PermissionError"), file
        assert as_user(*STRANGER, settings.exchange_database_url).startswith("ConfigError")
        assert as_user(*STRANGER, lambda: connected(address)).startswith("OperationalError")
    finally:
        server.release()
