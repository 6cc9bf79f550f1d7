"""The page behind a stop link: opening it does nothing, its button hands the stop to a worker, in both languages."""

from __future__ import annotations

import aiohttp
import pytest

from tests.api.site import Site
from tests.api.test_writing import rows

pytestmark = pytest.mark.postgres
LINK = "A" * 91
ASKS = "SELECT count(*) FROM ask WHERE kind = 'stop link'"


async def test_opening_asks_and_the_button_stops(site: Site) -> None:
    url = f"{site.url}/stop/{LINK}"
    before = rows(site, ASKS)
    async with aiohttp.ClientSession() as anybody:
        async with anybody.get(url) as opened:
            page = await opened.text()
            assert (opened.status, opened.content_type) == (200, "text/html")
            assert "script" not in page
            assert LINK not in page
        assert ("不要再打给我" in page, "Never call me again" in page) == (True, True)
        assert rows(site, ASKS) == before, "a program that looks at mails has opened it"
        async with anybody.post(url) as pressed:
            said = await pressed.text()
            assert pressed.status == 200
            assert "You will not be called again." in said
    assert rows(site, ASKS) == before + 1
    assert rows(site, f"SELECT count(*) FROM ask WHERE position('{LINK}' IN ask::text) > 0") == 0
    assert rows(site, f"SELECT count(*) FROM open_ask WHERE private ->> 'link' = '{LINK}'") == before + 1


@pytest.mark.parametrize("link", ["x", "A" * 401, "A" * 91 + "'", "A/" * 50])
async def test_what_cannot_be_a_link_is_not_there(site: Site, link: str) -> None:
    before = rows(site, ASKS)
    async with aiohttp.ClientSession() as anybody, anybody.post(f"{site.url}/stop/{link}") as pressed:
        assert pressed.status == 404
    assert rows(site, ASKS) == before
