"""The sequencer: every committed row gets exactly one leaf, whatever commits late, aborts, or dies."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from agi_app.audit import checkpoint_files
from agi_app.audit.entries import TABLES, canonical
from agi_app.errors import InputError
from agi_app.proof import sequencer as module
from agi_app.proof.sequencer import Sequencer
from agi_app.store.database.pool import Store
from agi_app.store.database.postgres_programs import binaries
from agi_app.store.ledger import audit, audit_export
from tests.store.audit_site import Site
from tests.store.conftest import Cluster, open_store

pytestmark = pytest.mark.postgres
ROOT = Path(__file__).resolve().parents[2]
INSERT = """
INSERT INTO decision
    (contact_id, person_id, campaign, allowed, rules, reasons, inputs, ruleset_version, decided_at, clock)
SELECT g, g, 'checkup', false, '{consent}', '[{"rule": "consent"}]', '{}', 'rules-1', now(), 'system'
FROM generate_series(1, %s) AS g
"""


@pytest.fixture
async def site(store: Store, database_url: str, tmp_path: Path) -> Site:
    """An empty audited database."""
    return Site(store, database_url, tmp_path)


async def write(url: str, seed: int, rounds: int) -> None:
    """One writer: transactions of some rows, open for a while, a third of them given up."""
    chance = random.Random(seed)
    async with await psycopg.AsyncConnection.connect(url) as connection:
        for _ in range(rounds):
            await connection.execute(INSERT, [chance.choice([1, 1, 7, 50])])
            await asyncio.sleep(chance.random() * 0.08)
            if chance.random() < 1 / 3:
                await connection.rollback()
            else:
                await connection.commit()


def unsealed_or_twice(site: Site) -> tuple[object, ...]:
    """How many decisions have no leaf, and how many leaves have no decision."""
    (found,) = site.ask(
        "SELECT count(*) FILTER (WHERE l.leaf IS NULL), count(*) FILTER (WHERE d.decision_id IS NULL)"
        " FROM decision d FULL JOIN (SELECT * FROM audit_leaf WHERE kind = 'decision') l ON l.row_id = d.decision_id"
    )
    return found


async def test_rows_that_commit_late_or_never(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight writers at once; ids become visible out of order, with gaps."""
    monkeypatch.setattr(module, "EVERY_S", 0.02)
    monkeypatch.setattr(module, "BATCH", 40)
    sequencer = Sequencer(site.store, site.notary)
    assert sequencer.ages() == {"witness": 0.0}, "nothing is known of rows yet"
    running = asyncio.create_task(sequencer.run())
    await asyncio.gather(*(write(site.url, seed, 40) for seed in range(8)))
    async with asyncio.timeout(60):
        while "checkpoint" not in sequencer.ages():  # noqa: ASYNC110 - a thread of its own writes it
            await asyncio.sleep(0.02)
    assert 0 < sequencer.ages()["checkpoint"] < module.PATIENCE_S
    running.cancel()
    await asyncio.wait([running])
    await site.seal()
    ((decisions, highest),) = site.ask("SELECT count(*), max(decision_id) FROM decision")
    assert 0 < decisions < highest  # some were given up: ids have gaps
    assert unsealed_or_twice(site) == (0, 0)
    report = await site.verify()
    assert report.faults == []
    assert report.entries == decisions + 1  # and what the migrations say of the database
    assert report.checkpoints > 1


async def test_a_row_that_was_open_over_many_checkpoints_is_not_missed(site: Site) -> None:
    await site.seal()
    with psycopg.connect(site.url) as slow:
        slow.execute(INSERT, [3])
        for _ in range(3):
            with psycopg.connect(site.url) as quick:
                quick.execute(INSERT, [2])
            assert (await site.seal()).entries == 2
    assert (await site.seal()).entries == 3
    assert unsealed_or_twice(site) == (0, 0)


async def test_killed_in_the_middle_of_its_writing_it_goes_on_where_it_was(site: Site) -> None:
    """kill -9, again and again, while rows come; a torn checkpoint file, too."""
    chance = random.Random(1)
    writing = asyncio.create_task(write(site.url, 5, 150))
    command = [sys.executable, "-m", "tests.store.audit_site", site.url, str(site.folder)]
    while not writing.done():
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
        before = site.ask("SELECT count(*) FROM audit_leaf")
        for _ in range(400):
            if site.ask("SELECT count(*) FROM audit_leaf") != before or writing.done():
                break
            await asyncio.sleep(0.05)
        await asyncio.sleep(chance.random() * 0.2)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        with site.notary.file.open("a") as file:
            file.write("agi-app/test\n12")  # as if the power had gone
    await writing
    for _ in range(100):  # the server notices the death of the last one a moment later
        if (seat := await audit.take_seat(site.store)) is not None:
            await seat.leave()
            break
        await asyncio.sleep(0.1)
    await site.seal()
    assert unsealed_or_twice(site) == (0, 0)
    report = await site.verify()
    assert report.faults == []
    assert report.not_covered == 0


async def test_a_fault_in_the_middle_of_a_batch_leaves_nothing_behind(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.people(1, 2)
    real = audit.add_nodes

    async def fails(*_: object) -> None:
        raise InputError("out of order")

    monkeypatch.setattr(audit, "add_nodes", fails)
    with pytest.raises(InputError):
        await site.seal()
    assert site.ask("SELECT count(*) FROM audit_leaf") == [(0,)]
    monkeypatch.setattr(audit, "add_nodes", real)
    assert (await site.seal()).entries > 0
    assert await site.faults() == []


async def test_only_one_is_the_sequencer_and_the_next_takes_over(site: Site) -> None:
    await site.people(1)
    seat = await audit.take_seat(site.store)
    assert seat is not None
    assert await Sequencer(site.store, site.notary).once() is None
    await seat.leave()
    assert (await site.seal()).entries > 0


async def test_another_node_takes_the_checkpoints_over(site: Site, tmp_path: Path) -> None:
    await site.people(1)
    await site.seal()
    (tmp_path / "other" / "audit").mkdir(parents=True)
    other = Site(site.store, site.url, tmp_path / "other")
    key = (site.folder / "audit" / "key.pem").read_bytes()
    (tmp_path / "other" / "audit" / "key.pem").write_bytes(key)
    (tmp_path / "other" / "audit" / "key.pem").chmod(0o600)
    await other.notary.copy_from(site.store)
    assert checkpoint_files.read(other.notary.file) == checkpoint_files.read(site.notary.file)
    await other.notary.copy_from(site.store)
    assert len(checkpoint_files.read(other.notary.file)) == 1


async def test_nothing_new_is_no_new_checkpoint(site: Site) -> None:
    await site.seal()  # what the migrations say of the database
    assert (await site.seal()).checkpoint is None
    await site.people(1)
    assert (await site.seal()).checkpoint is not None
    assert (await site.seal()).checkpoint is None
    assert len(checkpoint_files.read(site.notary.file)) == 2


async def test_the_witness_gets_the_last_checkpoint_and_its_loss_stops_nothing(site: Site) -> None:
    await site.people(1)
    await site.seal()
    kept = checkpoint_files.read(site.witness / "checkpoints")
    assert kept == checkpoint_files.read(site.notary.file)
    (site.witness / "checkpoints").unlink()
    site.witness.rmdir()  # unmounted
    await site.people(2)
    assert (await site.seal()).checkpoint is not None
    assert not site.witness.exists()
    site.witness.mkdir()
    await site.people(3)
    await site.seal()
    assert checkpoint_files.read(site.witness / "checkpoints") == checkpoint_files.read(site.notary.file)[-1:]


async def test_a_late_result_is_an_entry_of_its_own(site: Site) -> None:
    """An attempt that a sweep called interrupted, and whose worker then came back."""
    await site.people(1)
    await site.seal()
    async with site.store.connection() as connection:
        await connection.execute("UPDATE attempt SET outcome = 'busy' WHERE attempt_id = 'call-1'")
    assert (await site.seal()).entries == 1
    outcomes = site.ask("SELECT record ->> 'outcome' FROM result ORDER BY result_id")
    assert outcomes == [("human",), ("busy",)]
    assert await site.faults() == []


async def test_an_open_attempt_is_no_result_yet(site: Site) -> None:
    await site.people(1)
    assert site.ask("SELECT count(*) FROM result") == [(1,)]
    async with site.store.connection() as connection:
        await connection.execute(
            "INSERT INTO attempt SELECT 'open', contact_id, person_id, campaign, decision_id, node, trunk, caller_id,"
            " 'claimed', now() FROM attempt".replace(
                "'claimed', now()", "'claimed', lease_until, claimed_at, marked_at, rules_at"
            ),
        )
        await connection.execute("UPDATE attempt SET state = 'dialling' WHERE attempt_id = 'open'")
    assert site.ask("SELECT count(*) FROM result") == [(1,)]


@pytest.mark.parametrize("table", ["audit_leaf", "result"])
async def test_the_tree_is_append_only_for_the_program(site: Site, table: str) -> None:
    await site.people(1)
    await site.seal()
    change = "leaf = leaf + 100" if table == "audit_leaf" else "record = '{}'"
    for statement in (f"DELETE FROM {table}", f"TRUNCATE {table}", f"UPDATE {table} SET {change}"):
        with pytest.raises(psycopg.Error, match="append-only"), psycopg.connect(site.url) as connection:
            connection.execute(statement)


async def test_every_append_only_table_is_watched(site: Site) -> None:
    """A table of a later migration that nobody puts under audit is found here."""
    append_only = {
        table
        for (table,) in site.ask(
            "SELECT DISTINCT event_object_table FROM information_schema.triggers"
            " WHERE trigger_name LIKE '%append_only' AND event_manipulation = 'DELETE'"
        )
    }
    watched = {
        table
        for (table,) in site.ask(
            "SELECT event_object_table FROM information_schema.triggers WHERE trigger_name = 'audit_queued'"
        )
    }
    assert append_only - {"audit_leaf"} <= watched
    assert watched == set(TABLES.values())


async def test_a_payload_is_canonical_json_that_python_can_write_too(site: Site) -> None:
    await site.people(1)
    await site.seal()
    async with audit.snapshot(site.store) as connection:
        for kind in ("person", "wording", "consent", "decision", "result", "suppression", "caller_id_proof"):
            (row,) = await audit_export.entries(connection, kind, [1], 10**9)
            assert canonical(json.loads(row.payload)) == row.payload
            assert json.loads(row.payload)["entry"] == kind


async def test_a_dump_restored_into_a_new_server_goes_on(site: Site, cluster: Cluster) -> None:
    """Transaction numbers start anew there; what waits for a leaf is in the dump like everything else."""
    await site.people(1, 2)
    await site.seal()
    await site.people(3)  # still queued
    cluster.run("CREATE DATABASE restored")
    await asyncio.to_thread(copy_database, site.url, cluster.url("restored"))
    store = await open_store(cluster.url("restored"))
    try:
        restored = Site(store, cluster.url("restored"), site.folder)
        before = (await restored.verify()).entries
        assert (await restored.seal()).entries > 0
        report = await restored.verify()
        assert report.faults == []
        assert report.entries > before
        assert report.not_covered == 0
    finally:
        await store.close()
        cluster.run("DROP DATABASE restored WITH (FORCE)")


def copy_database(source: str, target: str) -> None:
    """pg_dump and psql, as an operator would."""
    dump = subprocess.run([binaries() / "pg_dump", source], capture_output=True, check=True)
    restore: list[str | Path] = [binaries() / "psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", target]
    subprocess.run(restore, input=dump.stdout, check=True, stdout=subprocess.DEVNULL)
