"""After a time of deafness every live call is looked up; when that fails, it is done again until it succeeds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agi_app.clock import Clock
from agi_app.dialer.live_calls import LiveCalls
from agi_app.dialer.worker import health as module
from agi_app.dialer.worker.health import Health, Worker
from agi_app.errors import StoreError
from agi_app.store.calling import nodes
from agi_app.store.database.listen import Heard, Listening, ListenLost
from agi_app.store.database.pool import Store
from agi_app.store.people import stops
from tests.store import one
from tests.store.world import TERMS, World, campaign, number

pytestmark = pytest.mark.postgres


class LiveCall:
    """A call of this worker; remembers why it was ended."""

    def __init__(self) -> None:
        self.stopped: list[str] = []

    def stop(self, reason: str, *, even_if_up: bool) -> None:
        self.stopped.append(f"{reason}, {'even if up' if even_if_up else 'unless up'}")


class Site:
    """A worker on a real database, keeping house; its Asterisk, lock and journal are well."""

    def __init__(self, store: Store, folder: Path) -> None:
        async def held() -> bool:
            return True

        self.live = LiveCalls()
        ari = SimpleNamespace(is_connected=True)
        node = SimpleNamespace(store=store, live=self.live, clock=Clock(), entityid=TERMS.node, ari=ari)
        journal = SimpleNamespace(
            position=0, pending=False, broken=None, doubt=None, overdue=False, replay=lambda: None
        )
        agents, lines = SimpleNamespace(told=dict), SimpleNamespace(paused_trunks=lambda _: {})
        self._dialer: Any = SimpleNamespace(
            control_changed=lambda: None, waiting_reason=None, waiting_reasons=dict, agents=agents, lines=lines
        )
        lock, health = SimpleNamespace(still_held=held), Health()
        health.keys = None  # as the watch of the manager interface says while it hears
        self.worker = Worker(cast(Any, node), cast(Any, journal), cast(Any, lock), health, folder, lambda: None)

    async def hears(self, heard: Heard) -> None:
        """What the listening connection tells."""
        await self.worker._obey(heard, self._dialer)

    async def keep_house(self) -> None:
        """Until cancelled."""
        await self.worker.keep_house(self._dialer)


@pytest.fixture
async def site(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    """The worker; it dials, for all is well."""
    monkeypatch.setattr(module, "HOUSEKEEPING_S", 0.1)
    await nodes.register_node(store, TERMS.node, "this one")
    made = Site(store, tmp_path)
    async with asyncio.TaskGroup() as group:
        keeping_house = group.create_task(made.keep_house())
        await made.hears(Listening())
        await until(lambda: made.worker.waiting_reason() is None)
        yield made
        keeping_house.cancel()


async def until(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


async def test_a_stop_that_was_missed_ends_the_call_though_the_first_checks_failed(
    world: World, store: Store, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No second word comes that the connection is up: the worker asks again by itself, and dials nobody before."""
    wanted = await world.running(campaign(), [1, 2])
    calls = {}
    for claim in (await world.claim(wanted)).claims:
        assert await one.mark(store, claim, TERMS.node)
        calls[claim.number] = LiveCall()
        site.live.add(claim, cast(Any, calls[claim.number]))
    check, faults = stops.live_check, 2

    async def at_first_away(*arguments: Any) -> Any:
        nonlocal faults
        if faults:
            faults -= 1
            assert site.worker.waiting_reason() is not None
            raise StoreError("database x: the connection was closed")
        return await check(*arguments)

    monkeypatch.setattr(stops, "live_check", at_first_away)
    await site.hears(ListenLost("the connection was closed"))
    await stops.revoke(store, number(1), None, await world.now(), reason="said so", via="letter")
    await site.hears(Listening())
    assert "not heard" in (site.worker.waiting_reason() or "")
    await until(lambda: site.worker.waiting_reason() is None)
    assert faults == 0
    assert calls[number(1)].stopped == ["person_stopped, even if up"]
    assert calls[number(2)].stopped == []
