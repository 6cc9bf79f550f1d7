"""The served site of the API's tests: the console serves it, too. With a password for each role's account."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator

import aiohttp
import pytest

from agi_app.model.actors import Actor, Role
from agi_app.operations.service import accounts
from tests.api.conftest import site as served
from tests.api.site import Site
from tests.console.browser import PASSWORD, sign_in
from tests.store.conftest import cluster

__all__ = ["cluster", "served"]


@pytest.fixture(scope="module")
def site(served: Site) -> Site:
    """Each role's account has a password."""
    for role in Role:
        actor = Actor(f"the-{role.value}", frozenset({role}), "cli")
        served.run(lambda inst, actor=actor: accounts.set_own_secret(dataclasses.replace(inst, actor=actor), PASSWORD))  # type: ignore[misc]
    return served


@pytest.fixture
async def http(site: Site) -> AsyncIterator[aiohttp.ClientSession]:
    """Somebody who is not signed in."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(base_url=site.url, cookie_jar=jar) as session:
        yield session


@pytest.fixture
async def operator(site: Site, http: aiohttp.ClientSession) -> aiohttp.ClientSession:
    """Somebody who is signed in as an operator."""
    assert (await sign_in(http, "the-operator")).status == 303
    return http
