"""What a worker answers to those who watch it, and on whose word."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from pydantic import ValidationError

from agi_app.config.monitor import MonitorSettings
from agi_app.monitoring import server
from agi_app.monitoring.holding import Holding
from agi_app.monitoring.server import MonitorServer


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


async def figures() -> bytes:
    return b"agi_app_dialling 1.0\n"


@asynccontextmanager
async def serving(holdings: list[Holding], **settings: Any) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    made = MonitorSettings(**{"port": free_port(), **settings})
    task = asyncio.create_task(MonitorServer(made, lambda: holdings, figures).run())
    async with aiohttp.ClientSession() as client:
        yield client, f"http://127.0.0.1:{made.port}"
    task.cancel()
    await asyncio.wait([task])


async def ask(client: aiohttp.ClientSession, url: str, **headers: str) -> tuple[int, Any]:
    async with asyncio.timeout(10):
        while True:
            try:
                async with client.get(url, headers=headers) as answer:
                    is_json = answer.content_type == "application/json"
                    return answer.status, await answer.json() if is_json else await answer.text()
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.02)


async def test_it_is_not_ready_while_a_fault_keeps_it_from_dialling() -> None:
    holdings: list[Holding] = []
    async with serving(holdings) as (client, url):
        assert await ask(client, f"{url}/health/ready") == (200, {"ready": True, "dialling": True, "because": []})
        holdings += [Holding("paused", "paused by li.na", wanted=True)]
        status, told = await ask(client, f"{url}/health/ready")
        assert (status, told["ready"], told["dialling"]) == (200, True, False)
        holdings += [Holding("asterisk", "no connection")]
        status, told = await ask(client, f"{url}/health/ready")
        assert (status, told["ready"], [one["code"] for one in told["because"]]) == (503, False, ["paused", "asterisk"])
        assert await ask(client, f"{url}/health/live") == (200, {"live": True})
        assert await ask(client, f"{url}/metrics") == (200, "agi_app_dialling 1.0\n")


async def test_a_page_of_elsewhere_does_not_reach_it_by_its_own_name() -> None:
    async with serving([]) as (client, url):
        for path in ("/health/ready", "/metrics"):
            assert (await ask(client, url + path, Host="evil.example"))[0] == 421
            assert (await ask(client, url + path, Host="localhost:1"))[0] == 200
    async with serving([], host="0.0.0.0") as (client, url):
        assert (await ask(client, f"{url}/metrics", Host="worker-1.internal:8712"))[0] == 200


async def test_a_port_that_is_taken_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "AGAIN_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
        async with serving([], port=port) as (client, url):
            await asyncio.sleep(0.15)
            taken.close()
            assert (await ask(client, f"{url}/health/live"))[0] == 200


async def test_without_a_port_it_serves_nothing() -> None:
    await MonitorServer(MonitorSettings(port=0), list, figures).run()
    with pytest.raises(ValidationError):
        MonitorSettings(port=70000)
