"""The console's user of the operating system beside the embedded database: its socket, its role, and nothing else."""

from __future__ import annotations

import grp
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from agi_app.campaigns.project.new_project import make_project
from agi_app.config.settings import load_settings
from agi_app.operations.reporting import job_files
from agi_app.store.database import embedded
from tests import forked_commands

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user"),
]
GROUP, CONSOLE_USER, STRANGER = "games", 60123, (60124, 60125)


@pytest.fixture
def project() -> Iterator[Path]:
    """A project where other users can go, as under /srv."""
    above = Path(tempfile.mkdtemp(prefix="agi-app-console-"))
    above.chmod(0o755)
    folder = above / "clinic"
    make_project(folder)
    (folder / "ari-password").touch(0o600)
    (folder / "ari-password").write_text("secret of ARI\n")
    yield folder
    shutil.rmtree(above)


def setup(project: Path, *arguments: str) -> dict[str, Any]:
    """`agi-app console setup` as the worker's user."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("AGI_APP_") and k != "DATABASE_URL"}
    done = forked_commands.agi_app(("console", "setup", "--json", *arguments), cwd=project, env=env)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def as_user(uid: int, gid: int, work: Callable[[], object]) -> Any:
    """What ``work`` gives when another user of the system does it; an exception by the name of its class."""
    read_end, write_end = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.setgroups([])
            os.setgid(gid)
            os.setuid(uid)
            told = work()
        except BaseException as error:  # noqa: BLE001 - the parent judges
            told = f"{type(error).__name__}: {error}"
        os.write(write_end, json.dumps(told).encode())
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as answer:
        told = json.loads(answer.read())
    os.waitpid(child, 0)
    return told


def connected(address: str, **changed: str) -> str:
    """The role that one becomes."""
    address = psycopg.conninfo.make_conninfo(address, **changed)
    with psycopg.connect(address, connect_timeout=5) as connection:
        (role,) = connection.execute("SELECT current_user").fetchone() or ("",)
    return str(role)


@pytest.mark.attack("code run as the service's user: files, keys, the owner's role in the embedded database")
def test_the_console_reaches_the_database_and_nothing_else(project: Path) -> None:
    """Its role by its socket; not the owner's, no other database, no key, no password, no journal."""
    made = setup(project, "--group", GROUP)
    assert made["restart"] is True
    gid = grp.getgrnam(GROUP).gr_gid
    settings = load_settings(project)
    server = embedded.acquire(settings.data, fast=True)
    try:
        address = as_user(CONSOLE_USER, gid, settings.console_database_url)
        assert as_user(CONSOLE_USER, gid, lambda: connected(address)) == "agi_app_console"
        refused = {
            "the owner": {"user": "agi_app", "password": ""},
            "the owner by the console's password": {"user": "agi_app"},
            "without password": {"password": "wrong"},
            "another database": {"dbname": "postgres"},
            "the owner's socket": {"host": str(settings.data / "postgres" / "run")},
        }
        told = {what: as_user(CONSOLE_USER, gid, lambda: connected(address, **changed))  # noqa: B023 - called at once
                for what, changed in refused.items()}  # fmt: skip
        assert [what for what, answer in told.items() if not answer.startswith("OperationalError")] == []
        (settings.data / "refusals.jsonl").touch(0o644)  # the folder keeps others out, whatever is in it
        private = [file for file in settings.data.rglob("*") if file.is_file() and "postgres" not in file.parts] + [
            project / "ari-password"
        ]
        assert {"suppression.key", "refusals.jsonl", "ari-password"} <= {file.name for file in private}
        for file in [*private, settings.data / "postgres" / "passwords"]:
            assert as_user(CONSOLE_USER, gid, file.read_text).startswith("PermissionError"), file
        assert as_user(CONSOLE_USER, gid, lambda: os.listdir(settings.data)).startswith("PermissionError")
        assert as_user(*STRANGER, settings.console_database_url).startswith("ConfigError")
        assert as_user(*STRANGER, lambda: connected(address)).startswith("OperationalError")
        assert connected(server.url) == "agi_app"  # the owner, by its file
    finally:
        server.release()


@pytest.mark.attack("reports read or changed by code that runs as the service's user")
def test_the_console_reads_masked_reports_and_no_others(project: Path) -> None:
    setup(project, "--group", GROUP)
    gid, settings = grp.getgrnam(GROUP).gr_gid, load_settings(project)
    made = {
        masked: job_files.make(settings, f"{masked:d}-run", masked=masked) / "calls.csv" for masked in (True, False)
    }
    for file in made.values():
        file.touch(0o600)
        file.write_text("rows")
        job_files.finished(settings, file)
    shared, private = made[True], made[False]
    assert shared == job_files.shared(settings, "1-run/calls.csv") == job_files.place_of(settings, "1-run/calls.csv")
    assert private.is_relative_to(settings.data)
    assert as_user(CONSOLE_USER, gid, shared.read_text) == "rows"
    assert as_user(CONSOLE_USER, gid, lambda: shared.write_text("others")).startswith("PermissionError")
    assert as_user(CONSOLE_USER, gid, shared.unlink).startswith("PermissionError")
    assert as_user(CONSOLE_USER, gid, private.read_text).startswith("PermissionError")
    assert as_user(*STRANGER, shared.read_text).startswith("PermissionError")
    job_files.remove_all_but(settings, {0})
    assert (shared.exists(), private.exists()) == (False, True)


def test_set_up_again_renews_the_password_of_a_server_that_runs(project: Path) -> None:
    """The old one is refused from then on; workers that are connected go on."""
    setup(project, "--group", GROUP)
    settings = load_settings(project)
    server = embedded.acquire(settings.data, fast=True)
    try:
        with psycopg.connect(server.url) as worker:
            old = settings.console_database_url()
            assert setup(project, "--group", GROUP)["restart"] is False
            assert connected(settings.console_database_url()) == "agi_app_console"
            with pytest.raises(psycopg.OperationalError, match="password"):
                connected(old)
            worker.execute("SELECT 1")
        assert stat.S_IMODE((project / "console").stat().st_mode) == 0o750
        assert stat.S_IMODE((project / "console" / "database-url").stat().st_mode) == 0o640
    finally:
        server.release()
    assert not list((project / "console").glob(".s.PGSQL*"))


def test_a_group_that_there_is_not_is_named(project: Path) -> None:
    done = forked_commands.agi_app(("console", "setup", "--group", "no-such-group"), cwd=project, env=dict(os.environ))
    assert done.returncode == 1
    assert "no such group" in done.stderr
    assert not (project / "console").exists()
