"""Results that are sent back, over the API: figures to everybody of the staff, the log to who may see contacts."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from agi_app.model.actors import Role
from tests.api.site import CAMPAIGN, Site

pytestmark = pytest.mark.postgres


async def got(site: Site, path: str, status: int = 200) -> Any:
    viewer = aiohttp.ClientSession(site.url, headers=site.headers(Role.VIEWER))
    async with viewer as http, http.get(f"/api/v1{path}") as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


async def test_a_target_and_its_log_are_shown_without_numbers(site: Site) -> None:
    found = await got(site, "/results")
    (target,) = found["data"]
    assert (target["target"], target["kind"], target["campaigns"]) == ("clinic", "folder", [CAMPAIGN])
    assert (target["waiting"], target["in_settings"], found["processes"]) == (1, False, 0)
    page = await got(site, "/results/clinic/deliveries?state=waiting")
    (row,) = page["data"]
    assert (row["campaign"], row["outcome"], row["state"]) == (CAMPAIGN, "human", "waiting")
    assert "99986" not in str(page)
    assert await got(site, f"/results/clinic/deliveries?after={page['next']}") if page["next"] else True
    assert (await got(site, "/results/clinic/deliveries?state=failed"))["data"] == []
    await got(site, "/results/nobody/deliveries", 404)
