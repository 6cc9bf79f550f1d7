"""Reports as jobs: asked for, taken by one process at a time, done again when that process ended before its end."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries

Q = load_queries("reporting/jobs")
LEASE = dt.timedelta(minutes=1)
KEPT = dt.timedelta(days=7)
TRIES = 3
LAST = 2**62  # above every number of a job


@dataclass(frozen=True, slots=True)
class AskedJob:
    """What is to be made, and for whom; ``parameters`` are the request as JSON."""

    kind: str
    parameters: str
    format: str
    asked_by: str


@dataclass(frozen=True, slots=True)
class TakenJob(AskedJob):
    """A job that this process does now; ``run`` names this attempt at it."""

    job_id: int
    run: str
    by_service: bool  # then ``asked_by`` is no more than what the service says, unless the token is that account's
    sealed: bytes | None = field(repr=False)  # the token that was shown to the service


@dataclass(frozen=True, slots=True)
class JobRow(AskedJob):
    """A job as it is listed. ``file``: below the folder of reports; None: not made, removed, or a command has it."""

    job_id: int
    asked_at: dt.datetime  # real time, as all others
    state: str  # waiting | running | done | failed
    rows: int | None
    sha256: str | None  # hex
    file: str | None
    ended_at: dt.datetime | None
    expires_at: dt.datetime | None
    error: str | None


def _values(job: AskedJob) -> dict[str, object]:
    return {"kind": job.kind, "parameters": job.parameters, "format": job.format, "asked_by": job.asked_by}


async def ask(store: Store, job: AskedJob) -> int:
    """Ask for a report; returns the job's number. Raises StoreError."""
    return await store.the_value(int, Q["ask"], _values(job), "the job was not stored")


async def ask_by_service(store: Store, job: AskedJob, token: str | None) -> int:
    """The same with the rights of the service; the token is kept for the process that makes it. Raises StoreError."""
    values = {**_values(job), "sealed": None if token is None else token.encode()}
    return await store.the_value(int, Q["ask_by_service"], values, "the job was not stored")


async def add_done(store: Store, job: AskedJob, rows: int, sha256: bytes) -> None:
    """Note a report that was written elsewhere. Raises StoreError."""
    await store.execute(Q["add_done"], {**_values(job), "rows": rows, "sha256": sha256})


async def take(store: Store) -> TakenJob | None:
    """The next job that nobody does; hold it until its end. Raises StoreError."""
    await store.execute(Q["give_up"], {"tries": TRIES})
    found = await store.rows(TakenJob, Q["take"], {"lease": LEASE, "tries": TRIES})
    return found[0] if found else None


async def hold(store: Store, job: TakenJob) -> bool:
    """Whether it is still ours, for a while longer. Raises StoreError."""
    return await store.execute(Q["hold"], {"job_id": job.job_id, "run": job.run, "lease": LEASE}) == 1


async def finish(store: Store, job: TakenJob, rows: int, sha256: bytes, file: str) -> bool:
    """Whether it was still ours, and is done now. Raises StoreError."""
    values = {"job_id": job.job_id, "run": job.run, "rows": rows, "sha256": sha256, "file": file, "kept": KEPT}
    return await store.execute(Q["finish"], values) == 1


async def fail(store: Store, job: TakenJob, error: str) -> None:
    """It cannot be done. Raises StoreError."""
    await store.execute(Q["fail"], {"job_id": job.job_id, "run": job.run, "error": error})


async def listed(
    store: Store, *, asked_by: str | None = None, job_id: int | None = None, before: int = LAST, limit: int = 1000
) -> list[JobRow]:
    """Jobs below a number, the newest first; of one account, or of all. Raises StoreError."""
    values = {"asked_by": asked_by, "job_id": job_id, "before": before, "limit": limit}
    return await store.rows(JobRow, Q["listed"], values)


async def delete(store: Store, job_id: int) -> None:
    """Forget a job; its file is not wanted any longer. Raises StoreError."""
    await store.execute(Q["delete"], {"job_id": job_id})


async def forget(store: Store, job_id: int) -> bool:
    """Forget a job that was asked for by the service, with its rights; False: it was not. Raises StoreError."""
    return bool(await store.value(bool, Q["forget"], {"job_id": job_id}))


async def expire(store: Store) -> set[int]:
    """Forget the files whose time is over; returns the jobs that may have one. Raises StoreError."""
    await store.execute(Q["expire"])
    return {row["job_id"] for row in await store.records(Q["kept"])}
