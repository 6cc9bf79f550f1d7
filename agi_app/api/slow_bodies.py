"""A body must come: without a long pause, and no slower than slow lines are. What is done with it does not count."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from aiohttp import StreamReader, web

T = TypeVar("T")
IDLE_S = 15.0  # without a byte
GRACE_S, LEAST_RATE = 30.0, 1_000.0  # seconds, then bytes a second from the beginning on


class ComingBody:
    """How a body has come so far. A large one on a slow line takes its time; one that drips holds nothing for long."""

    def __init__(self, content: StreamReader) -> None:
        self._content = content
        self._waited = 0.0  # seconds, for the client alone

    async def next(self, part: Awaitable[T]) -> T:
        """The next part. Raises TimeoutError: it does not come, or all of it comes too slowly."""
        now = asyncio.get_running_loop().time
        left = GRACE_S + self._content.total_bytes / LEAST_RATE - self._waited
        began = now()
        async with asyncio.timeout(min(IDLE_S, left)):
            found = await part
        self._waited += now() - began
        return found


async def whole_body(request: web.Request) -> bytes:
    """All of a body. Raises TimeoutError as ``ComingBody``, HTTPRequestEntityTooLarge."""
    coming, found = ComingBody(request.content), bytearray()
    while chunk := await coming.next(request.content.readany()):
        found += chunk
        if len(found) >= request.client_max_size:
            raise web.HTTPRequestEntityTooLarge(max_size=request.client_max_size, actual_size=len(found))
    return bytes(found)
