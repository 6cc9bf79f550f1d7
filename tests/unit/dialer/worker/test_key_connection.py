"""The start of a key is heard over AMI; while it is not, the worker knows why, and it connects again by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agi_app.config.ami import AmiSettings
from agi_app.config.settings import Settings
from agi_app.dialer.worker.health import Health
from agi_app.dialer.worker.key_connection import KeyWatch
from tests.unit.pbx.ami.test_ami import Send, Server

KEY = "Event: {event}\r\nPrivilege: dtmf,all\r\nUniqueid: {channel}\r\nDigit: 9\r\nDirection: {direction}\r\n\r\n"


class Pbx:
    """A manager interface that answers pings, may be told to close, and tells of keys at each ping."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.leaves = self.refuses = self.is_frozen = False
        self.server = Server(self._behave)

    async def _behave(self, action: str, number: str, send: Send) -> None:
        if self.is_frozen:
            return
        if self.leaves:
            await send(b"")
            return
        for key in self.keys:
            await send(key.encode())
        self.keys.clear()
        await send(f"Response: Success\r\nActionID: {number}\r\nPing: Pong\r\n\r\n".encode())


class Watch:
    """A watch at work."""

    def __init__(self, port: int) -> None:
        self.health, self.began = Health(), list[tuple[str, str]]()
        ami = AmiSettings(port=port, username="look", password="x", timeout=0.3)
        self._watch = KeyWatch(Settings(project=Path(), ami=ami), self.health, lambda *key: self.began.append(key))
        self.task = asyncio.ensure_future(self._watch.run())

    async def until(self, *, hears: bool) -> None:
        async with asyncio.timeout(5):
            while (self.health.keys is None) is not hears:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.01)


@asynccontextmanager
async def watched(pbx: Pbx) -> AsyncIterator[Watch]:
    listening = await asyncio.start_server(pbx.server.serve, "127.0.0.1", 0)
    watch = Watch(listening.sockets[0].getsockname()[1])
    try:
        await watch.until(hears=True)
        yield watch
    finally:
        watch.task.cancel()
        listening.close()


async def test_the_start_of_a_key_from_the_other_side_is_told_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agi_app.dialer.worker.key_connection.PING_S", 0.02)
    pbx = Pbx()
    async with watched(pbx) as watch:
        assert "Events: dtmf" in pbx.server.heard[0]
        pbx.keys = [
            KEY.format(event="DTMFBegin", channel="agi-app-1", direction="Received"),
            KEY.format(event="DTMFBegin", channel="agi-app-2", direction="Sent"),
            KEY.format(event="DTMFEnd", channel="agi-app-3", direction="Received"),
        ]
        async with asyncio.timeout(5):
            while not watch.began:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert watch.began == [("agi-app-1", "9")]


@pytest.mark.parametrize("way", ["closes", "freezes"])
async def test_a_lost_connection_is_known_at_once_and_made_again(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    monkeypatch.setattr("agi_app.dialer.worker.key_connection.PING_S", 0.05)
    pbx = Pbx()
    async with watched(pbx) as watch:
        pbx.leaves, pbx.is_frozen = way == "closes", way == "freezes"
        await watch.until(hears=False)
        assert "the start of a key is not heard, so a stop could be lost" in (watch.health.keys or "")
        pbx.leaves = pbx.is_frozen = False
        await watch.until(hears=True)
        assert pbx.server.connections >= 2


async def test_without_settings_nobody_is_called_and_the_reason_says_what_to_set() -> None:
    health = Health()
    await KeyWatch(Settings(project=Path()), health, lambda *_: None).run()
    assert "no [ami] in agi-app.toml" in (health.keys or "")


async def test_where_nobody_listens_the_reason_says_where() -> None:
    watch = Watch(1)
    await asyncio.sleep(0.1)
    watch.task.cancel()
    assert "manager interface at 127.0.0.1:1 cannot be reached" in (watch.health.keys or "")
