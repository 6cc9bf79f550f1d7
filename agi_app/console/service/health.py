"""Whether the installation is well: what is wrong and how to fix it, workers, alerts, versions, the newest backup."""

from __future__ import annotations

import datetime as dt

from agi_app.api.problems import RequestRefused
from agi_app.api.resources import service as resource
from agi_app.api.resources.asks import ask_answer
from agi_app.api.resources.service import WorkerAnswer
from agi_app.api.routes import ApiCall, NoQuery
from agi_app.console.asked import ended
from agi_app.console.pages import GoTo, PageCall, PageData, Pages, Section, Shown
from agi_app.errors import InputError
from agi_app.messages import template
from agi_app.messages.retold import retold
from agi_app.model.actors import Scope
from agi_app.operations.administration import examination, full_examination
from agi_app.operations.administration.full_examination import Ask
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


class LookedAtAll(PageData):
    """All that `agi-app doctor` looks at, as a worker saw it at a time; ``state``: how that ask stands."""

    ask: int
    account: str
    state: str
    asked_at: dt.datetime
    answered_at: dt.datetime | None
    findings: list[FoundHere]


class HealthData(PageData):
    """All of it. ``all``: None for who may not see it, and before anybody asked for it."""

    version: str
    schema_number: int
    findings: list[FoundHere]
    workers: list[WorkerAnswer]
    alerts: list[AlertRecord]
    all: LookedAtAll | None


@pages.get("/service", Scope.FIGURES_READ, Section.SERVICE, template("Health"))
async def show(call: PageCall) -> Shown:
    """The page."""
    found = await examination.examine(call.inst)
    workers = await resource.workers(ApiCall(call.inst, {}, NoQuery(), None))
    whole = await full_examination.newest(call.inst) if call.inst.actor.may(Scope.SERVICE_MANAGE) else None
    data = HealthData(
        all=None if whole is None else _all(whole),
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


@pages.post("/service/doctor", Scope.SERVICE_MANAGE)
async def look(call: PageCall) -> GoTo:
    """Ask a worker to look at everything now; the same ask while one waits."""
    return GoTo(f"/service/doctor/{await full_examination.ask(call.inst)}")


@pages.get("/service/doctor/{ask}", Scope.SERVICE_MANAGE)
async def looked(call: PageCall) -> Shown | GoTo:
    """Whether it has looked; the page of health then."""
    number = int(call.path["ask"])
    try:
        found = await ended(
            call.inst, lambda: full_examination.asked(call.inst, number), lambda one: one.state != "waiting"
        )
    except InputError as error:
        raise RequestRefused("not_found", str(error)) from error
    if found.state == "done":
        return GoTo("/service", "looked")
    return Shown("service/doctor.html", ask_answer(found, None), "agi-app doctor")


def _all(found: Ask) -> LookedAtAll:
    return LookedAtAll(
        ask=found.ask_id,
        account=found.account,
        state=found.state,
        asked_at=found.asked_at,
        answered_at=found.answered_at,
        findings=[
            FoundHere(check=retold(one.check), text=retold(one.text), fix=retold(one.fix))
            for one in full_examination.findings(found)
        ],
    )
