"""Notes of calls for agents: written in their order, however long the database is away."""

from __future__ import annotations

import asyncio
import datetime as dt
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agi_app.dialer.agents import availability
from agi_app.dialer.calls_for_agents import calls_for_all, waits_for_agents
from agi_app.errors import StoreError
from agi_app.store.calling.agents import Note
from tests.fake_clock import FakeClock

NOW = dt.datetime(2026, 3, 4, tzinfo=dt.UTC)


async def test_notes_wait_for_the_database_and_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    away = [True, True, False]

    async def note(_store: object, batch: list[Note]) -> None:
        if away and away.pop(0):
            raise StoreError("away")
        written.extend(one.attempt_id for one in batch)

    monkeypatch.setattr(availability, "store", SimpleNamespace(note=note))
    monkeypatch.setattr(availability, "FIRST_RETRY_S", 0.001)
    notes = availability.Notes(cast(Any, SimpleNamespace(clock=FakeClock(NOW), store=None)))
    await notes.all_written()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(notes.run())
        notes.answered("a")
        notes.met("b")
        notes.parted("c")
        await notes.all_written()
        running.cancel()
    assert written == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("look", "why"), [("the queue is not known", "it is not known which"), ((0, 2), "(2 busy)"), ((1, 0), None)]
)
def test_without_a_free_agent_no_call_begins(look: Any, why: str | None) -> None:
    agents = SimpleNamespace(to="sales", pacing="progressive")
    running = cast(Any, SimpleNamespace(line=SimpleNamespace(campaign=SimpleNamespace(agents=agents))))
    found = look if isinstance(look, str) else SimpleNamespace(agents=SimpleNamespace(free=look[0], busy=look[1]))
    watch = cast(Any, SimpleNamespace(look_of=lambda _: found))
    held = waits_for_agents(running, watch)
    assert (held is None) if why is None else (held is not None and why in held.text)
    assert "for all agents sales" in calls_for_all(running, watch).text
