"""Reports as jobs: what an API asks for, a process of its own makes, and who asked fetches within seven days.

A job's file has its name when it is whole and its rows were counted. A process that is killed leaves nothing that looks
like one, and the job is made again. What the service asks for is made for the token that was shown to it, which the
process verifies: whose name the service gives says nothing. Its masked files lie where the service may read them.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

import msgspec

from agi_app.atomic_files import cannot_be_written, replacing
from agi_app.errors import AgiAppError, ConfigError, Forbidden, InputError
from agi_app.event_loop import alongside
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Actor, Scope
from agi_app.operations.acting import noted, reads
from agi_app.operations.reporting import calls, case_exports, handouts, imports, job_files, quarter
from agi_app.operations.reporting.case_exports import CaseRequest
from agi_app.operations.reporting.handouts import Archive, HandoutRequest
from agi_app.operations.reporting.table_requests import TableFormat, WrittenTable
from agi_app.operations.service import sessions
from agi_app.recordings.copies import Copies
from agi_app.reports.table_files import sha256_of
from agi_app.store.ledger import accounts
from agi_app.store.reporting import jobs as table
from agi_app.store.reporting.jobs import AskedJob, JobRow, TakenJob

__all__ = [
    "KINDS",
    "Archive",
    "CaseRequest",
    "HandoutRequest",
    "JobRow",
    "NoFile",
    "OpenedFile",
    "ask",
    "delete",
    "fetch",
    "jobs",
    "one",
    "open_file",
    "remove_expired",
    "run_next",
    "write",
]
HOLD_EVERY_S = 15.0
CHANGED = "the file of job {job} is not what was written: ask for it again"
_log = logging.getLogger(__name__)
NO_FILE = "job {job} has no file; it is {state}"
Request = calls.CallsRequest | imports.ImportsRequest | quarter.QuarterRequest | HandoutRequest | CaseRequest


@dataclass(frozen=True, slots=True)
class JobKind:
    """A report that can be a job: what is asked, and what writes it."""

    request: type[Any]
    write: Callable[[Installation, Any, Path, Any], Awaitable[WrittenTable]]
    forms: type[StrEnum] = TableFormat


KINDS: Mapping[str, JobKind] = {
    "calls": JobKind(calls.CallsRequest, calls.write_calls),
    "imports": JobKind(imports.ImportsRequest, imports.write_imports),
    "quarter": JobKind(quarter.QuarterRequest, quarter.write_quarter),
    "handout": JobKind(HandoutRequest, handouts.write_handout, Archive),
    "complaint": JobKind(CaseRequest, case_exports.write_case, Archive),
}


class NoFile(InputError):
    """A job's file is not to be had here: ``command`` fetches it on the node, if it is there."""

    def __init__(self, message: str, command: str | None = None) -> None:
        self.command = command
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A job's file as it was written: its hash was compared, and it is read from its beginning."""

    file: IO[bytes]
    size: int
    job: JobRow


@noted(Scope.EXPORTS_MASKED, "job ask", "asked")
async def ask(inst: Installation, asked: Request, form: TableFormat | Archive) -> int:
    """Ask for a report; returns the job's number. Raises InputError for what cannot be asked, StoreError, Forbidden."""
    if isinstance(asked, calls.CallsRequest):
        await calls.check(inst, asked)
    if isinstance(asked, HandoutRequest):
        await handouts.check(inst, asked)
    if isinstance(asked, CaseRequest):
        await case_exports.check(inst, asked)
    job = _job(inst, asked, form)
    if inst.actor.by_service:
        return await table.ask_by_service(inst.store, job, inst.actor.shown)
    return await table.ask(inst.store, job)


@reads(Scope.EXPORTS_MASKED)
async def write(inst: Installation, asked: Request, file: Path, form: TableFormat) -> WrittenTable:
    """Write a report now, and keep its rows and hash among the jobs. Raises as what writes it."""
    job = _job(inst, asked, form)
    made = await KINDS[job.kind].write(inst, asked, file, form)
    await table.add_done(inst.store, job, made.rows, bytes.fromhex(made.sha256))
    return made


def _job(inst: Installation, asked: Request, form: TableFormat | Archive) -> AskedJob:
    kind = next(name for name, kind in KINDS.items() if isinstance(asked, kind.request))
    return AskedJob(kind, msgspec.json.encode(asked).decode(), form.value, inst.actor.account)


@reads(Scope.EXPORTS_MASKED)
async def jobs(inst: Installation, job: int | None = None) -> list[JobRow]:
    """One's own jobs, the newest first, or one of them; with the scope of whole numbers, all of them. StoreError."""
    own = None if inst.actor.may(Scope.EXPORTS_WHOLE) else inst.actor.account
    return await table.listed(inst.store, asked_by=own, job_id=job)


@reads(Scope.EXPORTS_MASKED)
async def one(inst: Installation, job: int) -> JobRow:
    """One of one's own jobs, or of all. Raises InputError when there is none, StoreError, Forbidden."""
    return await _one(inst, job)


@noted(Scope.EXPORTS_MASKED, "job fetch", "job")
async def fetch(inst: Installation, job: int, output: Path) -> WrittenTable:
    """Copy a job's file, if it still has the hash that was noted. Raises InputError when there is none, StoreError."""
    found = await _one(inst, job)
    if found.file is None or found.rows is None:
        raise InputError(t(NO_FILE, job=job, state=found.state))
    if not _masked(found):
        inst.actor.require(Scope.EXPORTS_WHOLE)
    source = await asyncio.to_thread(job_files.place_of, inst.settings, found.file)
    try:
        if await asyncio.to_thread(sha256_of, source) != found.sha256:
            raise InputError(t(CHANGED, job=job))
        with replacing(output) as part:
            await asyncio.to_thread(shutil.copyfile, source, part)
    except FileNotFoundError:
        raise InputError(t(NO_FILE, job=job, state=found.state)) from None
    except OSError as error:
        raise cannot_be_written(output, error, "the report ") from error
    return WrittenTable(output, found.rows, found.sha256)


@noted(Scope.EXPORTS_MASKED, "job fetch", "job")
async def open_file(inst: Installation, job: int) -> OpenedFile:
    """A job's file where the service may read it, once it was compared with its hash, to be closed by the caller.

    Raises NoFile when it is not there, InputError when there is no such job, StoreError, Forbidden.
    """
    found = await _one(inst, job)
    command = f"agi-app report job {job} --output FILE"
    if found.file is None:
        raise NoFile(t(NO_FILE, job=job, state=found.state))
    if not _masked(found):
        told = "the file of job {job} does not leave the node: `{command}` fetches it there"
        raise NoFile(t(told, job=job, command=command), command)
    try:
        return await asyncio.to_thread(_opened, job_files.shared(inst.settings, found.file), found)
    except OSError:
        told = "the file of job {job} is not where the console may read it: `{command}` fetches it on the node"
        raise NoFile(t(told, job=job, command=command), command) from None


def _opened(place: Path, job: JobRow) -> OpenedFile:
    file = place.open("rb")
    try:
        if hashlib.file_digest(file, "sha256").hexdigest() != job.sha256:
            raise NoFile(t(CHANGED, job=job.job_id))
        size = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return OpenedFile(file, size, job)


def _masked(job: AskedJob) -> bool:
    """Whether it shows nothing that the service could not read in the database."""
    _, asked, _ = _parts(job)
    return not isinstance(asked, HandoutRequest | CaseRequest) and not getattr(asked, "whole_numbers", False)


def _parts(job: AskedJob) -> tuple[JobKind, Any, Any]:
    """The kind, what is asked, the format; InputError for what this version cannot make, or never could."""
    try:
        kind = KINDS[job.kind]
        return kind, msgspec.json.decode(job.parameters, type=kind.request), kind.forms(job.format)
    except (KeyError, ValueError) as error:
        raise InputError(t("there is no such report: {kind} as {format}", kind=job.kind, format=job.format)) from error


@noted(Scope.EXPORTS_MASKED, "job delete", "job")
async def delete(inst: Installation, job: int) -> None:
    """Delete a job and its file. Raises InputError when there is none, StoreError, Forbidden for that of another.

    By the service only what was asked for by it; the file goes with the next look of `agi-app report run-jobs`.
    """
    found = await _one(inst, job)
    if not inst.actor.by_service:
        await table.delete(inst.store, found.job_id)
        await asyncio.to_thread(job_files.remove, inst.settings, found.job_id)
    elif not await table.forget(inst.store, found.job_id):
        told = "job {job} was asked for on the node: `{command}` deletes it there"
        command = f"agi-app report job {job} --delete"
        raise NoFile(t(told, job=job, command=command), command)


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
    await asyncio.to_thread(job_files.remove, inst.settings, job.job_id)  # what an earlier attempt left
    try:
        made = await _folder(inst, job)
        try:
            await _make(inst, job, made)
        except Exception:
            await asyncio.to_thread(shutil.rmtree, made)
            raise
    except AgiAppError as error:
        await table.fail(inst.store, job, str(error))
    except Exception as error:  # noqa: BLE001 - nobody may end this process by what they ask
        _log.exception("a report met a fault", extra={"job": job.job_id})
        await table.fail(inst.store, job, t("a fault of agi-app: {fault}", fault=type(error).__name__))
    found = await table.listed(inst.store, job_id=job.job_id)
    return found[0] if found else None


async def _make(inst: Installation, job: TakenJob, made: Path) -> None:
    async with alongside(_held(inst, job)):
        written = await _write(inst, job, made)
        await asyncio.to_thread(job_files.finished, inst.settings, written.file)
    name, digest = f"{made.name}/{written.file.name}", bytes.fromhex(written.sha256)
    if not await table.finish(inst.store, job, written.rows, digest, name):  # another process makes it by now
        await asyncio.to_thread(shutil.rmtree, made)


async def _folder(inst: Installation, job: TakenJob) -> Path:
    """A new folder for its file."""
    try:
        name, masked = f"{job.job_id}-{job.run}", _masked(job)
        return await asyncio.to_thread(job_files.make, inst.settings, name, masked=masked)
    except OSError as error:
        told = "{file}: no report can be written there: {why}"
        raise ConfigError(t(told, file=error.filename, why=error.strerror)) from error


async def _write(inst: Installation, job: TakenJob, folder: Path) -> WrittenTable:
    """As the account that asked, with the roles that it has now."""
    kind, asked, form = _parts(job)
    acting = replace(inst, actor=await _actor(inst, job))
    return await kind.write(acting, asked, folder / f"{job.kind}.{form.value}", form)


async def _actor(inst: Installation, job: TakenJob) -> Actor:
    """Who asked. By the service it is who shows the token; without one nothing is made, whatever name it gives."""
    if job.by_service:
        owner = await sessions.who_shows(inst, (job.sealed or b"").decode("ascii", "replace"))
        if owner is None or owner.account != job.asked_by:
            raise InputError(t("the token is not one of {account}, or no longer good", account=job.asked_by))
        return Actor(
            owner.account, owner.roles, owner.via, inst.actor.os_user, token=owner.token_id, scopes=owner.scopes
        )
    account = await accounts.of_name(inst.store, job.asked_by)
    if account is None or not account.role_set:
        raise InputError(t("the account {account} is not enabled", account=job.asked_by))
    return Actor(account.name, account.role_set, "worker", inst.actor.os_user)


async def _held(inst: Installation, job: TakenJob) -> None:
    while True:
        await asyncio.sleep(HOLD_EVERY_S)
        await table.hold(inst.store, job)


@reads(Scope.EXPORTS_MASKED)
async def remove_expired(inst: Installation) -> None:
    """Remove files of jobs of seven days ago and of those that are gone, and old copies of recordings. StoreError."""
    kept = await table.expire(inst.store)
    await asyncio.to_thread(job_files.remove_all_but, inst.settings, kept)
    await asyncio.to_thread(Copies(inst.settings.console_folder).remove_old, inst.clock.real_now())
