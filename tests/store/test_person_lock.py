"""Whom one worker decides about, no other may call: several claimers, two campaigns with the same people, a cap of one.

The first claimer stands still between its facts and its commit, as on a slow machine; all others go on. Without the
lock on the persons they would call people whose facts the first has read already, and then it would call them again:
the index on open attempts does not help, for by then their calls are over.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import threading

import pytest

from agi_app.gate.decide import Decision, decide
from agi_app.gate.facts import Facts
from agi_app.model.call import Claim
from agi_app.model.campaign import Campaign
from agi_app.store.calling import claims, concurrent_slots
from agi_app.store.calling.claims import Nobody
from tests.store.conftest import open_store
from tests.store.world import World, campaign

pytestmark = pytest.mark.postgres
PEOPLE = range(12)
HELD = 8  # people whom the first claimer decides about
PATIENCE_S = 60.0


class Halted:
    """A claimer in a thread of its own; it stands still with its facts in hand until ``go_on``."""

    def __init__(self, url: str, wanted: Campaign) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()
        self.called: list[int] = []
        self._url, self._wanted = url, wanted

    def run(self) -> None:
        """One claim and its calls."""
        asyncio.run(self._work())

    async def _work(self) -> None:
        store = await open_store(self._url)
        world = World(store)

        def judge(facts: Facts, now: dt.datetime) -> Decision:
            self.reached.set()
            self.go_on.wait(PATIENCE_S)
            return decide(facts, self._wanted, True, world.rules, now)

        try:
            batch = await claims.claim(store, self._wanted, HELD, world.terms, judge)
            await call_all(world, batch.claims, self.called)
        finally:
            await store.close()


async def call_all(world: World, claimed: tuple[Claim, ...], called: list[int]) -> None:
    """Dial and finish each."""
    for claim in claimed:
        await world.call(claim)
        called.append(claim.person_id)


async def call_until_nobody_is_due(world: World, wanted: Campaign, called: list[int]) -> None:
    """What a worker does, a few people at a time."""
    async with asyncio.timeout(PATIENCE_S):
        while (batch := await world.claim(wanted, 3)).short is not Nobody.DUE:
            await call_all(world, batch.claims, called)


async def test_whom_one_worker_decides_about_nobody_else_calls(world: World, database_url: str) -> None:
    """The others call the rest meanwhile, wait for nobody, and each person is called once."""
    one, two = await world.running(campaign("one"), PEOPLE), await world.running(campaign("two"), PEOPLE)
    async with world.store.transaction() as sizing:  # else the first claim would do it, and all others wait for it
        await concurrent_slots.lease(sizing, concurrent_slots.of_trunk(one.trunk), world.terms.trunk_limit, 0)
        for wanted in (one, two):
            await concurrent_slots.lease(sizing, concurrent_slots.of_campaign(wanted.name), wanted.pace.concurrent, 0)
    first, others = Halted(database_url, one), list[int]()
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.to_thread(first.run))
        try:
            assert await asyncio.to_thread(first.reached.wait, PATIENCE_S)
            await asyncio.gather(*(call_until_nobody_is_due(world, wanted, others) for wanted in (one, two) * 2))
        finally:
            first.go_on.set()
    twice = {person for person in first.called if person in others}
    assert not twice, f"{len(twice)} persons were called twice"
    assert (len(first.called), len(others)) == (HELD, len(PEOPLE) - HELD)
    assert await world.value("SELECT max(n) FROM (SELECT count(*) AS n FROM attempt GROUP BY person_id) a") == 1
