"""One world for all: two real Asterisks, the carrier with its capture, and a PostgreSQL that really syncs."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from agi_app.store.database import embedded
from sandbox import commands
from sandbox.capture import Capture
from sandbox.root import ensure_root, ensure_tools
from sandbox.world import World
from tests import forked_commands
from tests.system.site import BULK, CLOCK, Site
from tests.system.watched import WATCHED

NewDatabase = Callable[[], str]
NewSite = Callable[..., Site]
SETTLE_S = 0.3  # for tcpdump's buffer


@pytest.fixture(scope="session", autouse=True)
def no_stray_settings() -> Iterator[None]:
    """Each site names its own database and key."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATABASE_URL", *(n for n in os.environ if n.startswith("AGI_APP_") and n != "AGI_APP_CACHE")):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_commands() -> Iterator[None]:
    """Commands of a project are forks; its worker is a process of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commands, "in_own_process", forked_commands.agi_app)
        yield


@pytest.fixture(scope="session")
def all_invites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Capture]:
    """Every INVITE on the loopback interface, whoever sends it."""
    ensure_tools(print)
    with Capture(tmp_path_factory.mktemp("watchdog") / "invites.pcap", invites=True) as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def no_invite_without_a_permit(all_invites: Capture, cluster: embedded.EmbeddedServer) -> Iterator[None]:
    """After each module: every INVITE of its Asterisks has its mark, or goes to a phone of ours."""
    yield
    time.sleep(SETTLE_S)
    _, without = WATCHED.judge(all_invites.file)
    assert without == [], "INVITEs that no permit explains:\n" + "\n".join(without)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Everything around agi-app; its capture is the judge."""
    ensure_tools(print)
    root = ensure_root(print)
    with World(root, tmp_path_factory.mktemp("world"), prompts_dir=BULK / "prompts", asterisks=2) as running:
        yield running


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.EmbeddedServer]:
    """A PostgreSQL server with fsync on, as users have; it also ends when the test run is terminated."""
    before = signal.signal(signal.SIGTERM, _end_the_run)
    server = embedded.acquire(tmp_path_factory.mktemp("cluster"))
    try:
        yield server
    finally:
        server.release()
        signal.signal(signal.SIGTERM, before)


def _end_the_run(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt  # pytest then tears the fixtures down


@pytest.fixture(scope="session")
def new_database(cluster: embedded.EmbeddedServer) -> NewDatabase:
    """Makes an empty database and gives its DATABASE_URL."""
    numbers = itertools.count(1)

    def make() -> str:
        name = f"system_{next(numbers)}"
        with psycopg.connect(cluster.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return psycopg.conninfo.make_conninfo(cluster.url, dbname=name)

    return make


@pytest.fixture(scope="session")
def new_site(world: World, new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> NewSite:
    """Makes a project that is ready to call: ``new_site("name", asterisk=0)``."""

    def make(name: str, asterisk: int = 0, *, clock: str = CLOCK, env: dict[str, str] | None = None) -> Site:
        folder = tmp_path_factory.mktemp(name)
        site = Site(folder, world, world.asterisks[asterisk], new_database(), clock=clock, env=env)
        site.prepare()
        return site

    return make


@pytest.fixture(scope="module")
def live(new_site: NewSite) -> Iterator[Site]:
    """A project whose worker runs all the while, for a module's tests to share; each has campaigns of its own."""
    site = new_site("live")
    with site.worker():
        yield site
