"""Stops on their way from the journal into the database, and stops that are entered by hand."""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
from pathlib import Path

import pytest

from agi_app.clock import Clock
from agi_app.consent.opt_out_journal import Journal
from agi_app.consent.opt_outs import Stops
from agi_app.errors import OtherWorkerError, StoreError
from agi_app.installation import Installation
from agi_app.model.campaign import Purpose
from agi_app.operations.people import stops as entered
from agi_app.store.calling import nodes
from agi_app.store.database.pool import Store
from agi_app.store.people import stops
from agi_app.store.people.history import person_history
from tests.fake_clock import FakeClock
from tests.store import one
from tests.store.world import World, campaign, installation_for, number

pytestmark = pytest.mark.postgres
NODE = "node-1"


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path, Clock())


@pytest.fixture
def desk(store: Store, journal: Journal) -> Installation:
    return installation_for(store, journal)


@pytest.fixture
def service(store: Store, journal: Journal) -> Stops:
    return Stops(store, journal, Clock(), NODE)


async def test_a_key_press_becomes_a_stop_with_its_reason(
    world: World, store: Store, service: Stops, journal: Journal
) -> None:
    await world.running(campaign(), [1])
    await service.take(number(1), "key")
    assert [e.via for e in journal.unflushed(0)] == ["key"]
    await service.flush()
    assert await stops.is_suppressed(store, number(1))
    history = await person_history(store, number(1))
    assert history is not None
    assert [(r.reason, r.via) for r in history.revocations] == [("the opt-out key was pressed", "key")]


@pytest.mark.attack("row 23: a stop in a call that waits for other work of the worker")
async def test_a_stop_is_written_while_all_other_threads_are_busy(service: Stops, journal: Journal) -> None:
    """Recordings, codes and files take threads for seconds."""
    done = threading.Event()
    busy = [asyncio.create_task(asyncio.to_thread(done.wait)) for _ in range(100)]
    try:
        await asyncio.sleep(0)
        async with asyncio.timeout(90):
            await service.take(number(1), "key")
    finally:
        done.set()
        await asyncio.gather(*busy)
    assert [e.via for e in journal.unflushed(0)] == ["key"]


async def test_a_worker_that_must_end_leaves_no_stop_behind(store: Store, service: Stops) -> None:
    """Its node may never start again, and other nodes go on calling."""

    async def worker() -> None:
        async with service.flushed_in_the_end():
            await service.take(number(1), "key")
            raise OtherWorkerError("another worker has our application")

    with pytest.raises(OtherWorkerError):
        await worker()
    assert await stops.is_suppressed(store, number(1))
    assert not service.pending


async def test_a_stop_of_an_earlier_run_is_suppressed_without_its_number(
    world: World, store: Store, journal: Journal
) -> None:
    """After a crash the journal has only the hash; that is enough to end and to refuse every call."""
    wanted = await world.running(campaign(), [1])
    claim = await world.claim_one(wanted)
    journal.append(store.hash_number(number(1)), "key")
    fresh = Stops(store, journal, Clock(), NODE)
    assert fresh.pending
    assert await fresh.flush() == 1
    assert await one.mark(store, claim, NODE) is None
    assert (await world.claim(wanted)).refused == 1


async def test_replaying_the_whole_journal_changes_nothing(world: World, store: Store, service: Stops) -> None:
    await world.running(campaign(), [1])
    await service.take(number(1), "key")
    await service.flush()
    service.replay()
    assert await service.flush() == 1
    assert await world.value("SELECT count(*) FROM suppression") == 1
    assert await world.value("SELECT count(*) FROM revocation") == 1


async def test_a_flush_does_not_hide_why_the_worker_holds(store: Store, service: Stops) -> None:
    await nodes.register_node(store, NODE, "here")
    await nodes.beat(store, NODE, 0, flushed=True, waiting_reason="no connection to Asterisk")
    await service.take(number(1), "key")
    await service.flush()
    (row,) = await nodes.all_nodes(store)
    assert row.waiting_reason == "no connection to Asterisk"


async def test_a_stop_by_hand_is_on_disk_and_in_the_database(
    world: World, store: Store, journal: Journal, desk: Installation
) -> None:
    wanted = await world.running(campaign(), [1])
    await world.claim_one(wanted)
    answer = await entered.stop(desk, number(1), "wrote a letter")
    assert (answer.ended, answer.waiting) == (1, None)
    assert len(list(journal.unflushed(0))) == 1
    assert await stops.is_suppressed(store, number(1))


async def test_a_stop_by_hand_is_safe_though_the_database_goes_away(
    journal: Journal, desk: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise StoreError("database x: is away")

    monkeypatch.setattr(stops, "revoke", away)
    answer = await entered.stop(desk, number(1), "called us")
    assert answer.waiting is not None
    assert "safe in the journal" in answer.waiting
    assert "is away" in answer.waiting
    assert len(list(journal.unflushed(0))) == 1


async def test_a_withdrawal_for_one_purpose_leaves_the_others(
    world: World, store: Store, journal: Journal, desk: Installation
) -> None:
    wanted = await world.running(campaign(), [1])
    await entered.stop(desk, number(1), "no offers", purpose=Purpose.MARKETING)
    assert not await stops.is_suppressed(store, number(1))
    assert len((await world.claim(wanted)).claims) == 1
    assert list(journal.unflushed(0)) == []


async def test_a_stop_list_counts_what_is_new_and_goes_into_the_journal(store: Store, journal: Journal) -> None:
    desk = installation_for(store, journal, FakeClock(dt.datetime(2026, 3, 4, tzinfo=dt.UTC)))
    numbers = [number(n) for n in range(50)]
    assert await entered.stop_list(desk, numbers) == 50
    assert await entered.stop_list(desk, [*numbers, number(99)]) == 1
    assert len(list(journal.unflushed(0))) == 101
    assert await stops.is_suppressed(store, number(99))
