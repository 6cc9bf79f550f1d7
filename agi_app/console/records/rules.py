"""Calling rules: what holds where, which law or default says so, as of when; and what a moment would be there."""

from __future__ import annotations

import asyncio
import datetime as dt
from zoneinfo import ZoneInfo

from pydantic import Field

from agi_app.api.resources import service as resource
from agi_app.api.resources.service import RulesAnswer
from agi_app.api.routes import ApiCall, NoQuery, Query
from agi_app.console.given import query_of
from agi_app.console.pages import PageCall, PageData, Pages, Section, Shown
from agi_app.console.rendering import known_zone
from agi_app.errors import InputError
from agi_app.messages import t, template
from agi_app.model.actors import Scope
from agi_app.operations.project import rules as operations

pages = Pages()
FIRST_YEAR, LAST_YEAR = 2000, 2100
NAMES = {
    "time_zones": template("time zones"),
    "calling_hours": template("calling hours"),
    "closed_days": template("closed days"),
    "caps": template("most calls to one person"),
    "gap_after_declined": template("pause after a declined call"),
    "gap_after_abandoned": template("pause after an abandoned call"),
    "ring_time": template("how long it rings"),
    "abandoned_calls": template("abandoned calls"),
    "external_lists": template("do-not-call lists of others"),
    "retention": template("how long records are kept"),
    "artificial_voice": template("artificial voice"),
    "opt_out": template("a way to say stop"),
    "complaints": template("answers to complaints"),
}


class RulesQuery(Query):
    """Of which country, and a moment to try: local to the zone."""

    region: str | None = Field(None, pattern=r"^[A-Z]{2}$")
    at: dt.datetime | None = None
    zone: str = Field("UTC", max_length=60)


class TriedPlace(PageData):
    """Whether a call could begin there then; ``why`` empty: it could."""

    place: str
    local: str
    why: str
    next_at: dt.datetime | None


class RulesData(PageData):
    """The rules of a country, all countries that may be called, and what was tried."""

    regions: list[str]
    rules: RulesAnswer
    at: dt.datetime | None
    tried: list[TriedPlace]


@pages.get("/records/rules", Scope.FIGURES_READ, Section.RECORDS, template("Rules"))
async def show(call: PageCall) -> Shown:
    """The rules of one country; the first one that may be called unless one is named."""
    query = query_of(call, RulesQuery)
    project = call.inst.settings.project
    known = await asyncio.to_thread(operations.regions, project)
    region = query.region or ("CN" if "CN" in known else known[0])
    rules = await resource.calling_rules(ApiCall(call.inst, {"region": region}, NoQuery(), None))
    if query.at is not None and not FIRST_YEAR <= query.at.year <= LAST_YEAR:
        raise InputError(t("a moment to try is in a year from {first} to {last}", first=FIRST_YEAR, last=LAST_YEAR))
    at = query.at and query.at.replace(tzinfo=query.at.tzinfo or ZoneInfo(known_zone(query.zone)))
    found = [] if at is None else await asyncio.to_thread(operations.open_at, project, region, at)
    tried = [TriedPlace.model_validate(one) for one in found]
    data = RulesData(regions=known, rules=rules, at=at, tried=tried)
    more = {"asked": query, "names": NAMES}
    return Shown("records/rules.html", data, f"agi-app rules show {region}", more=more)
