"""Stops that the service enters by its own role: at once for whoever is a person here, and for ever by a worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from agi_app.clock import Clock
from agi_app.consent.opt_out_journal import Journal
from agi_app.consent.opt_outs import Stops
from agi_app.installation import Installation
from agi_app.model.actors import Actor, Role
from agi_app.model.campaign import Purpose
from agi_app.operations.people.stops import enter_stop, stops_take_effect
from agi_app.store.database import service_rights
from agi_app.store.database.listen import STOP_CHANNEL, Listening, Notification
from agi_app.store.database.pool import Store
from agi_app.store.people import entered_stops, stops
from agi_app.store.people.history import person_history
from tests.store import one
from tests.store.conftest import Cluster, open_store
from tests.store.world import World, campaign, hash_number, installation_for, number

pytestmark = pytest.mark.postgres


@pytest.fixture
async def service(cluster: Cluster, database_url: str) -> AsyncIterator[Store]:
    """A store with the service's role, and without a key."""
    cluster.run("ALTER ROLE agi_app_console LOGIN")
    opened = await open_store(psycopg.conninfo.make_conninfo(database_url, user=service_rights.CONSOLE.name))
    opened.hash_number = no_key
    yield opened
    await opened.close()
    cluster.run("ALTER ROLE agi_app_console NOLOGIN")


def no_key(_: str) -> bytes:
    """It has none."""
    raise AssertionError("the service has no suppression key")


@pytest.fixture
def desk(service: Store, tmp_path: Path) -> Installation:
    made = installation_for(service, Journal(tmp_path / "not-ours", Clock()))
    return replace(made, actor=Actor("anna", frozenset(Role), "api"))


async def enter(desk: Installation, n: int, purpose: Purpose | None = None) -> None:
    """Somebody at the console takes a stop."""
    await enter_stop(desk, number(n), "said so on the telephone", purpose=purpose)
    await stops_take_effect(desk)


async def test_a_known_person_is_stopped_without_a_worker(world: World, store: Store, desk: Installation) -> None:
    """What was claimed is not dialled, and whoever is being called is told of."""
    wanted = await world.running(campaign(), [1])
    claim = await world.claim_one(wanted)
    heard = store.listen(STOP_CHANNEL)
    assert await anext(heard) == Listening()
    await enter(desk, 1)
    async with asyncio.timeout(90):
        assert await anext(heard) == Notification(STOP_CHANNEL, str(claim.person_id))
    assert await one.mark(store, claim, "node-1") is None
    assert await stops.is_suppressed(store, number(1))
    history = await person_history(store, number(1))
    assert history is not None
    assert [(r.reason, r.via, r.entered_by) for r in history.revocations] == [
        ("said so on the telephone", "console", "anna")
    ]


async def test_a_worker_keeps_what_the_service_entered(
    world: World, store: Store, desk: Installation, tmp_path: Path
) -> None:
    """Known or not: in the list and in the journal, once; the numbers are gone from where they waited."""
    await world.running(campaign(), [1])
    await enter(desk, 1)
    await enter(desk, 2)
    assert not await stops.is_suppressed(store, number(2))
    journal = Journal(tmp_path, Clock())
    worker = Stops(store, journal, Clock(), "node-1")
    assert await entered_stops.keep(store, worker.keep) == 2
    await worker.flush()
    assert await stops.is_suppressed(store, number(2))
    assert [e.number_hash for e in journal.unflushed(0)] == [hash_number(number(1)), hash_number(number(2))]
    assert await store.value(int, "SELECT count(*) FROM entered_stop") == 0
    assert await store.value(int, "SELECT count(*) FROM revocation") == 2
    assert await entered_stops.keep(store, worker.keep) == 0


async def test_a_service_that_dies_after_the_entry_has_stopped_them(
    world: World, store: Store, desk: Installation, tmp_path: Path
) -> None:
    """Nothing but the row is there; the worker does the rest."""
    wanted = await world.running(campaign(), [1])
    claim = await world.claim_one(wanted)
    await enter_stop(desk, number(1), "said so")
    workers = [Stops(store, Journal(tmp_path / node, Clock()), Clock(), node) for node in ("node-1", "node-2")]
    await asyncio.gather(*(entered_stops.keep(store, worker.keep) for worker in workers))
    assert await one.mark(store, claim, "node-1") is None
    assert await store.value(int, "SELECT count(*) FROM revocation") == 1


async def test_one_purpose_leaves_the_others(world: World, store: Store, desk: Installation, tmp_path: Path) -> None:
    await world.running(campaign(), [1])
    await enter(desk, 1, Purpose.SURVEY)
    journal = Journal(tmp_path, Clock())
    assert await entered_stops.keep(store, Stops(store, journal, Clock(), "node-1").keep) == 1
    assert not await stops.is_suppressed(store, number(1))
    assert list(journal.unflushed(0)) == []
    assert await store.records("SELECT purpose FROM revocation") == [{"purpose": "survey"}]


@pytest.mark.attack("stops as a way to ask whether a number is known, rolled back")
async def test_a_stop_that_is_taken_back_tells_nothing(world: World, service: Store) -> None:
    """Its effect is not there before it is committed, and then it is a stop."""
    await world.running(campaign(), [1])
    async with service.connection() as connection:
        await connection.execute("BEGIN")
        await connection.execute("SELECT enter_stop(%s, NULL, now(), 'x', NULL, NULL, NULL, 'x')", [number(1)])
        row = await (await connection.execute("SELECT entered_stop_takes_effect() AS done")).fetchone()
        assert row == {"done": None}
        row = await (await connection.execute("SELECT count(*) AS n FROM revocation")).fetchone()
        assert row == {"n": 0}
        await connection.execute("ROLLBACK")
