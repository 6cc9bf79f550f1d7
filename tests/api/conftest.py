"""A served site for all tests of a file, on the session's PostgreSQL."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from tests.api.site import Site, served
from tests.store.conftest import TEMPLATE, Cluster, cluster  # noqa: F401 - a fixture

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def site(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:  # noqa: F811
    """It is served until the last test of the file."""
    name = f"test_api_{next(_numbers)}"
    cluster.run(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    cluster.run("ALTER ROLE agi_app_console LOGIN")
    with served(tmp_path_factory.mktemp("api") / "clinic", cluster.url(name)) as site:
        yield site
    cluster.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def http(site: Site) -> AsyncIterator[aiohttp.ClientSession]:
    """Asks the site by paths."""
    async with aiohttp.ClientSession(base_url=site.url) as session:
        yield session
