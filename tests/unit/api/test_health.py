"""What a probe of the service is told while the database does not answer: soon, and without more questions to it."""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast

import pytest
from aiohttp import ClientSession, web

from agi_app.api import health
from agi_app.errors import StoreError
from agi_app.operations.service import health as operations


@pytest.mark.parametrize(("fault", "status"), [(None, 200), (StoreError("away"), 503)])
async def test_it_is_ready_while_the_database_answers(
    monkeypatch: pytest.MonkeyPatch, fault: Exception | None, status: int
) -> None:
    async def answers(_: object) -> None:
        if fault is not None:
            raise fault

    monkeypatch.setattr(operations, "database_answers", answers)
    assert await _statuses(1) == [status]


async def test_a_database_that_hangs_is_asked_once_and_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    async def hangs(_: object) -> None:
        asked.append(1)
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            await asyncio.sleep(10)  # as psycopg, which asks a server that hangs to cancel
            raise

    monkeypatch.setattr(operations, "database_answers", hangs)
    began = time.monotonic()
    assert await _statuses(3) == [503, 503, 503]
    assert time.monotonic() - began < 2.0
    assert len(asked) == 1


async def _statuses(times: int) -> list[int]:
    """Of so many probes at once."""
    app = web.Application()
    health.add_health(app, cast(Any, None))
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with ClientSession(base_url=f"http://127.0.0.1:{runner.addresses[0][1]}") as http:

            async def one() -> int:
                async with http.get("/health/ready") as answer:
                    return answer.status

            return await asyncio.gather(*(one() for _ in range(times)))
    finally:
        await runner.cleanup()


async def test_a_scrape_waits_for_no_database_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prometheus gives up after its own time; who scrapes meanwhile asks the database nothing more."""
    monkeypatch.setattr(health, "SCRAPED_WITHIN_S", 0.05)
    asked, go_on = [], asyncio.Event()

    async def figures() -> bytes:
        asked.append(1)
        await go_on.wait()
        return b"agi_app_up 1.0"

    scrape = health.Scrape(figures)
    assert [await scrape.page() for _ in range(3)] == [None] * 3
    go_on.set()
    assert await scrape.page() == b"agi_app_up 1.0"
    assert len(asked) == 1


async def test_a_scrape_of_a_database_that_says_no_has_no_page() -> None:
    async def figures() -> bytes:
        raise StoreError("database x: is away")

    assert await health.Scrape(figures).page() is None
