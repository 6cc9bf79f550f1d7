"""The processes beside a worker as services: what systemd hears of each, from its start to its end in order."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agi_app.api import process as console
from agi_app.campaigns.project.new_project import make_project
from agi_app.exchange import service as exchange
from agi_app.operations.reporting import job_service
from agi_app.webhooks import service as webhooks
from tests import forked_commands
from tests.store.test_console_process import free_port
from tests.unit.service_manager_socket import Listener, listening

pytestmark = pytest.mark.postgres
LONG_S = 60.0  # a process that imports on a busy machine
DOES = {
    "console": console.SERVES,
    "exchange": exchange.EXCHANGES,
    "deliver": webhooks.DELIVERS,
    "report run-jobs": job_service.MAKES,
}


@pytest.fixture
def project(tmp_path: Path, database_url: str) -> Path:
    """One whose console and exchange are set up."""
    folder = tmp_path / "clinic"
    make_project(folder)
    with (folder / "agi-app.toml").open("a") as settings:
        settings.write(f"\n[console]\nport = {free_port()}\nhealth_port = {free_port()}\n")
    for name in ("console", "exchange"):
        done = forked_commands.agi_app((name, "setup"), cwd=folder, env={**os.environ, "DATABASE_URL": database_url})
        assert done.returncode == 0, done.stderr
    return folder


class Running:
    """A service that runs, and what was heard of it."""

    def __init__(self, process: asyncio.subprocess.Process, listener: Listener) -> None:
        self.process, self._listener = process, listener
        self.words: list[str] = []

    async def until(self, heard: Callable[[list[str]], bool]) -> None:
        """Wait for words."""
        async with asyncio.timeout(LONG_S):
            while not heard(self.words):
                assert self.process.returncode is None
                self.words += self._listener.heard()
                await asyncio.sleep(0.05)

    async def end(self) -> str:
        """Tell it to end as systemd does; what it printed."""
        self.process.send_signal(signal.SIGINT)
        told, _ = await asyncio.wait_for(self.process.communicate(), LONG_S)
        self.words += self._listener.heard()
        return told.decode()


@asynccontextmanager
async def started(command: str, project: Path, database_url: str) -> AsyncIterator[Running]:
    """It runs within the block."""
    with listening(project.parent) as listener:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "agi_app.cli.main", *command.split(), "-p", str(project)),
            env={**os.environ, **listener.environment, "DATABASE_URL": database_url},
            stderr=asyncio.subprocess.STDOUT,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            yield Running(process, listener)
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()


@pytest.mark.parametrize("command", DOES)
async def test_it_says_that_it_works_that_it_lives_and_that_it_ends(
    command: str, project: Path, database_url: str
) -> None:
    async with started(command, project, database_url) as running:
        await running.until(lambda words: f"STATUS={DOES[command]}" in words)
        await running.until(lambda words: "READY=1" in words and words.count("WATCHDOG=1") >= 2)
        told = await running.end()
        assert running.process.returncode == 0, told
        assert "Traceback" not in told
        assert running.words[-1] == "STOPPING=1"
        assert "STATUS=ending" in running.words


async def test_one_that_was_not_set_up_is_never_ready(tmp_path: Path, database_url: str) -> None:
    """Its status is the command that is missing."""
    make_project(tmp_path / "clinic")
    async with started("exchange", tmp_path / "clinic", database_url) as running:
        await asyncio.wait_for(running.process.communicate(), LONG_S)
        running.words += running._listener.heard()
        assert running.process.returncode == 2
        assert "READY=1" not in running.words
        assert "agi-app exchange setup" in running.words[-1]
