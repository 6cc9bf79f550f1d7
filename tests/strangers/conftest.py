"""A cluster for the run, a shop that is ready to call, and a copy of it for each test."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from agi_app.store.database import embedded
from tests.forked_commands import Commands
from tests.store.conftest import Cluster
from tests.strangers.shop import ANN, BEN, LI, OURS, WANG, Shop

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A server with fsync on, since a worker runs on no other; it also ends when the test run is terminated."""
    before = signal.signal(signal.SIGTERM, _end_the_run)
    server = embedded.acquire(tmp_path_factory.mktemp("cluster"))
    try:
        yield Cluster(server)
    finally:
        server.release()
        signal.signal(signal.SIGTERM, before)


def _end_the_run(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt  # pytest then tears the fixtures down


@pytest.fixture(scope="session")
def commands() -> Iterator[Commands]:
    """Who runs the commands."""
    running = Commands()
    yield running
    running.close()


@pytest.fixture(scope="session")
def pattern(cluster: Cluster, commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A project with four people of whom three agreed, a campaign that runs, and a signed checkpoint."""
    cluster.run("CREATE DATABASE stranger_pattern")
    folder = tmp_path_factory.mktemp("pattern")
    shop = Shop(folder / "shop", cluster.url("stranger_pattern"), commands)
    made = commands.run(("init", str(shop.folder)), folder, {"PATH": "/usr/bin:/bin"}, 30)
    assert made.code == 0, made
    shop.settings()
    (shop.folder / "campaigns" / "march-checkup.yaml").unlink()
    (shop.folder / "flows" / "who-called.yaml").unlink()
    (shop.folder / "simulations" / "who-called.yaml").unlink()
    shop.campaign("reminder")
    shop.ok("check")
    shop.ok("migrate")
    shop.ok("callerid", "prove", OURS, "--letter", "caller-id-letter.txt")
    shop.consent(ANN, WANG, BEN)
    shop.contacts("reminder", ANN, WANG, BEN, LI)
    shop.ok("campaign", "start", "reminder")
    shop.ok("audit", "checkpoint")
    return shop


@pytest.fixture
def shop(pattern: Shop, cluster: Cluster, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shop]:
    """A copy of the pattern."""
    name = f"stranger_{next(_numbers)}"
    cluster.run(f"CREATE DATABASE {name} TEMPLATE stranger_pattern")
    yield pattern.copy(tmp_path / "shop", cluster.url(name))
    with psycopg.connect(cluster.server.url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
