"""Reports as jobs: whole or not there at all, made again after a killed process, gone after seven days."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agi_app.clock import Clock
from agi_app.consent.opt_out_journal import Journal
from agi_app.errors import ConfigError, Forbidden, InputError
from agi_app.installation import Installation
from agi_app.model.actors import Actor, Role
from agi_app.operations.reporting import jobs, table_requests
from agi_app.operations.reporting.calls import CallsRequest
from agi_app.operations.reporting.table_requests import TableFormat
from agi_app.store.ledger import accounts
from agi_app.store.reporting import jobs as table
from tests.store.world import World, campaign, installation_for

pytestmark = pytest.mark.postgres

DAYS = CallsRequest(dt.date(2020, 1, 1), dt.date(2100, 1, 1))


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
async def desk(world: World, tmp_path: Path) -> Installation:
    await accounts.add(world.store, "anna", None, [Role.COMPLIANCE], None)
    wanted = await world.running(campaign(), [1, 2, 3])
    for _ in range(3):
        await world.call(await world.claim_one(wanted))
    return installation_for(world.store, Journal(tmp_path, Clock()), None, tmp_path, Role.COMPLIANCE)


def as_viewer(desk: Installation) -> Installation:
    return replace(desk, actor=Actor("victor", frozenset([Role.VIEWER]), "api"))


def files(desk: Installation) -> list[Path]:
    return sorted(p for p in (desk.settings.data / "reports").rglob("*") if p.is_file())


async def state_of(desk: Installation, job: int) -> str:
    return (await jobs.jobs(desk, job))[0].state


@pytest.mark.parametrize("form", TableFormat)
async def test_a_job_is_made_and_fetched_with_its_rows_and_hash(
    desk: Installation, tmp_path: Path, form: TableFormat
) -> None:
    number = await jobs.ask(desk, DAYS, form)
    assert await state_of(desk, number) == "waiting"
    done = await jobs.run_next(desk)
    assert done is not None
    assert (done.job_id, done.state, done.rows, done.asked_by) == (number, "done", 3, "anna")
    (made,) = files(desk)
    assert hashlib.sha256(made.read_bytes()).hexdigest() == done.sha256
    assert made.stat().st_mode & 0o77 == 0
    fetched = await jobs.fetch(desk, number, tmp_path / "out")
    assert (fetched.rows, fetched.file.read_bytes()) == (3, made.read_bytes())
    assert await jobs.run_next(desk) is None
    made.write_bytes(b"other")
    with pytest.raises(InputError, match="is not what was written"):
        await jobs.fetch(desk, number, tmp_path / "out")


async def test_a_killed_job_leaves_no_file_that_looks_finished_and_is_made_again(
    world: World, desk: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await jobs.ask(desk, DAYS, TableFormat.CSV)
    with monkeypatch.context() as dying:

        def killed(*_: Any) -> str:
            raise Killed

        dying.setattr(table_requests, "sha256_of", killed)
        with pytest.raises(BaseExceptionGroup):
            await jobs.run_next(desk)
    assert await state_of(desk, number) == "running"
    assert [file for file in files(desk) if file.suffix == ".csv"] == []
    left = desk.settings.data / "reports" / f"{number}-killed"
    left.mkdir()
    (left / ".half.part").write_text("half")
    assert await jobs.run_next(desk) is None, "its process may still be at it"
    await world.value("UPDATE job SET lease_until = clock_timestamp() - interval '1 s' RETURNING 1")
    done = await jobs.run_next(desk)
    assert done is not None
    assert (done.state, done.rows) == ("done", 3)
    assert [file.name for file in files(desk)] == ["calls.csv"]


async def test_a_job_that_ends_its_process_each_time_is_given_up(world: World, desk: Installation) -> None:
    number = await jobs.ask(desk, DAYS, TableFormat.CSV)
    for _ in range(table.TRIES):
        assert await table.take(world.store) is not None
        await world.value("UPDATE job SET lease_until = clock_timestamp() - interval '1 s' RETURNING 1")
    assert await jobs.run_next(desk) is None
    assert await state_of(desk, number) == "failed"


async def test_two_processes_make_different_jobs(desk: Installation) -> None:
    wanted = {await jobs.ask(desk, DAYS, TableFormat.JSON) for _ in range(2)}
    done = await asyncio.gather(jobs.run_next(desk), jobs.run_next(desk))
    assert {row.job_id for row in done if row is not None} == wanted
    assert all(row is not None and row.state == "done" for row in done)


async def test_whoever_lost_the_job_to_another_process_does_not_end_it(world: World, desk: Installation) -> None:
    await jobs.ask(desk, DAYS, TableFormat.CSV)
    first = await table.take(world.store)
    await world.value("UPDATE job SET lease_until = clock_timestamp() - interval '1 s' RETURNING 1")
    second = await table.take(world.store)
    assert first is not None
    assert second is not None
    assert not await table.hold(world.store, first)
    assert not await table.finish(world.store, first, 3, b"x", "f")
    assert await table.finish(world.store, second, 3, b"x", "f")


async def test_rows_that_are_missing_in_the_file_are_noticed(
    desk: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await jobs.ask(desk, DAYS, TableFormat.CSV)
    monkeypatch.setattr(table_requests, "rows_in", lambda *_: 2)
    done = await jobs.run_next(desk)
    assert done is not None
    assert (done.state, done.file) == ("failed", None)
    assert "has 2 rows, and 3 were written" in str(done.error)
    assert files(desk) == []
    with pytest.raises(InputError, match="has no file; it is failed"):
        await jobs.fetch(desk, number, desk.settings.data / "out")
    assert ConfigError.exit_code


async def test_a_job_is_done_with_the_roles_that_its_account_has_now(world: World, desk: Installation) -> None:
    """Whatever the row says: who lost a role gets nothing by it."""
    await jobs.ask(desk, replace(DAYS, whole_numbers=True, reason="complaint 7"), TableFormat.CSV)
    await world.value("UPDATE account SET roles = '{viewer}' WHERE name = 'anna' RETURNING 1")
    done = await jobs.run_next(desk)
    assert done is not None
    assert done.state == "failed"
    assert await world.value("SELECT count(*) FROM access_log") == 0
    assert files(desk) == []


async def test_jobs_of_others_are_hidden_and_may_not_be_deleted(desk: Installation, tmp_path: Path) -> None:
    number = await jobs.ask(desk, DAYS, TableFormat.CSV)
    await jobs.run_next(desk)
    viewer = as_viewer(desk)
    assert await jobs.jobs(viewer) == []
    with pytest.raises(Forbidden):
        await jobs.fetch(viewer, number, tmp_path / "out")
    with pytest.raises(Forbidden):
        await jobs.delete(viewer, number)
    assert len(files(desk)) == 1
    await jobs.delete(desk, number)
    assert (files(desk), await jobs.jobs(desk)) == ([], [])
    with pytest.raises(InputError, match="there is no job"):
        await jobs.delete(desk, number)


async def test_files_go_after_seven_days_and_what_was_written_stays_known(world: World, desk: Installation) -> None:
    await jobs.ask(desk, DAYS, TableFormat.CSV)
    done = await jobs.run_next(desk)
    assert done is not None
    assert done.expires_at is not None
    assert done.ended_at is not None
    assert abs(done.expires_at - done.ended_at - dt.timedelta(days=7)) < dt.timedelta(seconds=1)
    await jobs.remove_expired(desk)
    assert len(files(desk)) == 1
    await world.value("UPDATE job SET expires_at = clock_timestamp() RETURNING 1")
    await jobs.remove_expired(desk)
    assert files(desk) == []
    (kept,) = await jobs.jobs(desk)
    assert (kept.file, kept.rows, kept.sha256) == (None, 3, done.sha256)


async def test_what_a_command_wrote_is_among_them(desk: Installation, tmp_path: Path) -> None:
    made = await jobs.write(desk, DAYS, tmp_path / "calls.csv", TableFormat.CSV)
    (row,) = await jobs.jobs(desk)
    assert (row.state, row.rows, row.sha256, row.file) == ("done", 3, made.sha256, None)
