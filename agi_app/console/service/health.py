"""Whether the installation is well: what is wrong and how to fix it, workers, alerts, versions, the newest backup."""

from __future__ import annotations

import datetime as dt

from agi_app.api.resources import service as resource
from agi_app.api.resources.service import WorkerAnswer
from agi_app.api.routes import ApiCall, NoQuery
from agi_app.console.pages import PageCall, PageData, Pages, Section, Shown
from agi_app.messages import template
from agi_app.model.actors import Scope
from agi_app.operations.administration import examination
from agi_app.operations.service import alerts

pages = Pages()


class FoundHere(PageData):
    """One thing that was looked at; ``fix`` empty: it is well."""

    check: str
    text: str
    fix: str


class AlertRecord(PageData):
    """What is wrong, or was; ``ended_at`` null: still."""

    text: str
    began_at: dt.datetime
    ended_at: dt.datetime | None
    told: list[str]


class HealthData(PageData):
    """All of it."""

    version: str
    schema_number: int
    findings: list[FoundHere]
    workers: list[WorkerAnswer]
    alerts: list[AlertRecord]


@pages.get("/service", Scope.FIGURES_READ, Section.SERVICE, template("Health"))
async def show(call: PageCall) -> Shown:
    """The page."""
    found = await examination.examine(call.inst)
    workers = await resource.workers(ApiCall(call.inst, {}, NoQuery(), None))
    data = HealthData(
        version=found.version,
        schema_number=found.schema,
        findings=[FoundHere(check=one.check, text=one.text, fix=one.fix) for one in found.findings],
        workers=workers.data,
        alerts=[
            AlertRecord(
                text=alerts.title(one),
                began_at=one.began_at,
                ended_at=one.ended_at,
                told=sorted({str(notice.get("channel") or "") for notice in one.notices}),
            )
            for one in await alerts.shown(call.inst)
        ],
    )
    return Shown("service/health.html", data, "agi-app doctor")
