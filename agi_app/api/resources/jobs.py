"""Reports as jobs: asked for here, made by `agi-app report run-jobs`, sent as files. And the figures of a quarter.

Files with whole numbers, and the export for an outsider, stay on the node: the answer names the command for them.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import AwareDatetime, Field

from agi_app.api.problems import RequestRefused
from agi_app.api.routes import FILE, ApiAnswer, ApiCall, Given, NoQuery, Query, Routes
from agi_app.api.sent_files import sending
from agi_app.api.texts import Name, Reason, Word
from agi_app.messages import current
from agi_app.model.actors import Scope
from agi_app.operations.reporting import imports, quarter
from agi_app.operations.reporting import jobs as operations
from agi_app.operations.reporting.calls import CallsRequest
from agi_app.operations.reporting.imports import ImportsRequest
from agi_app.operations.reporting.jobs import Archive, HandoutRequest, NoFile, OpenedFile
from agi_app.operations.reporting.quarter import QuarterRequest
from agi_app.operations.reporting.table_requests import TableFormat

routes = Routes()
Part = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,60}$")]
Some = Annotated[list[Part], Field(max_length=50)]
ZONE = r"^[A-Za-z]{2,20}(/[A-Za-z_]{2,30}){0,2}$"
MOST_ROWS = 1000
PATIENCE_S, LOOK_EVERY_S = 25.0, 0.2


class CallsChosen(Given):
    """Calls of whole days, each with the consent that it stood on; no value of a list means any."""

    since: dt.date
    until: dt.date = Field(description="the last day")
    zone: Word = Field("UTC", description="whose days, such as Asia/Shanghai")
    campaigns: list[Name] = Field(default_factory=list, max_length=100)
    trunks: list[Name] = Field(default_factory=list, max_length=100)
    jurisdictions: Some = Field(default_factory=list, description="CN, or US-FL for a part with its own rules")
    regions: list[Word] = Field(
        default_factory=list, max_length=50, description="province, state or city, as far as the number tells"
    )
    outcomes: Some = Field(default_factory=list)
    rules: Some = Field(default_factory=list)
    refused: bool = Field(False, description="with decisions that refused a call")


class CallsReport(CallsChosen):
    """The same as a file; whole numbers take the scope exports.whole and a reason, and stay on the node."""

    format: Literal["csv", "xlsx", "jsonl"] = "xlsx"
    whole_numbers: bool = False
    reason: Reason | None = None


class HandoutAsk(Given):
    """What an outsider is to check: records of a span of time, of a campaign or of all, with the whole signed tree."""

    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    campaign: Name | None = None


class JobAsked(ApiAnswer):
    """The report is asked for under this number."""

    job: int


class JobAnswer(ApiAnswer):
    """A report. ``state``: waiting, running, done or failed; its file is there until ``expires_at``."""

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


class ReportedCall(ApiAnswer):
    """A call, or a decision that refused one; the numbers of people are masked, and what is unknown is empty."""

    local_time: str
    utc_time: str
    what: Literal["call", "refused"]
    campaign: str
    contact: str
    number: str
    number_place: str = Field(description="which of the contact's numbers was called, from 1")
    number_kind: str = Field(description="what the list calls that number, such as mobile")
    country: str
    place: str
    place_zh: str
    trunk: str
    number_shown: str
    outcome: str
    disposition: str
    seconds: str
    consent: str
    consent_given: str
    consent_method: str
    consent_source: str
    consent_words: str
    decision: str
    rules: str
    reasons: str
    rule_set: str
    call: str


class ReportedCalls(ApiAnswer):
    """The first 1,000 of ``rows`` by time; ``state`` waiting or running: the job has the file later."""

    job: int
    state: str
    rows: int | None
    data: list[ReportedCall]


class ImportAnswer(ApiAnswer):
    """A file that was imported; ``at`` is when, ``about`` the campaign or list. Not ``finished``: it broke off."""

    import_id: int
    kind: str
    name: str
    sha256: str
    about: str | None
    at: dt.datetime
    account: str
    rows: int
    rejected: int
    added: int
    updated: int
    unchanged: int
    finished: bool
    from_campaign: str | None = Field(description="of a follow-up: whose contacts it was made of")
    condition: str | None


class Imports(ApiAnswer):
    """The oldest first, at most 1,000; ``complete`` false: there are more."""

    data: list[ImportAnswer]
    complete: bool


class ImportsQuery(Query):
    """Of which days and what."""

    since: dt.date | None = None
    until: dt.date | None = Field(None, description="the last day")
    zone: str = Field("UTC", pattern=ZONE)
    kind: Literal["contacts", "consents", "stops", "do_not_call", "complaints", "guard"] | None = None


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
    zone: str = Field("UTC", pattern=ZONE)


def _answer(row: operations.JobRow) -> JobAnswer:
    return JobAnswer.model_validate({name: getattr(row, name) for name in JobAnswer.model_fields})


@routes.post("/exports", Scope.EXPORTS_MASKED, JobAsked, body=CallsReport, status=202)
async def calls(call: ApiCall[NoQuery, CallsReport]) -> JobAsked:
    """Ask for a table of calls. `agi-app report run-jobs` makes it; with whole numbers its file stays on the node."""
    given = call.body
    asked = _chosen(given, whole_numbers=given.whole_numbers, reason=given.reason or "")
    return JobAsked(job=await operations.ask(call.inst, asked, TableFormat(given.format)))


@routes.look("/exports/rows", Scope.EXPORTS_MASKED, ReportedCalls, body=CallsChosen, more=(409,))
async def rows(call: ApiCall[NoQuery, CallsChosen]) -> ReportedCalls:
    """Ask for a table of calls, wait for it, and show its rows; the whole of it is the job's file.

    It is done when `agi-app report run-jobs` runs. After 25 seconds the job is left to be fetched later.
    """
    number = await operations.ask(call.inst, _chosen(call.body), TableFormat.JSON)
    job = await operations.one(call.inst, number)
    for _ in range(round(PATIENCE_S / LOOK_EVERY_S)):
        if job.state not in ("waiting", "running"):
            break
        await asyncio.sleep(LOOK_EVERY_S)
        job = await operations.one(call.inst, number)
    if job.state == "failed":
        raise RequestRefused("refused", job.error or "")
    found: list[ReportedCall] = []
    if job.state == "done":
        found = await asyncio.to_thread(_first_rows, await _opened(call, number))
    return ReportedCalls(job=number, state=job.state, rows=job.rows, data=found)


@routes.look("/exports/handouts", Scope.EXPORTS_WHOLE, JobAsked, body=HandoutAsk, status=202)
async def handout(call: ApiCall[NoQuery, HandoutAsk]) -> JobAsked:
    """Ask for the export that an outsider checks with plain Python. Its file stays on the node."""
    given = call.body
    asked = HandoutRequest(given.since, given.until, given.campaign)
    return JobAsked(job=await operations.ask(call.inst, asked, Archive.ZIP))


def _chosen(given: CallsChosen, **more: Any) -> CallsRequest:
    return CallsRequest(
        given.since,
        given.until,
        given.zone,
        campaigns=tuple(given.campaigns),
        trunks=tuple(given.trunks),
        jurisdictions=tuple(given.jurisdictions),
        places=tuple(given.regions),
        outcomes=tuple(given.outcomes),
        rules=tuple(given.rules),
        refused=given.refused,
        language=current(),
        **more,
    )


async def _opened(call: ApiCall[Any, Any], job: int) -> OpenedFile:
    try:
        return await operations.open_file(call.inst, job)
    except NoFile as error:
        raise RequestRefused("no_file", str(error), command=error.command) from error


def _first_rows(opened: OpenedFile) -> list[ReportedCall]:
    with opened.file as lines:
        return [ReportedCall(**json.loads(line)) for line, _ in zip(lines, range(MOST_ROWS), strict=False)]


@routes.get("/jobs", Scope.EXPORTS_MASKED, Jobs)
async def listed(call: ApiCall[NoQuery, None]) -> Jobs:
    """The reports that were asked for, how far each is, how many rows it has, and the SHA-256 of its file."""
    return Jobs(data=[_answer(row) for row in await operations.jobs(call.inst)])


@routes.get("/jobs/{job}", Scope.EXPORTS_MASKED, JobAnswer)
async def shown(call: ApiCall[NoQuery, None]) -> JobAnswer:
    """One of them."""
    return _answer(await operations.one(call.inst, int(call.path["job"])))


@routes.get("/jobs/{job}/file", Scope.EXPORTS_MASKED, FILE, stream=True, more=(409,))
async def file(call: ApiCall[NoQuery, None]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The file, once its SHA-256 was compared; that it was taken is noted. One that stays on the node: 409."""
    opened = await _opened(call, int(call.path["job"]))

    job = opened.job
    return sending(opened.file, opened.size, FILE, f"{job.kind}-{job.job_id}.{job.format}")


@routes.edit("DELETE", "/jobs/{job}", Scope.EXPORTS_MASKED, None, status=204, more=(409,))
async def delete(call: ApiCall[NoQuery, None]) -> None:
    """Delete a report that was asked for here; its file is removed at once by `agi-app report run-jobs`."""
    try:
        await operations.delete(call.inst, int(call.path["job"]))
    except NoFile as error:
        raise RequestRefused("not_by_service", str(error), command=error.command) from error


@routes.get("/reports/imports", Scope.PEOPLE_READ, Imports, query=ImportsQuery)
async def imported(call: ApiCall[ImportsQuery, None]) -> Imports:
    """Who imported which file of contacts, consents, stops or lists, with its SHA-256."""
    given = call.query
    since, until = given.since or imports.ALWAYS[0], given.until or imports.ALWAYS[1]
    asked = ImportsRequest(since, until, given.zone, () if given.kind is None else (given.kind,))
    found = await imports.imports(call.inst, asked)
    return Imports(
        data=[
            ImportAnswer.model_validate({name: getattr(row, name) for name in ImportAnswer.model_fields})
            for row in found[:MOST_ROWS]
        ],
        complete=len(found) <= MOST_ROWS,
    )


@routes.get("/reports/quarter", Scope.FIGURES_READ, QuarterAnswer, query=QuarterQuery)
async def figures(call: ApiCall[QuarterQuery, None]) -> QuarterAnswer:
    """Calls, stops and complaints of a quarter by trunk, campaign and reason."""
    found = await quarter.quarter(call.inst, QuarterRequest(call.query.quarter, call.query.zone))
    return QuarterAnswer(data=[CountedAnswer.model_validate(row) for row in found])
