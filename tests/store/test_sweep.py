"""After a crash: what was not dialled goes back, what may have been counts, and no slot stays taken."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from agi_app.model.call import CallResult, Outcome
from agi_app.store.calling import nodes, reports, tallies
from agi_app.store.calling.dead_workers import SILENT_FOR, SweepResult, dead_nodes, sweep
from agi_app.store.database import checks
from agi_app.store.database.pool import Store
from tests.store import one
from tests.store.world import HUMAN, World, campaign

pytestmark = pytest.mark.postgres
SHORT = dt.timedelta(microseconds=1)


def rule(state: str) -> CallResult | None:
    """As calls.attempt has it: claimed goes back, dialling is interrupted."""
    return None if state == "claimed" else CallResult(Outcome.INTERRUPTED)


async def test_a_node_that_starts_again_sweeps_its_own_attempts(world: World, store: Store) -> None:
    """Claimed goes back; dialled is interrupted, counts, and is not retried by itself."""
    wanted = await world.running(campaign(), [1, 2])
    claimed, dialled = (await world.claim(wanted)).claims
    assert await one.mark(store, dialled, "node-1")
    assert await sweep(store, "node-2", rule) == SweepResult(0, 0)
    assert await sweep(store, "node-1", rule) == SweepResult(1, 1)
    assert await sweep(store, "node-1", rule) == SweepResult(0, 0)
    assert await world.value("SELECT count(*) FROM slot WHERE attempt_id IS NOT NULL") == 0
    (row,) = await reports.attempt_rows(store, wanted.name)
    assert (row.attempt_id, row.outcome, row.counts) == (dialled.attempt_id, "interrupted", True)
    again = await world.claim_one(wanted)
    assert (again.contact_id, again.attempt_number) == (claimed.contact_id, 1)
    counts = await tallies.of_campaign(store, wanted.name)
    assert (counts.total, counts.contacts) == (2, {"done": 1, "claimed": 1})


async def test_leases_of_a_dead_node_are_swept_by_another(world: World, store: Store) -> None:
    """Only those that ran out; the attempts of a living node stay."""
    wanted = await world.running(campaign(), [1, 2])
    (dead,) = (await world.claim(wanted, 1, node="node-2", lease=SHORT)).claims
    alive = await world.claim_one(wanted)
    assert await sweep(store, None, rule) == SweepResult(1, 0)
    assert await one.mark(store, dead, "node-2") is None
    assert await one.mark(store, alive, "node-1")


async def test_the_true_result_replaces_the_sweeps_guess(world: World, store: Store) -> None:
    """A worker that was cut off from the database, but not from the call, still delivers its result once."""
    wanted = await world.running(campaign(), [1])
    (claim,) = (await world.claim(wanted, 1, lease=dt.timedelta(milliseconds=300))).claims
    assert await one.mark(store, claim, "node-1")
    async with store.connection() as connection:
        await connection.execute("UPDATE attempt SET lease_until = clock_timestamp()")
    assert await sweep(store, None, rule) == SweepResult(0, 1)
    assert await one.finish(store, claim.attempt_id, HUMAN, None, True)
    assert not await one.finish(store, claim.attempt_id, CallResult(Outcome.BUSY), None, True)
    assert (await reports.tallies_of(store, wanted.name)).outcomes == {"human": 1}
    (status,) = await reports.contact_rows(store, wanted.name)
    assert (status.state, status.last_outcome, status.disposition, status.attempts_made) == (
        "done",
        "human",
        "confirmed",
        1,
    )


async def test_what_a_dead_node_left_is_swept_at_once(world: World, store: Store) -> None:
    """Long before its leases end, when it is silent and its lock is free; not while one of the two is not so."""
    wanted = await world.running(campaign(), [1, 2])
    claimed, dialled = (await world.claim(wanted, node="node-2")).claims
    assert await one.mark(store, dialled, "node-2")
    await nodes.register_node(store, "node-2", "the one that dies")
    lock = await store.worker_lock("node-2")
    assert lock is not None

    async def silent_for(seconds: int) -> None:
        async with store.connection() as connection:
            await connection.execute("UPDATE node SET seen_at = clock_timestamp() - %s * interval '1 s'", (seconds,))

    await silent_for(60)
    assert await dead_nodes(store) == []
    assert await sweep(store, None, rule) == SweepResult(0, 0)  # it waits for a slow database
    await lock.release()
    await silent_for(2)
    assert await sweep(store, None, rule) == SweepResult(0, 0)  # it lost its lock a moment ago, and takes it again
    await silent_for(6)
    await _server_is_up_for(store, SILENT_FOR)
    assert await dead_nodes(store) == ["node-2"]
    assert await sweep(store, None, rule) == SweepResult(1, 1)
    assert await one.mark(store, claimed, "node-2") is None
    assert await world.value("SELECT count(*) FROM slot WHERE attempt_id IS NOT NULL") == 0


async def test_who_was_given_back_is_among_the_first_again(world: World, store: Store) -> None:
    """Not behind a million others who were due at the same time."""
    wanted = await world.running(campaign(), [1, 2, 3])
    (first,) = (await world.claim(wanted, 1, node="node-2", lease=SHORT)).claims
    assert await sweep(store, None, rule) == SweepResult(1, 0)
    assert (await world.claim_one(wanted)).contact_id == first.contact_id


async def _server_is_up_for(store: Store, duration: dt.timedelta) -> None:
    """A test that comes first would be too early: after a start of the server nobody is taken for dead at once."""
    left = await nodes.database_started(store) + duration - await checks.database_now(store)
    await asyncio.sleep(max(0.0, left.total_seconds() + 0.01))
