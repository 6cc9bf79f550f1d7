"""The processes beside a worker as services: what systemd hears of each, from its start to its end in order."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from agi_app.campaigns.project.new_project import make_project
from agi_app.config.settings import load_settings
from agi_app.console import process as console
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


@pytest.mark.parametrize("command", [*DOES, "run"])
async def test_a_fault_of_the_settings_is_its_last_status(command: str, tmp_path: Path, database_url: str) -> None:
    make_project(tmp_path / "clinic")
    with (tmp_path / "clinic" / "agi-app.toml").open("a") as settings:
        settings.write("nonsense = [\n")
    async with started(command, tmp_path / "clinic", database_url) as running:
        await asyncio.wait_for(running.process.communicate(), LONG_S)
        running.words += running._listener.heard()
        assert running.process.returncode == 2
        assert "agi-app.toml:" in running.words[-1]
        assert "is not valid TOML" in running.words[-1]


async def test_one_that_was_not_set_up_is_never_ready(tmp_path: Path, database_url: str) -> None:
    """Its status is the command that is missing."""
    make_project(tmp_path / "clinic")
    async with started("exchange", tmp_path / "clinic", database_url) as running:
        await asyncio.wait_for(running.process.communicate(), LONG_S)
        running.words += running._listener.heard()
        assert running.process.returncode == 2
        assert "READY=1" not in running.words
        assert "agi-app exchange setup" in running.words[-1]


NOT_TAKEN_OVER = {"exchange": "", "deliver": "", "console": "webhooks.keep_days"}


@pytest.mark.parametrize("command", NOT_TAKEN_OVER)
async def test_it_reads_its_settings_again(command: str, project: Path, database_url: str) -> None:
    """A fault is refused with its place, and what needs a restart is named; it goes on serving all the while."""
    settings = project / "agi-app.toml"
    good = settings.read_text() + "\n[webhooks]\nkeep_days = 50\n"
    async with started(command, project, database_url) as running:
        await running.until(lambda words: f"STATUS={DOES[command]}" in words and "READY=1" in words)
        await read_again(running, settings, good)
        assert running.words.count("READY=1") >= 1
        named = NOT_TAKEN_OVER[command]
        assert any(word.endswith(f"a restart is needed for {named}") for word in running.words) == bool(named)
        await read_again(running, settings, good.replace("keep_days = 50", 'keep_days = "fifty"'))
        (refused,) = (word for word in running.words if "is refused" in word)
        assert f"{settings}:" in refused
        assert "webhooks.keep_days" in refused
        await read_again(running, settings, good)
        assert not any("is refused" in word for word in running.words)
        told = await running.end()
        assert running.process.returncode == 0, told
        assert "Traceback" not in told
        assert told.count("the settings were read again") == 2
        assert told.count("the changed settings are refused; the old ones stay") == 1


async def read_again(running: Running, settings: Path, text: str) -> None:
    """As `systemctl reload` does; ``words`` are then what came of it."""
    await asyncio.to_thread(settings.write_text, text)
    running.words = []
    running.process.send_signal(signal.SIGHUP)
    await running.until(lambda words: any(word.startswith("RELOADING=1\nMONOTONIC_USEC=") for word in words))
    await running.until(lambda words: "READY=1" in words)
    await running.until(lambda words: words.count("WATCHDOG=1") >= 2)


async def test_a_certificate_that_was_renewed_is_served(project: Path, database_url: str) -> None:
    """Without a moment in which nobody is served; one that cannot be used is refused."""
    with (project / "agi-app.toml").open("a") as settings:
        settings.write('certificate = "tls.pem"\ncertificate_key = "tls.pem"\n')
    port = load_settings(project).console.port
    text = (project / "agi-app.toml").read_text()
    first = new_certificate(project / "tls.pem")
    async with started("console", project, database_url) as running:
        await running.until(lambda words: f"STATUS={DOES['console']}" in words)
        assert await served_certificate(port) == first
        second = new_certificate(project / "tls.pem")
        await read_again(running, project / "agi-app.toml", text)
        assert await served_certificate(port) == second != first
        (project / "tls.pem").write_text("nonsense")
        await read_again(running, project / "agi-app.toml", text)
        assert any("certificate, certificate_key: cannot be used" in word for word in running.words)
        assert await served_certificate(port) == second
        await running.end()


def new_certificate(file: Path) -> str:
    """Writes a certificate for this machine with its key; the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=1))
    signed = made.not_valid_after(now + dt.timedelta(days=1)).sign(key, hashes.SHA256())
    certificate = signed.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(secret + certificate)
    return certificate.decode()


async def served_certificate(port: int) -> str:
    """What a client is shown now."""
    return await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port))
