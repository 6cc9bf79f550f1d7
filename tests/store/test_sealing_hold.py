"""Nobody is dialled while rows wait for the audit tree, or while the tree is not the one that was signed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from agi_app.audit import checkpoint_files
from agi_app.errors import SafetyError
from agi_app.proof import sequencer as module
from agi_app.proof.sequencer import Sequencer
from agi_app.store.database.pool import Store
from tests.store.audit_site import Site

pytestmark = pytest.mark.postgres
HELD_LOCK = "SELECT pg_advisory_lock(hashtextextended('agi-app audit sequencer', 0))"
STOPPED = "INSERT INTO revocation (person_id, at, reason, via) VALUES (1, now(), 'no more', 'letter')"


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the real times."""
    for name, seconds in {"EVERY_S": 0.05, "STAND_BY_S": 0.2, "RETRY_S": 0.05, "PATIENCE_S": 0.6}.items():
        monkeypatch.setattr(module, name, seconds)


@pytest.fixture
async def site(store: Store, database_url: str, tmp_path: Path) -> Site:
    made = Site(store, database_url, tmp_path)
    await made.people(1, 2)
    return made


@asynccontextmanager
async def at_work(site: Site) -> AsyncIterator[Sequencer]:
    """A worker's sequencer."""
    sequencer = Sequencer(site.store, site.notary)
    running = asyncio.create_task(sequencer.run())
    try:
        yield sequencer
    finally:
        running.cancel()
        await asyncio.wait([running])


async def until(true: Callable[[], bool]) -> None:
    """Wait, but not for ever."""
    for _ in range(750):
        if true():
            return
        await asyncio.sleep(0.02)
    pytest.fail("it never came true")


async def test_it_holds_until_the_first_round_and_then_no_more(site: Site) -> None:
    fresh = Sequencer(site.store, site.notary)
    assert "not sealed yet" in str(fresh.waiting_reason())
    async with at_work(site) as sequencer:
        await until(lambda: sequencer.waiting_reason() is None)
        await site.people(3)
        await asyncio.sleep(0.8)
        assert sequencer.waiting_reason() is None


async def test_rows_that_never_cease_hold_nobody(site: Site) -> None:
    """At a high rate the queue is never empty; what was in it when a round began is signed all the same."""
    insert = STOPPED.replace("VALUES (1", "SELECT 1").replace("'letter')", "'letter' FROM generate_series(1, 5)")

    async def write() -> None:
        async with await psycopg.AsyncConnection.connect(site.url, autocommit=True) as connection:
            while True:
                await connection.execute(insert)
                await asyncio.sleep(0.01)  # hundreds of rows a second from each, not as many as the machine can

    async with at_work(site) as sequencer:
        await until(lambda: sequencer.waiting_reason() is None)
        writers = [asyncio.create_task(write()) for _ in range(3)]
        for _ in range(60):
            await asyncio.sleep(0.05)
            assert sequencer.waiting_reason() is None
        for writer in writers:
            writer.cancel()
        await asyncio.wait(writers)
    assert site.ask("SELECT count(*) > 100 FROM revocation") == [(True,)]


@pytest.mark.attack("row 6: the sequencer's session ended and its lock held")
async def test_nobody_is_dialled_while_somebody_keeps_rows_from_being_sealed(site: Site) -> None:
    async with at_work(site) as sequencer:
        await until(lambda: sequencer.waiting_reason() is None)
        with psycopg.connect(site.url, autocommit=True) as owner:
            owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
            )
            owner.execute(HELD_LOCK)
            await until(lambda: sequencer.waiting_reason() is not None)
            text = str(sequencer.waiting_reason())
            assert "rows have waited for a signed checkpoint" in text
            owner.execute(STOPPED)  # what the attacker would take away again before anybody signs it
        await until(lambda: sequencer.waiting_reason() is None)  # the lock is free, the tree grows
    assert await site.faults() == []


@pytest.mark.attack("row 6: a forged or repeated sign of life")
async def test_only_a_signed_and_fresh_sign_of_life_is_believed(site: Site) -> None:
    await site.seal()
    async with at_work(site) as acting:
        await until(lambda: acting.waiting_reason() is None)
        old = site.ask("SELECT at, size, encode(signature, 'hex') FROM audit_beat")[0]
    for at, signature in ((f"'{old[0]}'", old[2]), ("clock_timestamp()", old[2]), ("clock_timestamp()", "00")):
        site.attack(f"UPDATE audit_beat SET at = {at}, signature = '\\x{signature}'")
        await asyncio.sleep(0.7)
        with psycopg.connect(site.url, autocommit=True) as owner:
            owner.execute(HELD_LOCK)
            async with at_work(site) as standing_by:
                for _ in range(10):
                    assert standing_by.waiting_reason() is not None
                    await asyncio.sleep(0.05)


async def test_a_node_that_stands_by_dials_while_the_other_one_seals(site: Site) -> None:
    async with at_work(site) as acting:
        await until(lambda: acting.waiting_reason() is None)
        async with at_work(site) as standing_by:
            await until(lambda: standing_by.waiting_reason() is None)
            for _ in range(20):
                assert standing_by.waiting_reason() is None
                await asyncio.sleep(0.05)


@pytest.mark.attack("row 7: an older copy of the database, all else deleted")
async def test_no_worker_starts_on_a_tree_that_is_smaller_than_what_was_signed(site: Site) -> None:
    await site.seal()
    await site.people(3)
    await site.seal()
    kept = int(checkpoint_files.read(site.notary.file)[0].split("\n")[1])
    site.attack(f"DELETE FROM audit_leaf WHERE leaf >= {kept}", "TRUNCATE audit_checkpoint")
    sequencer = Sequencer(site.store, site.notary)
    with pytest.raises(SafetyError, match=f"has {kept} audit entries"):
        await sequencer.check()
    assert "agi-app recover" in str(await sequencer.behind())
    async with at_work(site) as running:
        await until(lambda: "audit entries" in str(running.waiting_reason()))


@pytest.mark.attack("row 7: a tree of the same size with other leaves")
async def test_no_worker_starts_on_another_tree(site: Site) -> None:
    await site.seal()
    site.attack("UPDATE audit_leaf SET hash = sha256('x') WHERE leaf = 2", "TRUNCATE audit_node")
    with pytest.raises(SafetyError, match="are not those signed"):
        await Sequencer(site.store, site.notary).check()


@pytest.mark.attack("row 17: a queue row of an unknown kind")
async def test_a_queued_row_of_an_unknown_kind_holds_dialling_and_nothing_else(site: Site) -> None:
    async with at_work(site) as sequencer:
        await until(lambda: sequencer.waiting_reason() is None)
        site.attack("INSERT INTO audit_queue (kind, ids) VALUES ('nonsense', '{7}')")
        await until(lambda: sequencer.waiting_reason() is not None)
        assert "nonsense (row 7; 1 rows)" in str(sequencer.waiting_reason())
        await site.people(4)  # all else is sealed
        await until(lambda: site.ask("SELECT count(*) FROM audit_queue") == [(1,)])
        assert [(f.kind, f.table) for f in await site.faults()] == [("inserted", "audit_queue")]
        site.attack("DELETE FROM audit_queue")
        await until(lambda: sequencer.waiting_reason() is None)


@pytest.mark.attack("row 6: a row taken away before it was sealed")
async def test_a_row_that_was_queued_and_is_gone_is_named_and_holds_dialling(site: Site) -> None:
    site.attack("DELETE FROM revocation WHERE revocation_id = 1")
    async with at_work(site) as sequencer:
        await until(lambda: "gone revocation" in str(sequencer.waiting_reason()))
    fault = next(f for f in await site.faults() if f.table == "revocation")
    assert (fault.kind, fault.row) == ("removed", 1)
