"""The kept figures of campaigns: they are what a count of the rows gives, through calls, refusals, folds and crashes.

Every store test ends with a recount (``conftest.store``), so the ways in which rows change are covered there.
"""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from agi_app.dialer.worker import tally_upkeep
from agi_app.errors import StoreError
from agi_app.model.call import CallResult, Outcome
from agi_app.store.calling import attempts, reports, tallies
from agi_app.store.database.pool import Store
from tests.store import one
from tests.store.conftest import open_store
from tests.store.world import HUMAN, TERMS, World, campaign

pytestmark = pytest.mark.postgres
CHANGES = "SELECT count(*) FROM campaign_tally_change"


async def test_figures_follow_a_campaign_from_import_to_end(world: World, store: Store) -> None:
    wanted = await world.running(campaign(), range(6), consenting=range(4))
    assert (await tallies.of_campaign(store, wanted.name)).contacts == {"pending": 6}
    claimed = (await world.claim(wanted)).claims
    found = await reports.tallies_of(store, wanted.name)
    assert found.contacts == {"claimed": 4, "parked": 2}
    assert (found.refused, found.held) == ({"consent_missing": 2}, {"consent_missing": 2})
    for claim in claimed[:2]:
        assert await one.mark(store, claim, TERMS.node)
    assert (await reports.tallies_of(store, wanted.name)).outcomes == {"dialling": 2}
    await attempts.finish(store, [attempts.Ended(claimed[0].attempt_id, HUMAN, None, True)])
    tomorrow = await world.now() + dt.timedelta(days=1)
    await attempts.finish(store, [attempts.Ended(claimed[1].attempt_id, CallResult(Outcome.BUSY), tomorrow, False)])
    await attempts.release(store, claimed[2].attempt_id, "the worker ends")
    found = await reports.tallies_of(store, wanted.name)
    assert found.contacts == {"parked": 2, "pending": 2, "claimed": 1, "done": 1}
    assert (found.outcomes, found.dispositions) == ({"busy": 1, "human": 1}, {"confirmed": 1})
    assert await tallies.of_campaign(store, "another") == tallies.Tallies({}, {}, {}, {}, {}, {}, {})


async def test_a_fold_changes_no_figure_and_leaves_nothing_to_fold(world: World, store: Store) -> None:
    wanted = await world.running(campaign(), range(5), consenting=range(3))
    await world.claim(wanted)
    before = await tallies.of_campaign(store, wanted.name)
    assert await tallies.fold(store) > 0
    assert await world.value(CHANGES) == 0
    assert await tallies.of_campaign(store, wanted.name) == before
    assert await tallies.fold(store) == 0


async def test_folds_of_several_workers_beside_calls(world: World, store: Store, database_url: str) -> None:
    """Each worker folds once a second; here they do nothing else."""
    wanted = await world.running(campaign(), range(60))
    done = asyncio.Event()

    async def fold_on() -> None:
        other = await open_store(database_url)
        while not done.is_set():
            await tallies.fold(other)
        await other.close()

    folding = [asyncio.create_task(fold_on()) for _ in range(3)]
    while batch := (await world.claim(wanted, 7)).claims:
        await asyncio.gather(*(world.call(claim) for claim in batch))
    done.set()
    await asyncio.gather(*folding)
    found = await tallies.of_campaign(store, wanted.name)
    assert (found.contacts, found.outcomes) == ({"done": 60}, {"human": 60})


async def test_a_transaction_that_fails_leaves_no_figure(world: World, store: Store) -> None:
    wanted = await world.running(campaign(), range(3))
    before = await tallies.of_campaign(store, wanted.name)
    async with store.connection() as connection, connection.transaction(force_rollback=True):
        await connection.execute("UPDATE contact SET state = 'done'")
        assert await world.value("SELECT count(*) FROM campaign_tally_change WHERE name = 'done'") == 0, "not seen yet"
    assert await tallies.of_campaign(store, wanted.name) == before


async def test_a_wrong_figure_is_found_named_and_corrected(world: World, store: Store) -> None:
    """A database that was mended by hand, say. A look alone corrects nothing."""
    wanted = await world.running(campaign(), range(3))
    async with store.connection() as connection:
        await connection.execute("UPDATE campaign_tally_change SET number = number + 7 WHERE name = 'pending'")
        await connection.execute("INSERT INTO campaign_tally VALUES ('gone', 'outcome', 'human', 2)")
    wrong = [
        tallies.WrongFigure(wanted.name, "contact", "pending", 10, 3),
        tallies.WrongFigure("gone", "outcome", "human", 2, 0),
    ]
    assert await tallies.recount(store, correct=False) == wrong
    assert await tallies.recount(store, correct=True) == wrong
    assert await tallies.recount(store, correct=False) == []
    assert (await tallies.of_campaign(store, wanted.name)).contacts == {"pending": 3}


async def test_contacts_that_came_due_again_are_not_told_as_held_back(world: World, store: Store) -> None:
    """The rule refused them until a time that has come; only those whose time has not come are held."""
    wanted = await world.running(campaign(), range(4), consenting=[])
    await world.claim(wanted)
    now = await world.now()
    async with store.connection() as connection:
        await connection.execute("UPDATE contact SET due_at = %s WHERE external_id = 'row-0'", [now])
        later = now + dt.timedelta(hours=2)
        await connection.execute("UPDATE contact SET due_at = %s WHERE external_id = 'row-1'", [later])
    waiting = await reports.why_waiting(store, wanted, now)
    assert (waiting.due_now, waiting.later, waiting.parked, waiting.next_due) == (1, 1, 2, later)
    assert (waiting.by_rule, waiting.rule_until) == ({"consent_missing": 3}, {"consent_missing": later})


async def test_a_worker_folds_and_recounts_by_itself(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also after a round that failed: the database is away for a moment."""
    wanted = await world.running(campaign(), range(3))
    async with store.connection() as connection:
        await connection.execute("INSERT INTO campaign_tally VALUES ('gone', 'outcome', 'human', 2)")
    for name in ("FOLD_EVERY_S", "RECOUNT_AFTER_S", "RECOUNT_EVERY_S"):
        monkeypatch.setattr(tally_upkeep, name, 0.01)
    real, failed = tallies.fold, list[bool]()

    async def fails_once(of: Store) -> int:
        if not failed:
            failed.append(True)
            raise StoreError("the database is away")
        return await real(of)

    monkeypatch.setattr(tallies, "fold", fails_once)
    upkeep = [asyncio.create_task(work(store)) for work in (tally_upkeep.fold_tallies, tally_upkeep.recount_tallies)]
    for _ in range(1000):  # 20 s
        if not (await tallies.recount(store, correct=False) or await world.value(CHANGES)):
            break
        await asyncio.sleep(0.02)
    for task in upkeep:
        task.cancel()
    await asyncio.gather(*upkeep, return_exceptions=True)
    assert (await tallies.of_campaign(store, wanted.name)).contacts == {"pending": 3}
    assert (await tallies.of_campaign(store, "gone")).outcomes == {}
