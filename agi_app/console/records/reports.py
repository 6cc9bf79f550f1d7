"""Reports that are made as files: asked for, how far each is, its hash, and the file itself, for seven days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pydantic import ValidationError

from agi_app.api.resources import campaigns
from agi_app.api.resources import jobs as resource
from agi_app.api.resources.jobs import CallsReport, JobAnswer
from agi_app.api.routes import MOST_ROWS, ApiCall, NoQuery, PageQuery
from agi_app.console.asked import ended
from agi_app.console.given import faults_of, why_of
from agi_app.console.pages import Download, GoTo, NoData, PageCall, Pages, Section, Shown
from agi_app.errors import InputError
from agi_app.messages import template
from agi_app.model.actors import Scope
from agi_app.operations.reporting import jobs as operations
from agi_app.operations.reporting.imports import ALWAYS, ImportsRequest
from agi_app.operations.reporting.jobs import NoFile
from agi_app.operations.reporting.table_requests import TableFormat

pages = Pages()
FORM = {"since", "until", "zone", "format"}
MEDIA = "application/octet-stream"
KINDS = {
    "calls": template("calls"),
    "imports": template("files that were imported"),
    "quarter": template("figures of a quarter"),
    "handout": template("export for an outsider"),
}
STATES = {
    "waiting": template("waits to be made"),
    "running": template("is being made"),
    "done": template("is there"),
    "failed": template("could not be made"),
}
_SAID = {"deleted": template("The report is deleted, and its file with it.")}


@pages.get("/reports", Scope.EXPORTS_MASKED, Section.REPORTS, template("Files"))
async def show(call: PageCall) -> Shown:
    """One's own, or with the scope of whole numbers all of them; and what can be asked for."""
    return await _reports(call)


async def _reports(call: PageCall, fault: str = "") -> Shown:
    found = await resource.listed(ApiCall(call.inst, {}, NoQuery(), None))
    said = _SAID.get(call.query.get("said", ""), "")
    more = await _typed(call, fault) | {"kinds": KINDS, "states": STATES, "said": said}
    return Shown("records/reports.html", found, "agi-app report jobs", 422 if fault else 200, more)


async def _typed(call: PageCall, fault: str) -> dict[str, Any]:
    """What a form of a table of calls shows."""
    known = await campaigns.listed(ApiCall(call.inst, {}, PageQuery(limit=MOST_ROWS), None))
    today = call.inst.clock.real_now().date()
    days = {"since": str(today - dt.timedelta(days=1)), "until": str(today - dt.timedelta(days=1))}
    return {"fault": fault, "typed": {**days, **call.form}, "campaigns": [one.name for one in known.data]}


@pages.post("/reports", Scope.EXPORTS_MASKED)
async def ask(call: PageCall) -> Shown | GoTo:
    """Ask for a table of calls with masked numbers, or of the files that were imported."""
    return await _asked(call, _reports, whole=False)


@pages.get("/reports/whole", Scope.EXPORTS_WHOLE, proof=True)
async def show_whole(call: PageCall) -> Shown:
    """The same with whole numbers: why it is wanted, and the password."""
    return await _whole(call)


async def _whole(call: PageCall, fault: str = "") -> Shown:
    command = "agi-app report calls --since DAY --until DAY --whole-numbers --reason WHY --output FILE"
    return Shown("records/whole_report.html", NoData(), command, 422 if fault else 200, await _typed(call, fault))


@pages.post("/reports/whole", Scope.EXPORTS_WHOLE, proof=True)
async def ask_whole(call: PageCall) -> Shown | GoTo:
    """Ask for it."""
    return await _whole(call, call.unproved) if call.unproved else await _asked(call, _whole, whole=True)


async def _asked(call: PageCall, again: Callable[[PageCall, str], Awaitable[Shown]], *, whole: bool) -> Shown | GoTo:
    form = call.form
    try:
        reason = why_of(form) if whole else None
        if form.get("what") == "imports":
            job = await operations.ask(call.inst, _imports(form), TableFormat(_body(form, whole=False).format))
        else:
            body = _body(form, whole=whole, reason=reason)
            job = (await resource.calls(ApiCall(call.inst, {}, NoQuery(), body))).job
    except ValidationError as error:
        return await again(call, faults_of(error))
    except InputError as error:
        return await again(call, str(error))
    return GoTo(f"/reports/jobs/{job}")


def _body(form: Mapping[str, str], *, whole: bool, reason: str | None = None) -> CallsReport:
    given = {name: form[name].strip() for name in FORM if form.get(name, "").strip()}
    chosen = {"campaigns": [form["campaign"]] if form.get("campaign") else [], "refused": "refused" in form}
    return CallsReport.model_validate(given | chosen | {"whole_numbers": whole, "reason": reason})


def _imports(form: Mapping[str, str]) -> ImportsRequest:
    days = _body(form, whole=False)
    return ImportsRequest(max(days.since, ALWAYS[0]), min(days.until, ALWAYS[1]), days.zone)


@pages.get("/reports/jobs/{job}", Scope.EXPORTS_MASKED)
async def one(call: PageCall) -> Shown:
    """How far it is; mostly it is done before the page is there."""
    return await _job(call)


async def _job(call: PageCall, fault: str = "", command: str = "") -> Shown:
    number = call.path["job"]

    async def look() -> JobAnswer:
        return await resource.shown(ApiCall(call.inst, {"job": number}, NoQuery(), None))

    found = await ended(call.inst, look, lambda job: job.state in ("done", "failed"))
    more = {"fault": fault, "kinds": KINDS, "states": STATES}
    status = 409 if fault else 200
    return Shown("records/job.html", found, command or f"agi-app report job {number} --output FILE", status, more)


@pages.get("/reports/jobs/{job}/file", Scope.EXPORTS_MASKED)
async def file(call: PageCall) -> Download | Shown:
    """The file, once its hash was compared; or the command that fetches it on the node."""
    try:
        opened = await operations.open_file(call.inst, int(call.path["job"]))
    except NoFile as error:
        return await _job(call, str(error), error.command or "")
    job = opened.job
    return Download(opened.file, opened.size, MEDIA, f"{job.kind}-{job.job_id}.{job.format}")


@pages.post("/reports/jobs/{job}/delete", Scope.EXPORTS_MASKED)
async def delete(call: PageCall) -> Shown | GoTo:
    """Delete it; one that is not made yet is not made."""
    try:
        await operations.delete(call.inst, int(call.path["job"]))
    except NoFile as error:
        return await _job(call, str(error), error.command or "")
    return GoTo("/reports", "deleted")
