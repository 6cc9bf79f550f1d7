"""report jobs, report job, report run-jobs: reports that were asked for, and the process that makes them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from agi_app.cli.calling.report_calls import tell_written
from agi_app.cli.common import HERE, JsonOption, ProjectOption, say, say_json, say_now, table, with_installation
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.operations.reporting import job_service
from agi_app.operations.reporting import jobs as operation
from agi_app.operations.reporting.jobs import JobRow
from agi_app.service_manager import STARTING, ServiceManager


def jobs(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """List reports that were asked for or written, with rows and SHA-256; the newest first."""
    found = with_installation(project, operation.jobs)
    if as_json:
        say_json([dataclasses.asdict(row) for row in found])
        return
    table(
        t("Reports"),
        ("job", "report", "format", "asked by", "asked at", "state", "rows", "SHA-256", "until"),
        (
            (
                *(row.job_id, row.kind, row.format, row.asked_by, f"{row.asked_at:%Y-%m-%d %H:%M}"),
                *(row.error or row.state, row.rows, row.sha256, row.file and row.expires_at and f"{row.expires_at:%F}"),
            )
            for row in found
        ),
    )


def job(
    number: Annotated[int, typer.Argument(metavar="JOB", help="The job's number, as `report jobs` shows it.")],
    project: ProjectOption = HERE,
    output: Annotated[Path | None, typer.Option(help="Copy its file to this one.")] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete the job and its file.")] = False,
) -> None:
    """Fetch the file of a report that was asked for, or delete it."""
    if output is not None:
        tell_written(with_installation(project, operation.fetch, number, output))
    if delete:
        with_installation(project, operation.delete, number)
        say(t("job {job} is deleted", job=number))
    if output is None and not delete:
        found = with_installation(project, operation.jobs, number)
        if not found:
            raise InputError(t("there is no job {job}; `agi-app report jobs` lists them", job=number))
        for row in found:
            say_json(dataclasses.asdict(row))


def run_jobs(
    project: ProjectOption = HERE,
    once: Annotated[bool, typer.Option("--once", help="End when none is waiting.")] = False,
) -> None:
    """Make the reports that were asked for, until Ctrl-C, and remove the files of old ones; beside a worker."""
    if once:
        with_installation(project, job_service.make_waiting, _say_made)
        return
    manager = ServiceManager()
    with manager.watching(STARTING):
        with_installation(project, job_service.make_until_told, _say_made, manager)


def _say_made(row: JobRow) -> None:
    say_now(t("job {job}: {state}, {rows} rows", job=row.job_id, state=row.error or row.state, rows=row.rows or 0))
