"""The process `agi-app console` on a PostgreSQL server that comes and goes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import psycopg
import pytest

from agi_app.campaigns.project.new_project import make_project
from agi_app.console.process import HEALTH_HOST
from tests import forked_commands
from tests.store.alert_site import LISTENER, AlertProject
from tests.store.conftest import Cluster

pytestmark = pytest.mark.postgres
LONG_S = 60.0  # a process that imports on a busy machine
IDLE_KIB = 140 * 1024


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture
def project(tmp_path: Path, database_url: str) -> Path:
    """One whose console is set up."""
    folder = tmp_path / "clinic"
    make_project(folder)
    with (folder / "agi-app.toml").open("a") as settings:
        settings.write(f'\n[alerts]\ncommand = {json.dumps([sys.executable, "-c", LISTENER])}\ndatabase_away = "10s"\n')
        settings.write(f"\n[console]\nport = {free_port()}\nhealth_port = {free_port()}\n")
    done = forked_commands.agi_app(("console", "setup"), cwd=folder, env={**os.environ, "DATABASE_URL": database_url})
    assert done.returncode == 0, done.stderr
    return folder


class Console:
    """A running one, as its clients see it."""

    def __init__(self, project: Path, process: asyncio.subprocess.Process, client: aiohttp.ClientSession) -> None:
        self.process, self._client, self._alerts = process, client, AlertProject(project)
        given = dict(line.split(" = ") for line in (project / "agi-app.toml").read_text().splitlines()[-2:])
        self.port, self.health = int(given["port"]), int(given["health_port"])

    @property
    def memory_kib(self) -> int:
        """What it holds of the machine's memory."""
        return int(Path(f"/proc/{self.process.pid}/status").read_text().split("VmRSS:")[1].split()[0])

    async def status(self, path: str, port: int, host: str = "127.0.0.1") -> int:
        """The answer's status; 0: nobody listens."""
        try:
            async with self._client.get(f"http://{HEALTH_HOST}:{port}{path}", headers={"Host": host}) as answer:
                return answer.status
        except aiohttp.ClientConnectionError:
            return 0

    async def told(self, wanted: list[str]) -> None:
        """Wait until the program of alerts heard just this."""
        async with asyncio.timeout(LONG_S):
            while [f"{one['kind']} {one['phase']}" for one in self._alerts.heard] != wanted:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.2)

    async def until(self, path: str, port: int, wanted: int) -> None:
        """Wait until it answers so."""
        async with asyncio.timeout(LONG_S):
            while await self.status(path, port) != wanted:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)


@pytest.fixture
async def console(project: Path, cluster: Cluster, database_url: str) -> AsyncIterator[Console]:
    """Started while the database lets nobody in."""
    admit(cluster, database_url, yes=False)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agi_app.cli.main", "console", "-p", str(project)),
        env={key: value for key, value in os.environ.items() if key != "DATABASE_URL"},
        stderr=asyncio.subprocess.STDOUT,
        stdout=asyncio.subprocess.PIPE,
    )
    async with aiohttp.ClientSession() as client:
        yield Console(project, process, client)
    if process.returncode is None:
        process.kill()
        await process.wait()
    admit(cluster, database_url, yes=True)


def admit(cluster: Cluster, database_url: str, *, yes: bool) -> None:
    """Let connections into the database, or end those of others and let none in."""
    name = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
    cluster.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {yes}")
    if not yes:
        cluster.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")


async def test_it_outlasts_the_database_and_ends_when_told(
    console: Console, project: Path, cluster: Cluster, database_url: str
) -> None:
    """503 while it is away, at the start as later; all by itself back; small; a second one on its port is refused."""
    await console.until("/health/live", console.port, 200)
    await console.told(["database_away began"])
    assert await console.status("/api/v1/self", console.port) == 503
    assert await console.status("/health/ready", console.health) == 503
    admit(cluster, database_url, yes=True)
    await console.until("/health/ready", console.health, 200)
    assert await console.status("/api/v1/self", console.port) == 401
    assert await console.status("/metrics", console.health) == 200
    await console.told(["database_away began", "database_away ended"])
    assert await console.status("/metrics", console.port) == 401
    for port in (console.port, console.health):
        assert await console.status("/health/live", port, host="evil.example") == 421
    assert console.memory_kib <= IDLE_KIB
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, console.process.pid) == min(own + 5, 19)  # calls go first
    env = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    second = await asyncio.to_thread(forked_commands.agi_app, ("console",), cwd=project, env=env)
    assert second.returncode == 2
    assert str(console.port) in second.stderr
    admit(cluster, database_url, yes=False)
    await console.until("/health/ready", console.health, 503)
    admit(cluster, database_url, yes=True)
    await console.until("/health/ready", console.health, 200)
    console.process.send_signal(signal.SIGTERM)
    told, _ = await console.process.communicate()
    assert console.process.returncode == 0
    assert told.count(b"the console serves") == told.count(b"the console waits for the database") == 1
    assert b"Traceback" not in told
