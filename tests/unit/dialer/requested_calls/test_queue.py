"""One queue of requested calls: how many at once, what holds it, what a fault of one does to others, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agi_app.dialer.requested_calls import queue
from agi_app.dialer.requested_calls.queue import CLOSING, RequestedCalls
from agi_app.errors import RequestFailed, StoreError
from agi_app.store.requested_calls import agent_calls, requests
from agi_app.store.requested_calls.requests import RequestKind


class Call:
    """Goes on until it is told to end."""

    def __init__(self, request_id: int, fault: Exception | None) -> None:
        self.request_id, self._fault = request_id, fault
        self.over = asyncio.Event()

    async def run(self) -> None:
        if self._fault is not None:
            raise self._fault
        await self.over.wait()

    def end(self) -> None:
        self.over.set()


class Taker:
    """Has requests that wait, by id."""

    def __init__(self, kind: RequestKind, at_once: int, *ids: int, fault: Exception | None = None) -> None:
        self.kind, self.at_once, self._ids, self._fault = kind, at_once, [*ids], fault
        self.taken: list[Call] = []
        self.busy: list[list[int]] = []
        self.forbidden: Callable[[], str | None] = lambda: None

    async def take(self, going_on: Collection[int], forbidden: Callable[[], str | None]) -> Call | None:
        self.busy.append([*going_on])
        self.forbidden = forbidden
        if not self._ids:
            return None
        self.taken.append(Call(self._ids.pop(0), self._fault))
        return self.taken[-1]


class Desk:
    """The queue of a node on a database that says what waits."""

    def __init__(self) -> None:
        self.hold: str | None = None
        self.waits: set[RequestKind] | StoreError = set(RequestKind)
        self.looks = 0

    async def waiting(self, _: Any) -> set[RequestKind]:
        self.looks += 1
        if isinstance(self.waits, StoreError):
            raise self.waits
        return self.waits

    def open(self, *takers: Taker) -> RequestedCalls:
        """A queue that is run by ``running``."""
        node = SimpleNamespace(store=None, entityid="n")
        self.calls = RequestedCalls(cast(Any, node), takers, lambda: self.hold)
        self.task = asyncio.create_task(self.calls.run())
        return self.calls


@pytest.fixture
async def desk(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    async def none_left(*_: Any) -> int:
        return 0

    made = Desk()
    monkeypatch.setattr(requests, "waiting", made.waiting)
    monkeypatch.setattr(agent_calls, "end_left", none_left)
    monkeypatch.setattr(queue, "LOOK_EVERY_S", 0.001)
    yield made
    made.task.cancel()
    await asyncio.wait([made.task])


async def until(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.001)


async def test_no_more_of_a_kind_than_may_be_at_once_and_the_others_do_not_wait_for_it(desk: Desk) -> None:
    two = Taker(RequestKind.REHEARSAL, 2, 1, 2, 3)
    agents = Taker(RequestKind.AGENT, 9, 7, 8)
    desk.open(two, agents)
    await until(lambda: len(agents.taken) == 2)
    looks = desk.looks
    await until(lambda: desk.looks > looks + 3)
    assert [call.request_id for call in two.taken] == [1, 2]
    assert two.busy == [[], [1]], "those that go on are passed over"
    two.taken[0].over.set()
    await until(lambda: len(two.taken) == 3)


async def test_nothing_is_looked_for_while_nobody_may_be_dialled_nor_what_does_not_wait(desk: Desk) -> None:
    desk.hold, desk.waits = "the database is an old copy", {RequestKind.AGENT}
    agents, proofs = Taker(RequestKind.AGENT, 9, 1), Taker(RequestKind.VERIFICATION, 1, 1)
    desk.open(agents, proofs)
    await asyncio.sleep(0.02)
    assert desk.looks == 0
    desk.hold = None
    await until(lambda: agents.taken != [])
    assert proofs.busy == []


async def test_a_call_that_fails_and_a_database_that_is_away_end_nothing_else(desk: Desk) -> None:
    desk.waits = StoreError("database x: is away")
    bad = Taker(RequestKind.CALL_BACK, 1, 1, 2, fault=RequestFailed("create", 0, "no answer"))
    good = Taker(RequestKind.AGENT, 9, 1)
    desk.open(bad, good)
    await until(lambda: desk.looks > 2)
    desk.waits = set(RequestKind)
    await until(lambda: len(bad.taken) == 2)
    assert (len(good.taken), desk.task.done()) == (1, False)


async def test_the_end_of_the_worker_ends_the_calls_and_takes_no_new_one(desk: Desk) -> None:
    one = Taker(RequestKind.VERIFICATION, 1, 1, 2)
    calls = desk.open(one)
    await until(lambda: one.taken != [])
    assert one.forbidden() is None
    calls.close()
    await calls.ended()
    assert one.taken[0].over.is_set()
    assert one.forbidden() == CLOSING, "also a call that was taken and has not been dialled yet"
    looks = desk.looks
    await asyncio.sleep(0.02)
    assert (len(one.taken), desk.looks) == (1, looks)


async def test_the_worker_does_not_wait_for_ever_for_a_call_that_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "CLOSE_S", 0.01)
    one = Taker(RequestKind.AGENT, 1, 1)
    calls = desk.open(one)
    await until(lambda: one.taken != [])
    monkeypatch.setattr(one.taken[0], "end", lambda: None)  # both talk
    calls.close()
    await calls.ended()
    assert not one.taken[0].over.is_set()
