"""A copy of the whole database: of one moment, all of it or nothing, and held until somebody confirms."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from agi_app.backup import doctor_check, scratch
from agi_app.backup.restoring import RestoreRequest, restore
from agi_app.errors import InputError, StoreError
from agi_app.store.database import whole_copy
from agi_app.store.database.pool import Store
from agi_app.store.database.progress import RestoredFrom, confirm_restored, hold_as_restored, progress
from agi_app.store.people.contact_changes import cancel_called
from agi_app.store.service import alerts, backups
from tests.store.conftest import open_store
from tests.store.world import World, campaign, hash_number, number

pytestmark = pytest.mark.postgres
HELD = RestoredFrom("id", "2026-03-03T09:30:00+00:00", "2026-03-03T09:30:00+00:00", 3, ("checkup",), ("node",))


async def mine(store: Store) -> None:
    """The database belongs to a project."""
    await store.execute("INSERT INTO meta (key, value) VALUES ('project_id', 'p'), ('suppression_key_check', 'k')")


async def dumped(store: Store) -> bytes:
    """All of it."""
    async with whole_copy.copy_of(store) as copy:
        return await asyncio.to_thread(lambda: b"".join(copy.dump()))


async def test_it_is_of_the_moment_at_which_it_began(store: Store, world: World, new_url: str) -> None:
    """What is written while it is copied is not in it, and its figures are those of its rows."""
    await mine(store)
    await world.claim(await world.running(campaign(), [1, 2, 3]))
    async with whole_copy.copy_of(store) as copy:
        await world.running(campaign("later"), [4, 5])
        dump = await asyncio.to_thread(lambda: b"".join(copy.dump()))
    assert (copy.decisions, copy.running, copy.project) == (3, ("checkup",), "p")
    await asyncio.to_thread(whole_copy.load, new_url, [dump[:1000], dump[1000:]], hold_as_restored(HELD))
    restored = await open_store(new_url)
    try:
        assert (await progress(restored)).decisions == 3
        assert (await progress(restored)).restored == HELD
        assert await restored.value(int, "SELECT count(*) FROM contact") == 3
        await confirm_restored(restored)
        assert (await progress(restored)).restored is None
    finally:
        await restored.close()


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9, 0.999])
async def test_half_a_dump_leaves_nothing(store: Store, world: World, new_url: str, part: float) -> None:
    await mine(store)
    await world.running(campaign(), [1, 2, 3])
    dump = await dumped(store)
    with pytest.raises(StoreError, match="cannot be read"):
        await asyncio.to_thread(whole_copy.load, new_url, [dump[: int(len(dump) * part)]])
    empty = await open_store(new_url, check_schema=False)
    assert await whole_copy.is_empty(empty)
    await empty.close()


async def test_a_fault_of_who_gives_it_leaves_nothing(store: Store, new_url: str) -> None:
    """The file turns out to be damaged in the middle."""
    await mine(store)
    dump = await dumped(store)

    def broken() -> Iterator[bytes]:
        yield dump[: len(dump) // 2]
        raise InputError("the file is damaged")

    with pytest.raises(InputError, match="the file is damaged"):
        await asyncio.to_thread(whole_copy.load, new_url, broken())
    empty = await open_store(new_url, check_schema=False)
    assert await whole_copy.is_empty(empty)
    await empty.close()


async def test_a_database_with_something_in_it_takes_nothing(store: Store, new_url: str) -> None:
    await mine(store)
    dump = await dumped(store)
    with psycopg.connect(new_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE person (name text)")
        connection.execute("INSERT INTO person VALUES ('theirs')")
    with pytest.raises(StoreError, match='relation "person" already exists'):
        await asyncio.to_thread(whole_copy.load, new_url, [dump])
    with psycopg.connect(new_url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (1,)


async def test_whose_loader_is_killed_has_nothing(store: Store, world: World, new_url: str, tmp_path: Path) -> None:
    """kill -9 of us, not of psql: its input ends, and it must not take that for the end of the work."""
    await mine(store)
    await world.running(campaign(), [1, 2, 3])
    (tmp_path / "dump").write_bytes(await dumped(store))
    code = (
        "import os, signal, sys\nfrom agi_app.store.database.whole_copy import load\n"
        "def chunks():\n"
        "    dump = open(sys.argv[1], 'rb').read()\n"
        "    yield dump\n"
        "    import time; time.sleep(1.5)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "load(sys.argv[2], chunks())\n"
    )
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code, str(tmp_path / "dump"), new_url], check=False
    )
    assert done.returncode == -9
    await asyncio.sleep(1.0)
    empty = await open_store(new_url, check_schema=False)
    assert await whole_copy.is_empty(empty)
    await empty.close()


async def test_who_was_called_after_the_backup_is_cancelled(store: Store, world: World) -> None:
    """By the notes of a worker: a known call, one of a contact that is another person now, and one that is not here."""
    batch = await world.claim(await world.running(campaign(), [1, 2, 3, 4]))
    known = {claim.number: claim for claim in batch.claims}
    first, second = known[number(1)], known[number(2)]
    calls = [
        (
            first.contact_id,
            hash_number(first.number),
            first.attempt_id,
            True,
        ),  # claimed in the backup, dialled after it
        (second.contact_id, hash_number(number(9)), "a-9", True),
        (10**6, hash_number(number(8)), "a-8", True),
    ]
    cancelled, strangers = await cancel_called(store, calls)
    assert cancelled == {"checkup": 1}
    assert strangers == 2
    states = await store.records("SELECT contact_id, state FROM contact ORDER BY contact_id")
    assert {row["contact_id"]: row["state"] for row in states}[first.contact_id] == "cancelled"
    assert [row["state"] for row in states].count("cancelled") == 1
    assert await cancel_called(store, []) == ({}, 0)


async def test_when_a_backup_was_made_and_failed(store: Store) -> None:
    now = dt.datetime(2026, 3, 3, 9, 30, tzinfo=dt.UTC)
    assert not (await doctor_check.look(store, now))[0].fix
    await backups.note(store, now, made=True)
    assert (await alerts.backups(store)).made_at == now
    assert not (await doctor_check.look(store, now))[0].fix
    assert (await doctor_check.look(store, now + dt.timedelta(days=3)))[0].fix
    await backups.note(store, now + dt.timedelta(days=1), made=False)
    assert (await alerts.backups(store)).has_failed
    assert "failed" in (await doctor_check.look(store, now))[0].text
    await backups.note(store, now + dt.timedelta(days=2), made=True)
    assert not (await alerts.backups(store)).has_failed


async def test_what_a_killed_trial_left_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """And one that goes on is not."""
    trials = Path(tempfile.mkdtemp())  # near the root: sockets have short paths
    monkeypatch.setattr("tempfile.tempdir", str(trials))
    left = trials / "agi-app-trial-left"
    left.mkdir()
    (left / "in-use").touch()
    async with scratch.scratch_database(hash_number) as (store, folder):
        assert await whole_copy.is_empty(store)
        await scratch.tidy()
        assert not left.exists()
        assert folder.exists()
    assert os.listdir(trials) == []


async def test_a_file_that_is_none_is_refused_before_anything_else(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    with pytest.raises(InputError, match="damaged"):
        await restore(
            RestoreRequest(tmp_path / "x", tmp_path / "new", lambda: pytest.fail("asked")), lambda _d, _a: None
        )
    assert not (tmp_path / "new").exists()
