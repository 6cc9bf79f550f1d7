"""The figures of a quarter, as a table and a picture, and as a file; and which files were imported."""

from __future__ import annotations

from collections import Counter

from agi_app.api.resources import jobs as resource
from agi_app.api.resources.jobs import CountedAnswer, ImportsQuery, QuarterQuery
from agi_app.api.routes import ApiCall
from agi_app.console.charts import Bar, bars
from agi_app.console.given import query_of
from agi_app.console.pages import GoTo, PageCall, Pages, Section, Shown
from agi_app.console.rendering import known_zone, number
from agi_app.errors import InputError
from agi_app.messages import spoken, t, template
from agi_app.model.actors import Scope
from agi_app.operations.reporting import days, jobs
from agi_app.operations.reporting.quarter import QuarterRequest
from agi_app.operations.reporting.table_requests import TableFormat

pages = Pages()
MOST_BARS = 12
WHAT = {
    "call": template("calls"),
    "refused": template("refused by a rule"),
    "stop": template("stops"),
    "withdrawal": template("withdrawals"),
    "complaint": template("complaints"),
}
KINDS = {
    "contacts": template("contacts"),
    "consents": template("consents"),
    "stops": template("stops"),
    "do_not_call": template("a do-not-call list"),
    "complaints": template("complaints"),
    "guard": template("a list of the guard"),
}


@pages.get("/reports/quarter", Scope.FIGURES_READ, Section.REPORTS, template("Quarter"))
async def show(call: PageCall) -> Shown:
    """Calls by outcome, refusals by rule, stops, withdrawals and complaints of three months."""
    now = call.inst.clock.now()
    asked = {"quarter": f"{now.year}Q{(now.month + 2) // 3}"} | {k: v for k, v in call.query.items() if v.strip()}
    query = query_of(PageCall(call.inst, {}, asked, {}), QuarterQuery)
    found = await resource.figures(ApiCall(call.inst, {}, query, None))
    more = {"asked": query, "what": WHAT, "why": _why, "picture": _picture(found.data)}
    return Shown(
        "records/quarter.html", found, f"agi-app report quarter {query.quarter} --zone {query.zone}", more=more
    )


def _picture(rows: list[CountedAnswer]) -> str:
    counted: Counter[str] = Counter()
    for row in rows:
        counted[f"{spoken(WHAT.get(row.what, row.what))} {_why(row.reason or '')}".strip()] += row.number
    return bars(
        t("What happened, by kind and reason"), [Bar(k, n, number(n)) for k, n in counted.most_common(MOST_BARS)]
    )


@pages.post("/reports/quarter", Scope.EXPORTS_MASKED)
async def ask(call: PageCall) -> GoTo:
    """Ask for them as a file."""
    chosen = {"csv": TableFormat.CSV, "xlsx": TableFormat.XLSX}.get(call.form.get("format", ""))
    if chosen is None:
        raise InputError(t("choose a format: xlsx or csv"))
    asked = QuarterRequest(call.form.get("quarter", ""), known_zone(call.form.get("zone", "")))
    days.quarter(asked.name)
    return GoTo(f"/reports/jobs/{await jobs.ask(call.inst, asked, chosen)}")


@pages.get("/reports/imports", Scope.PEOPLE_READ, Section.REPORTS, template("Imported files"))
async def imported(call: PageCall) -> Shown:
    """Who imported which file, how many rows were stored, and its SHA-256."""
    query = query_of(call, ImportsQuery)
    found = await resource.imported(ApiCall(call.inst, {}, query, None))
    return Shown("records/imports.html", found, "agi-app report imports", more={"asked": query, "kinds": KINDS})


def _why(reason: str) -> str:
    return t(": ").join(spoken(word) for word in reason.split(": "))
