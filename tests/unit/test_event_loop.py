"""The service runs on uvloop, collects little garbage, and waits for no thread that it gave up."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import Mock

import pytest
import uvloop

from agi_app import app, log
from agi_app.cli.service import run_migrate
from agi_app.event_loop import in_background, pass_on, spare_collections, told_to_end


def test_the_worker_runs_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def installation(*_: object, **__: object) -> AsyncIterator[Mock]:
        yield Mock()

    @asynccontextmanager
    async def take_over(*_: object) -> AsyncIterator[None]:
        yield

    loops: list[asyncio.AbstractEventLoop] = []

    async def run_worker(*_: object) -> None:
        loops.append(asyncio.get_running_loop())

    monkeypatch.setattr(run_migrate, "settings_of", lambda _: None)
    monkeypatch.setattr(run_migrate, "installation", installation)
    monkeypatch.setattr(run_migrate, "take_over", take_over)
    monkeypatch.setattr(app, "run_worker", run_worker)
    monkeypatch.setattr(log, "configure", lambda **_: None)
    run_migrate.run(Path())
    assert [type(loop) for loop in loops] == [uvloop.Loop]


def test_a_started_worker_is_not_looked_through_again() -> None:
    """Only what came later is: a full collection has less to do than one of all that was loaded."""
    thresholds, before = gc.get_threshold(), gc.get_freeze_count()
    loaded: list[list[object]] = [[] for _ in range(20_000)]
    try:
        spare_collections()
        assert gc.get_freeze_count() >= before + len(loaded)
        assert len(gc.get_objects()) < len(loaded) // 10
    finally:
        gc.set_threshold(*thresholds)


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


@pytest.mark.parametrize(("terminal", "expected"), [(False, ["again", "again"]), (True, ["end"])])
async def test_sighup_means_the_settings_or_the_end(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, expected: list[str]
) -> None:
    """A service is told to read them again; a process whose terminal went away ends in order."""
    monkeypatch.setattr(os, "isatty", lambda number: terminal and number == 2)
    heard: list[str] = []
    with told_to_end(lambda: None, lambda: heard.append("again")) as told:
        for _ in range(2 - terminal):
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(0.05)
        heard += ["end"] * told.is_set()
    assert heard == expected
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_DFL


async def test_an_event_is_passed_on() -> None:
    one, other = asyncio.Event(), asyncio.Event()
    passing = asyncio.ensure_future(pass_on(one, other))
    await asyncio.sleep(0)
    assert not other.is_set()
    one.set()
    await passing
    assert other.is_set()
