"""How many connections a worker holds: more in a rush, and when nothing happens always the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from agi_app.store.database import pool
from agi_app.store.database.pool import Store
from tests.store.conftest import open_store

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

READY, RUSH = 3, 8
IDLE_S = 0.1
LOOKS = 100
OPEN = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'agi-app'"


@pytest.fixture
async def quick_store(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Store]:
    """A store that gives connections back after a tenth of a second."""
    monkeypatch.setattr(pool, "IDLE_S", IDLE_S)
    store = await open_store(database_url)
    yield store
    await store.close()


async def test_the_connections_of_a_rush_are_closed_and_those_kept_ready_stay(
    quick_store: Store, database_url: str
) -> None:
    async def busy() -> None:
        async with quick_store.connection() as connection:
            await connection.execute("SELECT pg_sleep(0.3)")

    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as outside:

        async def open_now() -> int:
            row = await (await outside.execute(OPEN)).fetchone()
            assert row is not None
            return int(row[0])

        async def becomes(count: int) -> None:
            for _ in range(LOOKS):
                if await open_now() == count:
                    return
                await asyncio.sleep(IDLE_S / 2)
            pytest.fail(f"{await open_now()} connections, not {count}")

        await quick_store.keep_ready(READY)
        await becomes(READY)
        async with asyncio.TaskGroup() as group:
            for _ in range(RUSH):
                group.create_task(busy())
            await becomes(RUSH)
        await becomes(READY)
        await asyncio.sleep(3 * IDLE_S)
        assert await open_now() == READY


async def test_who_waits_for_a_connection_ends_when_asked_in_whatever_moment(quick_store: Store) -> None:
    """Also in that in which one becomes free."""

    async def for_ever() -> None:
        while True:
            async with quick_store.connection():
                pass
            await asyncio.sleep(0.001)

    await quick_store._pool.resize(1, 1)
    for moment in range(40):
        async with quick_store.connection():
            works = asyncio.create_task(for_ever())
            await asyncio.sleep(0.02)
        for _ in range(moment % 10):
            await asyncio.sleep(0)
        works.cancel()
        _, goes_on = await asyncio.wait([works], timeout=20)
        assert not goes_on, f"asked {moment % 10} rounds of the loop after a connection became free"
