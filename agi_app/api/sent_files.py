"""Sends a file that was opened, some of it at a time; nothing on the way keeps it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import IO

from aiohttp import web

AT_ONCE = 256 * 1024  # bytes
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


def sending(
    file: IO[bytes], size: int, media_type: str, name: str, more: Mapping[str, str] = NO_HEADERS
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """What a route with ``stream`` gives: it sends the file to be saved under this name, and closes it.

    ``more``: headers.
    """

    async def begin(request: web.Request) -> web.StreamResponse:
        with file:
            response = web.StreamResponse(headers={**more, "Content-Type": media_type})
            response.content_length = size
            response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
            response.headers["Cache-Control"] = "no-store"
            response.headers["X-Content-Type-Options"] = "nosniff"
            await response.prepare(request)
            while chunk := await asyncio.to_thread(file.read, AT_ONCE):
                await response.write(chunk)
            return response

    return begin
