"""What a browser sends with a form."""

from __future__ import annotations

import aiohttp

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
