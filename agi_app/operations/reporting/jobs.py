"""Reports as jobs: what an API asks for, a process of its own makes, and who asked fetches within seven days.

A job's file has its name when it is whole and its rows were counted. A process that is killed leaves nothing that looks
like one, and the job is made again.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from agi_app.atomic_files import cannot_be_written, make_private, replacing
from agi_app.errors import AgiAppError, Forbidden, InputError
from agi_app.event_loop import alongside
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Actor, Scope
from agi_app.operations.acting import noted, reads
from agi_app.operations.reporting import calls, imports, quarter
from agi_app.operations.reporting.table_requests import TableFormat, WrittenTable
from agi_app.reports.table_files import sha256_of
from agi_app.store.ledger import accounts
from agi_app.store.reporting import jobs as table
from agi_app.store.reporting.jobs import AskedJob, JobRow, TakenJob

__all__ = ["KINDS", "JobRow", "ask", "delete", "fetch", "jobs", "remove_expired", "run_next", "write"]
FOLDER = "reports"  # of the data folder
HOLD_EVERY_S = 15.0
Request = calls.CallsRequest | imports.ImportsRequest | quarter.QuarterRequest


@dataclass(frozen=True, slots=True)
class JobKind:
    """A report that can be a job: what is asked, and what writes it."""

    request: type[Any]
    write: Callable[[Installation, Any, Path, TableFormat], Awaitable[WrittenTable]]


KINDS: Mapping[str, JobKind] = {
    "calls": JobKind(calls.CallsRequest, calls.write_calls),
    "imports": JobKind(imports.ImportsRequest, imports.write_imports),
    "quarter": JobKind(quarter.QuarterRequest, quarter.write_quarter),
}


@noted(Scope.EXPORTS_MASKED, "job ask", "asked")
async def ask(inst: Installation, asked: Request, form: TableFormat) -> int:
    """Ask for a report; returns the job's number. Raises InputError for what cannot be asked, StoreError, Forbidden."""
    if isinstance(asked, calls.CallsRequest):
        await calls.check(inst, asked)
    return await table.ask(inst.store, _job(inst, asked, form))


@reads(Scope.EXPORTS_MASKED)
async def write(inst: Installation, asked: Request, file: Path, form: TableFormat) -> WrittenTable:
    """Write a report now, and keep its rows and hash among the jobs. Raises as what writes it."""
    job = _job(inst, asked, form)
    made = await KINDS[job.kind].write(inst, asked, file, form)
    await table.add_done(inst.store, job, made.rows, bytes.fromhex(made.sha256))
    return made


def _job(inst: Installation, asked: Request, form: TableFormat) -> AskedJob:
    kind = next(name for name, kind in KINDS.items() if isinstance(asked, kind.request))
    return AskedJob(kind, msgspec.json.encode(asked).decode(), form.value, inst.actor.account)


@reads(Scope.EXPORTS_MASKED)
async def jobs(inst: Installation, job: int | None = None) -> list[JobRow]:
    """One's own jobs, the newest first, or one of them; with the scope of whole numbers, all of them. StoreError."""
    own = None if inst.actor.may(Scope.EXPORTS_WHOLE) else inst.actor.account
    return await table.listed(inst.store, asked_by=own, job_id=job)


@noted(Scope.EXPORTS_MASKED, "job fetch", "job")
async def fetch(inst: Installation, job: int, output: Path) -> WrittenTable:
    """Copy a job's file, if it still has the hash that was noted. Raises InputError when there is none, StoreError."""
    found = await _one(inst, job)
    if found.file is None or found.rows is None:
        raise InputError(t("job {job} has no file; it is {state}", job=job, state=found.state))
    if '"whole_numbers":true' in found.parameters.replace(" ", ""):
        inst.actor.require(Scope.EXPORTS_WHOLE)
    source = inst.settings.data / FOLDER / found.file
    try:
        if await asyncio.to_thread(sha256_of, source) != found.sha256:
            raise InputError(t("the file of job {job} is not what was written: ask for it again", job=job))
        with replacing(output) as part:
            await asyncio.to_thread(shutil.copyfile, source, part)
    except FileNotFoundError:
        raise InputError(t("job {job} has no file; it is {state}", job=job, state=found.state)) from None
    except OSError as error:
        raise cannot_be_written(output, error, "the report ") from error
    return WrittenTable(output, found.rows, found.sha256)


@noted(Scope.EXPORTS_MASKED, "job delete", "job")
async def delete(inst: Installation, job: int) -> None:
    """Delete a job and its file. Raises InputError when there is none, StoreError, Forbidden for that of another."""
    found = await _one(inst, job)
    await table.delete(inst.store, found.job_id)
    await asyncio.to_thread(_remove, inst.settings.data / FOLDER, found.job_id)


async def _one(inst: Installation, job: int) -> JobRow:
    found = await table.listed(inst.store, job_id=job)
    if not found:
        raise InputError(t("there is no job {job}; `agi-app report jobs` lists them", job=job))
    if found[0].asked_by != inst.actor.account and not inst.actor.may(Scope.EXPORTS_WHOLE):
        raise Forbidden(t("job {job} is of another account", job=job), Scope.EXPORTS_WHOLE)
    return found[0]


@reads(Scope.EXPORTS_MASKED)
async def run_next(inst: Installation) -> JobRow | None:
    """Make the oldest report that nobody makes, as the account that asked for it; None: there is none.

    What is wrong with it is in its row. Raises StoreError, ConfigError when the data folder cannot be written.
    """
    if (job := await table.take(inst.store)) is None:
        return None
    folder = inst.settings.data / FOLDER
    await asyncio.to_thread(_remove, folder, job.job_id)  # what an earlier attempt left
    made = folder / f"{job.job_id}-{job.run}"
    await asyncio.to_thread(make_private, made)
    try:
        async with alongside(_held(inst, job)):
            written = await _write(inst, job, made)
        name, digest = str(written.file.relative_to(folder)), bytes.fromhex(written.sha256)
        if not await table.finish(
            inst.store, job, written.rows, digest, name
        ):  # it took too long, and another process makes it
            await asyncio.to_thread(shutil.rmtree, made)
    except AgiAppError as error:
        await asyncio.to_thread(shutil.rmtree, made)
        await table.fail(inst.store, job, str(error))
    found = await table.listed(inst.store, job_id=job.job_id)
    return found[0] if found else None


async def _write(inst: Installation, job: TakenJob, folder: Path) -> WrittenTable:
    """As the account that asked, with the roles that it has now."""
    account = await accounts.of_name(inst.store, job.asked_by)
    if account is None or not account.role_set:
        raise InputError(t("the account {account} is not enabled", account=job.asked_by))
    actor = Actor(account.name, account.role_set, "worker", inst.actor.os_user)
    kind, form = KINDS[job.kind], TableFormat(job.format)
    asked = msgspec.json.decode(job.parameters, type=kind.request)
    return await kind.write(replace(inst, actor=actor), asked, folder / f"{job.kind}.{form.value}", form)


async def _held(inst: Installation, job: TakenJob) -> None:
    while True:
        await asyncio.sleep(HOLD_EVERY_S)
        await table.hold(inst.store, job)


@reads(Scope.EXPORTS_MASKED)
async def remove_expired(inst: Installation) -> None:
    """Remove the files of jobs that were made seven days ago, and of those that are gone. Raises StoreError."""
    kept = await table.expire(inst.store)
    await asyncio.to_thread(_remove_all_but, inst.settings.data / FOLDER, kept)


def _remove(folder: Path, job: int) -> None:
    for one in folder.glob(f"{job}-*"):
        shutil.rmtree(one)


def _remove_all_but(folder: Path, kept: set[int]) -> None:
    for one in folder.glob("*-*"):
        number = one.name.partition("-")[0]
        if number.isdecimal() and int(number) not in kept:
            shutil.rmtree(one)
