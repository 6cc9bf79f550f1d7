"""What asks leave after their answers, as files that no transaction can have; and stops that come with asks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from agi_app import asked
from agi_app.clock import Clock
from agi_app.errors import StoreError
from agi_app.installation import Installation
from agi_app.model.actors import Role
from agi_app.operations.calling import asks
from agi_app.store.database.pool import Store
from agi_app.store.people import entered_stops, stops
from agi_app.store.requested_calls.asks import LeftAsk, OpenAsk, Unfinished
from tests.store.test_asks import PAUSED, console, inst, nothing, state, with_token, worker
from tests.store.world import World, campaign, number

__all__ = ["console", "inst"]  # fixtures
pytestmark = pytest.mark.postgres


async def leaves(ask: OpenAsk, _prepared: object) -> Unfinished:
    """Something that no transaction can have."""
    return Unfinished({"asked": ask.ask_id}, {"file": f"of {ask.ask_id}"})


async def test_what_is_left_waits_without_private_data_until_a_worker_has_done_it(
    world: World, store: Store, inst: Installation, console: Installation
) -> None:
    """One fails, which keeps neither the others nor the next worker from theirs; nothing is answered twice."""
    await world.running(campaign(), [1])
    zhao = await with_token(inst, console, "zhao", Role.SUPERVISOR)
    numbers = [await asks.ask(zhao, "checkup", "resume", reason="x") for _ in range(3)]
    await worker(inst, prepare=nothing, do=leaves).take_all()
    kept = await store.records("SELECT private, sealed FROM open_ask ORDER BY ask_id")
    assert kept == [{"private": {"left": {"file": f"of {one}"}}, "sealed": None} for one in numbers]
    done: list[str] = []

    async def finish(left: LeftAsk) -> None:
        done.append(left.left["file"])
        if left.ask_id == numbers[0] and len(done) == 1:
            raise OSError("a read-only disk")

    await worker(inst, prepare=nothing, do=leaves).finish_all()  # one that can finish nothing
    await worker(inst, prepare=nothing, do=leaves, finish=finish).finish_all()
    assert [row["ask_id"] for row in await store.records("SELECT ask_id FROM open_ask")] == numbers[:1]
    await worker(inst, "node-2", prepare=nothing, do=leaves, finish=finish).take_all()
    assert len(done) == 3
    await worker(inst, "node-2", prepare=nothing, do=leaves, finish=finish).finish_all()
    assert done == [f"of {one}" for one in (*numbers, numbers[0])]
    assert await store.value(int, "SELECT count(*) FROM open_ask") == 0
    answers = await store.records("SELECT state, answer, node FROM ask_answer ORDER BY ask_id")
    assert answers == [{"state": "done", "answer": {"asked": one}, "node": "node-1"} for one in numbers]


async def test_a_running_worker_finishes_at_once_and_takes_asks_meanwhile(
    world: World, store: Store, inst: Installation, console: Installation
) -> None:
    await world.running(campaign(), [1])
    at_it, over = asyncio.Event(), asyncio.Event()

    async def do(ask: OpenAsk, _prepared: object) -> Mapping[str, Any] | Unfinished:
        return await leaves(ask, None) if ask.verb == "stop" else await asked.do(inst, ask, None)

    async def finish(_left: LeftAsk) -> None:
        at_it.set()
        await over.wait()

    running = asyncio.create_task(worker(inst, prepare=nothing, do=do, finish=finish).run())
    try:
        async with asyncio.timeout(90):
            await asks.ask(console, "checkup", "stop", reason="x")
            await at_it.wait()
            await asks.ask(console, "checkup", "pause", reason="x")
            while await state(store) is not PAUSED:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            assert await store.value(int, "SELECT count(*) FROM open_ask") == 1
            over.set()
            while await store.value(int, "SELECT count(*) FROM open_ask"):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_stop_that_came_with_an_ask_is_kept_before_it_is_taken(
    world: World, store: Store, inst: Installation, console: Installation
) -> None:
    await world.running(campaign(), [1])
    seen: list[bool] = []

    async def do(_ask: OpenAsk, _prepared: object) -> Mapping[str, Any]:
        seen.append(await stops.is_suppressed(store, number(9)))
        return {}

    enter = "SELECT enter_stop(%(n)s, NULL, now(), 'x', NULL, NULL, NULL, 'li.na')"
    await console.store.execute(enter, {"n": number(9)})
    await asks.ask(console, "checkup", "pause", reason="x")
    await worker(inst, prepare=nothing, do=do).take_all()
    assert seen == [True]


@pytest.mark.attack("a stop by id that shows the number, or that brings an erased one back")
async def test_the_service_stops_a_person_whose_number_it_cannot_read(
    world: World, store: Store, console: Installation
) -> None:
    await world.running(campaign(), [1, 2])
    one, two = (row["person_id"] for row in await store.records("SELECT person_id FROM person ORDER BY e164"))
    await store.execute("UPDATE person SET e164 = 'erased:2' WHERE person_id = %(two)s", {"two": two})
    now = Clock().now()
    assert await entered_stops.enter_of(console.store, one, now, "x", "li.na")
    for nobody in (two, 999_999):
        assert await entered_stops.enter_of(console.store, nobody, now, "x", "li.na") is None
    assert await entered_stops.take_effect(console.store) == 1
    assert await stops.is_suppressed(store, number(1))
    with pytest.raises(StoreError):
        await console.store.value(str, "SELECT e164 FROM entered_stop")
