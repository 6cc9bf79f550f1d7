"""Reports as jobs: asked for here, made by a worker, fetched on the node. And the figures of a quarter at once."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from agi_app.api.routes import ApiAnswer, ApiCall, Given, NoQuery, Query, Routes
from agi_app.api.texts import Name, Word
from agi_app.messages import current
from agi_app.model.actors import Scope
from agi_app.operations.reporting import jobs as operations
from agi_app.operations.reporting import quarter
from agi_app.operations.reporting.calls import CallsRequest
from agi_app.operations.reporting.quarter import QuarterRequest
from agi_app.operations.reporting.table_requests import TableFormat

routes = Routes()
Part = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,60}$")]


class CallsReport(Given):
    """A table of calls of whole days, each with the consent that it stood on; with masked numbers."""

    since: dt.date
    until: dt.date = Field(description="the last day")
    zone: Word = Field("UTC", description="whose days, such as Asia/Shanghai")
    campaigns: list[Name] = Field(default_factory=list, max_length=100)
    outcomes: list[Part] = Field(default_factory=list, max_length=50)
    rules: list[Part] = Field(default_factory=list, max_length=50)
    refused: bool = Field(False, description="with decisions that refused a call")
    format: Literal["csv", "xlsx", "jsonl"] = "xlsx"


class JobAsked(ApiAnswer):
    """The report is asked for under this number."""

    job: int


class JobAnswer(ApiAnswer):
    """A report. ``state``: waiting, running, done or failed; its file is on the node until ``expires_at``."""

    job_id: int
    kind: str
    format: str
    asked_by: str
    asked_at: dt.datetime
    state: str
    rows: int | None
    sha256: str | None
    ended_at: dt.datetime | None
    expires_at: dt.datetime | None
    error: str | None


class Jobs(ApiAnswer):
    """Your own; with exports.whole those of everybody."""

    data: list[JobAnswer]


class CountedAnswer(ApiAnswer):
    """How often something happened: calls by outcome, refusals by rule, stops, withdrawals, complaints."""

    what: str
    campaign: str | None
    trunk: str | None
    reason: str | None
    number: int


class QuarterAnswer(ApiAnswer):
    """The figures of three months."""

    data: list[CountedAnswer]


class QuarterQuery(Query):
    """Which quarter, of whose days."""

    quarter: str = Field(pattern=r"^20[0-9]{2}Q[1-4]$", description="such as 2026Q4")
    zone: str = Field("UTC", pattern=r"^[A-Za-z]{2,20}(/[A-Za-z_]{2,30}){0,2}$")


def _answer(row: operations.JobRow) -> JobAnswer:
    return JobAnswer.model_validate({name: getattr(row, name) for name in JobAnswer.model_fields})


@routes.post("/exports", Scope.EXPORTS_MASKED, JobAsked, body=CallsReport, status=202)
async def calls(call: ApiCall[NoQuery, CallsReport]) -> JobAsked:
    """Ask for a table of calls. A worker makes it; `agi-app report job` on the node has the file."""
    given = call.body
    asked = CallsRequest(
        given.since,
        given.until,
        given.zone,
        campaigns=tuple(given.campaigns),
        outcomes=tuple(given.outcomes),
        rules=tuple(given.rules),
        refused=given.refused,
        language=current(),
    )
    return JobAsked(job=await operations.ask(call.inst, asked, TableFormat(given.format)))


@routes.get("/jobs", Scope.EXPORTS_MASKED, Jobs)
async def listed(call: ApiCall[NoQuery, None]) -> Jobs:
    """The reports that were asked for, how far each is, how many rows it has, and the SHA-256 of its file."""
    return Jobs(data=[_answer(row) for row in await operations.jobs(call.inst)])


@routes.get("/reports/quarter", Scope.FIGURES_READ, QuarterAnswer, query=QuarterQuery)
async def figures(call: ApiCall[QuarterQuery, None]) -> QuarterAnswer:
    """Calls, stops and complaints of a quarter by trunk, campaign and reason."""
    found = await quarter.quarter(call.inst, QuarterRequest(call.query.quarter, call.query.zone))
    return QuarterAnswer(data=[CountedAnswer.model_validate(row) for row in found])
