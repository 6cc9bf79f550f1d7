"""A database is bound to one clock for good: what a sandbox's clock wrote never holds for real calls."""

from __future__ import annotations

import datetime as dt

import pytest

from agi_app.clock import SandboxClock
from agi_app.errors import SafetyError
from agi_app.store.calling.facts import begin
from agi_app.store.database import checks
from agi_app.store.database.pool import Store
from agi_app.store.people import caller_ids
from agi_app.store.people.caller_ids import CallerIdProof
from tests.store.world import CALLER_ID, World, campaign, number

pytestmark = pytest.mark.postgres
FAR = dt.datetime(2045, 6, 1, 10, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


@pytest.mark.attack("row 8: a sandbox clock of 2045 on the database of real calls")
async def test_a_database_of_real_calls_takes_no_sandbox_clock(world: World) -> None:
    await world.running(campaign(), [1])
    with pytest.raises(SafetyError, match="filled by the real clock"):
        await checks.rules_clock(world.store, FAR)
    assert (await checks.rules_clock(world.store, None)).name == "system"  # told now, for good
    with pytest.raises(SafetyError, match="filled by the real clock"):
        await checks.rules_clock(world.store, FAR)


@pytest.mark.attack("row 8: real calls on a sandbox's database")
async def test_a_sandboxs_database_takes_no_real_calls(store: Store) -> None:
    first = await checks.rules_clock(store, FAR)
    assert isinstance(first, SandboxClock)
    with pytest.raises(SafetyError, match="filled by a sandbox's clock"):
        await checks.rules_clock(store, None)
    await checks.rules_clock(store, FAR + DAY)  # another day of the sandbox is the same kind of clock


async def test_an_empty_database_is_bound_by_its_first_use(store: Store) -> None:
    """To look at a new project binds it to nothing."""
    await checks.rules_clock(store, None)
    await checks.rules_clock(store, FAR)


@pytest.mark.attack("row 8: proofs that hold longer than a proof can")
async def test_a_proof_of_another_clock_is_no_proof_and_hides_no_honest_one(world: World) -> None:
    now = await world.now()
    forged = CallerIdProof(CALLER_ID, "letter", None, None, "Ann", FAR, FAR + 365 * DAY)
    await caller_ids.add_proof(world.store, forged, now)
    wanted = await world.running(campaign(), [1])  # with an honest proof beside it
    assert (await world.claim_one(wanted)).number == number(1)
    async with world.store.transaction() as connection:
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute("DELETE FROM caller_id_proof WHERE expires_at < '2045-01-01'")
        start = await begin(connection, wanted, dt.timedelta(0))
    assert start is not None
    assert start.proofs == ()
