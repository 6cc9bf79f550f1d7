"""The calls of one day as a file, by one button: how many there are is said before it is pressed."""

from __future__ import annotations

import datetime as dt

from pydantic import Field, ValidationError

from agi_app.api.resources import jobs as resource
from agi_app.api.resources.jobs import ZONE, CallsReport
from agi_app.api.routes import ApiCall, NoQuery, Query
from agi_app.console.given import faults_of, query_of
from agi_app.console.pages import GoTo, PageCall, PageData, Pages, Shown
from agi_app.errors import InputError
from agi_app.model.actors import Scope
from agi_app.operations.reporting import calls as operations
from agi_app.operations.reporting.calls import CallsOfDay

pages = Pages()


class DayQuery(Query):
    """Which day, of which zone; without them today, of the reader's."""

    day: dt.date | None = None
    zone: str | None = Field(None, pattern=ZONE)


class DayOfCallsData(PageData):
    """What the file would have."""

    day: CallsOfDay


@pages.get("/reports/day", Scope.EXPORTS_MASKED)
async def show(call: PageCall) -> Shown:
    """How many calls a day had, and the button that makes the file."""
    asked = query_of(call, DayQuery)
    try:
        return await _shown(call, asked.day, asked.zone or call.zone)
    except InputError as error:
        return await _shown(call, None, call.zone, str(error))


async def _shown(call: PageCall, day: dt.date | None, zone: str, fault: str = "") -> Shown:
    found = await operations.of_day(call.inst, day, zone)
    command = f"agi-app report calls --since {found.day} --until {found.day} --zone {found.zone} --output FILE.csv"
    more = {"fault": fault}
    return Shown("records/day.html", DayOfCallsData(day=found), command, 422 if fault else 200, more)


@pages.post("/reports/day", Scope.EXPORTS_MASKED)
async def ask(call: PageCall) -> Shown | GoTo:
    """Ask for the file; numbers are masked in it."""
    form = call.form
    given = {"since": form.get("day", ""), "until": form.get("day", ""), "zone": form.get("zone", "")}
    try:
        body = CallsReport.model_validate(given | {"format": form.get("format") or "csv"})
        job = (await resource.calls(ApiCall(call.inst, {}, NoQuery(), body))).job
    except ValidationError as error:
        return await _shown(call, None, call.zone, faults_of(error))
    except InputError as error:
        return await _shown(call, None, call.zone, str(error))
    return GoTo(f"/reports/jobs/{job}")
