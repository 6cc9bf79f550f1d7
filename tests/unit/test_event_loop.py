"""A read of a socket takes a small piece of memory, whatever waits in the kernel; the service runs on such a loop."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import Mock

import pytest

from agi_app import app, log
from agi_app.cli import service
from agi_app.event_loop import READ_SIZE, SmallReads, in_background, spare_collections

MESSAGE = bytes(range(256)) * 300  # 75 KiB, more than one read


class Reader(asyncio.Protocol):
    """Keeps the pieces as they come."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.ended = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self.pieces.append(data)

    def connection_lost(self, fault: Exception | None) -> None:
        self.ended.set_result(None)


def test_all_arrives_in_pieces_of_the_read_size() -> None:
    async def receive(end: socket.socket) -> list[bytes]:
        _, reader = await asyncio.get_running_loop().create_connection(Reader, sock=end)
        async with asyncio.timeout(5.0):
            await reader.ended
        return reader.pieces

    near, far = socket.socketpair()
    with far:
        far.sendall(MESSAGE)
    with asyncio.Runner(loop_factory=SmallReads) as runner:
        pieces = runner.run(receive(near))
    assert b"".join(pieces) == MESSAGE
    assert max(map(len, pieces)) == READ_SIZE


def test_the_worker_runs_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def installation(_: object) -> AsyncIterator[Mock]:
        yield Mock()

    @asynccontextmanager
    async def take_over(*_: object) -> AsyncIterator[None]:
        yield

    loops: list[asyncio.AbstractEventLoop] = []

    async def run_worker(*_: object) -> None:
        loops.append(asyncio.get_running_loop())

    monkeypatch.setattr(service, "settings_of", lambda _: None)
    monkeypatch.setattr(service, "installation", installation)
    monkeypatch.setattr(service, "take_over", take_over)
    monkeypatch.setattr(app, "run_worker", run_worker)
    monkeypatch.setattr(log, "configure", lambda **_: None)
    service.run(Path())
    assert [type(loop) for loop in loops] == [SmallReads]


def test_a_started_worker_is_not_looked_through_again() -> None:
    """Only what came later is: a full collection has less to do than one of all that was loaded."""
    try:
        spare_collections()
        assert gc.get_freeze_count() > 10_000
        assert len(gc.get_objects()) < gc.get_freeze_count() // 10
    finally:
        gc.unfreeze()


def test_work_in_the_background_returns_and_raises_and_is_not_waited_for_when_cancelled() -> None:
    hold = threading.Event()

    async def use() -> int:
        with pytest.raises(ZeroDivisionError):
            await in_background(lambda: 1 // 0)
        task = asyncio.get_running_loop().create_task(in_background(hold.wait))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await in_background(max, 1, 2)

    began = time.monotonic()
    assert asyncio.run(use()) == 2
    assert time.monotonic() - began < 5
    hold.set()
