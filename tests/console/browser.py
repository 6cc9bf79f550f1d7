"""What a browser sends with a form."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import aiohttp

from agi_app.installation import Installation
from tests.api.site import Site, answer_asks

PASSWORD = "correct horse battery staple"
FROM_HERE = {"Sec-Fetch-Site": "same-origin"}
HTML = {"Accept": "text/html"}


async def post(http: aiohttp.ClientSession, path: str, **fields: str) -> aiohttp.ClientResponse:
    """Send a form as a browser does, and follow nothing."""
    return await http.post(path, data=fields, headers=FROM_HERE | HTML, allow_redirects=False)


async def sign_in(
    http: aiohttp.ClientSession, account: str, password: str = PASSWORD, **more: str
) -> aiohttp.ClientResponse:
    """Send the form of the sign-in."""
    return await post(http, "/sign-in", account=account, password=password, **more)


@asynccontextmanager
async def working(site: Site, does: Callable[[Installation], Awaitable[None]] = answer_asks) -> AsyncIterator[None]:
    """What a worker does with asks, as they come."""

    async def work() -> None:
        while True:
            await asyncio.to_thread(site.run, does)
            await asyncio.sleep(0.1)

    task = asyncio.ensure_future(work())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
