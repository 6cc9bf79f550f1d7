"""LISTEN on its own connection, honest about the gaps.

PostgreSQL forgets notifications for a listener that is not connected. So the stream says when
listening begins (``Listening``) and when it broke (``ListenLost``): between the two everything may
have been missed, and the caller must drop its permits and check afresh.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import DictRow

from agi_app.errors import StoreError
from agi_app.store.database.statements import Connection, load_queries

Q = load_queries("database/session")
STOP_CHANNEL = "agi_app_stop"  # payload: the person_id whose calls must end
CONTROL_CHANNEL = "agi_app_control"  # payload: JSON {"campaign": …, "state": …}
PROBE_EVERY_S = 2.0
PROBE_TIMEOUT_S = 3.0
RETRY_FIRST_S = 0.1
RETRY_LONGEST_S = 2.0


@dataclass(frozen=True, slots=True)
class Listening:
    """From now on nothing is missed; what came before may have been."""


@dataclass(frozen=True, slots=True)
class Notification:
    """One message."""

    channel: str
    payload: str


@dataclass(frozen=True, slots=True)
class ListenLost:
    """The connection broke; messages are being missed until the next ``Listening``."""

    reason: str


Heard = Listening | Notification | ListenLost


async def tell_workers(connection: Connection, what: Mapping[str, str]) -> None:
    """Every worker hears of it once this transaction is committed."""
    await connection.execute(Q["notify"], {"channel": CONTROL_CHANNEL, "payload": json.dumps(what)})


async def listen(
    connect: Callable[[], Awaitable[AsyncConnection[DictRow]]], channels: tuple[str, ...]
) -> AsyncIterator[Heard]:
    """Listen until cancelled; reconnects automatically. A first connect that fails is a ``ListenLost`` too."""
    wait = RETRY_FIRST_S
    while True:
        try:
            async with await connect() as connection:
                for channel in channels:
                    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                wait = RETRY_FIRST_S
                yield Listening()
                while True:
                    async for notify in connection.notifies(timeout=PROBE_EVERY_S):
                        yield Notification(notify.channel, notify.payload)
                    # Not wait_for: before Python 3.12 it may swallow a cancellation.
                    async with asyncio.timeout(PROBE_TIMEOUT_S):
                        await connection.execute("SELECT 1")
        except (psycopg.Error, StoreError, TimeoutError) as error:
            yield ListenLost(str(error).strip() or type(error).__name__)
        await asyncio.sleep(wait)
        wait = min(wait * 2, RETRY_LONGEST_S)
