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
from agi_app.exchange import doctor_check, results_targets
from agi_app.store.database import embedded
from agi_app.store.database.pool import Store
from agi_app.store.exchange import processes
from tests import forked_commands
from tests.store.conftest import Cluster, open_store
from tests.store.results_site import write_settings
from tests.store.test_audit_commands import agi_app
from tests.store.test_console_access import CONSOLE_USER, GROUP, STRANGER, as_user, connected, project, setup
from tests.store.test_console_process import admit
from tests.store.world import World, campaign

__all__ = ["project"]  # a fixture
pytestmark = pytest.mark.postgres
DELIVERED = "SELECT count(*) FROM result_delivery WHERE state = 'delivered'"
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
        assert process.stdout is not None
        async with asyncio.timeout(LONG_S):
            waits = await process.stdout.readuntil(b"the exchange waits for the database")
        await asyncio.sleep(1)
        os.kill(process.pid, 0)  # it still waits
        admit(cluster, database_url, yes=True)
        again = await open_store(database_url)
        await running(again, 1)
        (finding,) = await doctor_check.look(again, load_settings(set_up), again.clock.real_now())
        assert (finding.text, finding.fix) == ("1 process running", "")
        own = os.getpriority(os.PRIO_PROCESS, 0)
        assert os.getpriority(os.PRIO_PROCESS, process.pid) == own + 5  # calls go first
        process.send_signal(signal.SIGTERM)
        told = waits + (await process.communicate())[0]
        assert process.returncode == 0
        assert told.count(b"the exchange waits for the database") == told.count(b"data is exchanged") == 1
        assert b"Traceback" not in told
        assert await processes.alive(again) == []
        (finding,) = await doctor_check.look(again, load_settings(set_up), again.clock.real_now())
        assert finding.fix == "start `agi-app exchange`"
        await again.close()


def test_the_setup_names_what_the_group_could_not_use(project: Path) -> None:
    """Before the process says so at night."""
    for name in ("address", "open", "put.sql"):
        (project / name).write_text("x")
    (project / "address").chmod(0o600)
    (project / "open").chmod(0o644)
    (project / "in").mkdir(mode=0o755)
    database = 'campaigns = ["march-checkup"]\nstatement_file = "put.sql"\ndatabase_url_file = '
    folder = 'campaigns = ["march-checkup"]\nfolder = '
    write_settings(project, {"a": f'{database}"address"', "b": f'{database}"open"', "c": f'{folder}"in"',
                             "d": f'{folder}"gone"'})  # fmt: skip
    env = {k: v for k, v in os.environ.items() if not k.startswith("AGI_APP_") and k != "DATABASE_URL"}
    done = forked_commands.agi_app(("exchange", "setup", "--json", "--group", GROUP), cwd=project, env=env)
    hints = json.loads(done.stdout)["hints"]
    assert [sum(words in hint for hint in hints) for words in (
        f"cannot read {project}/address", f"everybody can read {project}/open", f"cannot write in {project}/in",
        f"{project}/gone is not there", "put.sql")] == [1, 1, 1, 1, 0]  # fmt: skip


async def test_results_go_into_the_folder_and_the_commands_tell_of_them(
    set_up: Path, store: Store, world: World, database_url: str
) -> None:
    """From the end of a call to a line of a file, by processes that are killed meanwhile; two run at once."""
    (set_up / "in").mkdir()
    settings = write_settings(set_up, {"clinic": 'campaigns = ["checkup"]\nfolder = "in"'})
    await results_targets.register(store, settings)
    await world.running(campaign(zone="Asia/Shanghai"), range(1, 10))
    async with exchanging(set_up) as first, exchanging(set_up):
        await running(store, 2)
        for n in range(9):
            await world.call(await world.claim_one(campaign()))
            if n == 4:
                first.kill()
        async with asyncio.timeout(LONG_S):
            while len(written(set_up)) < 10 or await store.the_value(int, DELIVERED, None, "") < 9:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
    title, *lines = written(set_up)
    assert title.startswith("key,call,version")
    assert len({line.partition(",")[0] for line in lines}) == len(lines) == 9
    told = await asyncio.to_thread(agi_app, set_up, database_url, "results", "status", "--json")
    (target,) = json.loads(told.stdout)["targets"]
    assert (target["target"], target["known"], target["row"]["delivered_in_a_day"]) == ("clinic", True, 9)
    log = await asyncio.to_thread(agi_app, set_up, database_url, "results", "log", "clinic", "--json")
    assert {(row["state"], row["file"]) for row in json.loads(log.stdout)} == {("delivered", files(set_up)[0].name)}
    for arguments, words in (
        (("status",), "clinic"),
        (("log",), "row-1"),
        (("retry", "clinic"), "sent again: 0"),
        (("retry", "clinics"), "did you mean"),
    ):
        shown = await asyncio.to_thread(agi_app, set_up, database_url, "results", *arguments)
        assert words in shown.stdout + shown.stderr, arguments


def files(project: Path) -> list[Path]:
    return sorted((project / "in").iterdir())


def written(project: Path) -> list[str]:
    """The lines of the one file."""
    return files(project)[0].read_text().splitlines() if files(project) else []


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
