"""Whether a database answers, asked by a new connection: for who must know while all other ones hang."""

from __future__ import annotations

import asyncio

import psycopg

WITHIN_S = 5.0


async def answers(url: str, within_s: float = WITHIN_S) -> bool:
    """Whether it lets us in within so many seconds."""
    try:
        async with asyncio.timeout(within_s):
            connection = await psycopg.AsyncConnection.connect(url)
            await connection.close()
    except (psycopg.Error, OSError, TimeoutError):
        return False
    return True
