"""What a manager of services hears of a worker: when it is ready, and in what words why nobody is called."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from agi_app import service_manager
from agi_app.dialer.worker import supervision
from agi_app.dialer.worker.supervision import PATIENCE_S, Supervision
from agi_app.model.waiting_reason import NOBODY_DUE, PACE, WaitingReason
from agi_app.service_manager import ServiceManager
from tests.fake_clock import FakeClock
from tests.unit.gate_cases import NOW
from tests.unit.service_manager_socket import Listener, listening


class Surroundings:
    """A worker and its dialer as they are seen from outside."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.clock = FakeClock(NOW)
        self.calls, self.is_ending, self.well = 0, False, True
        self.waiting_reason: str | None = "starting"
        self.running: dict[str, object] = {}
        self.held: dict[str, WaitingReason] = {}
        self.lines = self
        self.manager = ServiceManager(listener.environment)
        here = cast(Any, self)
        self.supervision = Supervision(self.manager, here, here, cast(Any, self.clock))

    def holds_its_own(self) -> bool:
        return self.well

    def waiting_reasons(self) -> dict[str, WaitingReason]:
        return self.held


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Surroundings]:
    monkeypatch.setattr(supervision, "LOOK_S", 0.005)
    monkeypatch.setattr(service_manager, "TELL_EVERY_S", 0.005)
    with listening(tmp_path) as listener:
        world = Surroundings(listener)
        with closing(world.manager):
            yield world


async def heard(world: Surroundings) -> list[str]:
    """All but signs of life, which must be there."""
    await asyncio.sleep(0.03)
    came = world.listener.heard()
    assert "WATCHDOG=1" in came
    return [word for word in came if word != "WATCHDOG=1"]


async def test_it_is_ready_when_it_dials(world: Surroundings) -> None:
    watch = asyncio.ensure_future(world.supervision.run())
    assert await heard(world) == ["STATUS=starting"]
    world.waiting_reason = "the start of a key is not heard yet"
    assert await heard(world) == ["STATUS=starting: the start of a key is not heard yet"]
    world.waiting_reason = None
    assert await heard(world) == ["STATUS=dialling: no campaign has anybody to call now, 0 calls now", "READY=1"]
    watch.cancel()


async def test_a_pause_does_not_make_a_start_fail(world: Surroundings) -> None:
    """A worker that has its Asterisk, its database and its lines takes stops and incoming calls, whoever paused."""
    watch = asyncio.ensure_future(world.supervision.run())
    world.waiting_reason = "everything is paused"
    assert "READY=1" not in await heard(world)
    world.clock.advance(PATIENCE_S + 1)
    assert await heard(world) == ["STATUS=nobody is dialled: everything is paused", "READY=1"]
    watch.cancel()


async def test_without_its_asterisk_or_its_database_it_is_never_ready(world: Surroundings) -> None:
    watch = asyncio.ensure_future(world.supervision.run())
    world.waiting_reason, world.well = "no connection to Asterisk", False
    assert await heard(world) == ["STATUS=starting: no connection to Asterisk"]
    world.clock.advance(10 * PATIENCE_S)
    assert await heard(world) == []
    world.well = True
    assert "READY=1" in await heard(world)
    watch.cancel()


def test_it_names_the_campaigns_that_are_held_back(world: Surroundings) -> None:
    world.waiting_reason, world.calls = None, 1
    world.running = dict.fromkeys(("autumn", "spring"))
    assert world.supervision.status() == "dialling: 2 campaigns, 1 call now"
    world.held = {"spring": WaitingReason(NOBODY_DUE, "nobody is due now")}
    assert world.supervision.status() == "dialling: 2 campaigns, 1 call now; spring: nobody is due now"
    for name in ("summer", "winter", "advent"):
        world.held[name] = WaitingReason(PACE["campaign"], "its pace")
    told = world.supervision.status()
    assert told.startswith("dialling: 5 campaigns, 1 call now; advent: its pace; spring: nobody is due now; summer: ")
    assert told.endswith("; 1 more campaign")
    assert "winter" not in told


def test_from_its_end_on_it_says_so(world: Surroundings) -> None:
    world.waiting_reason, world.calls, world.is_ending = "everything is paused", 3, True
    assert world.supervision.status() == "ending: 3 calls now"
