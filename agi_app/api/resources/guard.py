"""The guard's lists and lines: shown without the numbers of people; each change is an ask that a worker takes."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import Field

from agi_app.api.cursors import page
from agi_app.api.resources.asks import AskedAnswer
from agi_app.api.routes import ApiAnswer, ApiCall, Given, NoQuery, PageQuery, Query, Routes
from agi_app.api.texts import LineName, Reason
from agi_app.model.actors import Scope
from agi_app.operations.guard import guard_asks as operations

routes = Routes()
DAYS = 90
CallId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,150}$")]


class EntryAnswer(ApiAnswer):
    """An entry of a list. ``pattern``: a number, masked, or a part of it; ``shared``: a hint of others."""

    entry_id: int
    pattern: str
    allow: bool
    line: str = Field(description="one of our numbers; empty: for all")
    shared: bool
    reason: str
    expires_at: dt.datetime | None
    entered_by: str
    entered_at: dt.datetime


class EntryPage(ApiAnswer):
    """By their number."""

    data: list[EntryAnswer]
    next: str | None


class EntryQuery(PageQuery):
    """Of which line."""

    line: LineName | None = None


class EntryGiven(Given):
    """Numbers to let through or to block."""

    pattern: str = Field(
        min_length=2,
        max_length=60,
        pattern=r"^[+0-9*a-z-]+$",
        description="a number in E.164, +8695* (those that begin with it), +861000-+861999 or withheld",
    )
    allow: bool = Field(False, description="let through; this overrides every block")
    line: LineName | None = Field(None, description="only for this one of our numbers")
    reason: Reason
    days: int | None = Field(DAYS, ge=1, le=36500, description="how long; null: without end")


class WhyGiven(Query):
    """What for."""

    reason: Reason


class LineAnswer(ApiAnswer):
    """What is set for one of our numbers; null: as the settings of the guard say."""

    line: str
    enabled: bool | None
    level: str | None
    zone: str | None
    mailbox: bool | None


class Lines(ApiAnswer):
    """Those for which something is set."""

    data: list[LineAnswer]


class LineGiven(Given):
    """What is to change; what is not given stays."""

    level: Literal["notice", "low", "standard", "strict"] | None = None
    enabled: bool | None = None
    mailbox: bool | None = None
    reason: Reason


class VoteGiven(Given):
    """A word about the caller of a screened call, by the call's id."""

    call: CallId
    nuisance: bool = Field(description="false: an appeal, and reports before it no longer count")
    reason: Reason


def _line(name: str, chosen: operations.SubscriberLine) -> LineAnswer:
    return LineAnswer(line=name, enabled=chosen.enabled, level=chosen.level, zone=chosen.zone, mailbox=chosen.mailbox)


@routes.get("/guard/lists", Scope.GUARD_READ, EntryPage, query=EntryQuery)
async def entries(call: ApiCall[EntryQuery, None]) -> EntryPage:
    """Whom the guard lets through and whom it blocks, until when and why."""

    async def fetch(limit: int, after: int | str | None) -> list[operations.StoredEntry]:
        return await operations.entries(call.inst, call.query.line, after=int(after or 0), limit=limit)

    rows, following = await page(call.query, int, fetch, lambda row: row.entry_id)
    return EntryPage(data=[_entry(row) for row in rows], next=following)


@routes.get("/guard/lists/{entry}", Scope.GUARD_READ, EntryAnswer)
async def entry(call: ApiCall[NoQuery, None]) -> EntryAnswer:
    """One entry."""
    return _entry(await operations.entry(call.inst, int(call.path["entry"])))


def _entry(row: operations.StoredEntry) -> EntryAnswer:
    return EntryAnswer.model_validate({name: getattr(row, name) for name in EntryAnswer.model_fields})


@routes.post("/guard/lists", Scope.GUARD_CHANGE, AskedAnswer, body=EntryGiven, status=202)
async def put(call: ApiCall[NoQuery, EntryGiven]) -> AskedAnswer:
    """Ask to let numbers through or to block them: for 90 days, unless it says otherwise."""
    given = call.body
    more: dict[str, Any] = {"allow": given.allow, "line": given.line or "", "days": given.days}
    return AskedAnswer(ask=await operations.ask_put(call.inst, given.pattern, **more, reason=given.reason))


@routes.edit("DELETE", "/guard/lists/{entry}", Scope.GUARD_CHANGE, AskedAnswer, query=WhyGiven, status=202)
async def remove(call: ApiCall[WhyGiven, None]) -> AskedAnswer:
    """Ask to take an entry off its list."""
    number = int(call.path["entry"])
    return AskedAnswer(ask=await operations.ask_remove(call.inst, number, reason=call.query.reason))


@routes.get("/guard/lines", Scope.GUARD_READ, Lines)
async def lines(call: ApiCall[NoQuery, None]) -> Lines:
    """How calls to each of our numbers are screened, where somebody has set it."""
    return Lines(data=[_line(name, chosen) for name, chosen in (await operations.lines(call.inst)).items()])


@routes.get("/guard/lines/{line}", Scope.GUARD_READ, LineAnswer)
async def line(call: ApiCall[NoQuery, None]) -> LineAnswer:
    """One of our numbers."""
    name = call.path["line"]
    return _line(name, (await operations.lines(call.inst)).get(name, operations.SubscriberLine()))


@routes.edit("PATCH", "/guard/lines/{line}", Scope.GUARD_CHANGE, AskedAnswer, body=LineGiven, status=202)
async def change_line(call: ApiCall[NoQuery, LineGiven]) -> AskedAnswer:
    """Ask to change how calls to one of our numbers are screened."""
    given = call.body
    choice = operations.SubscriberLine(given.enabled, given.level, mailbox=given.mailbox)
    return AskedAnswer(ask=await operations.ask_line(call.inst, call.path["line"], choice, reason=given.reason))


@routes.post("/guard/votes", Scope.GUARD_CHANGE, AskedAnswer, body=VoteGiven, status=202)
async def vote(call: ApiCall[NoQuery, VoteGiven]) -> AskedAnswer:
    """Ask to note that a caller is a nuisance, or, as an appeal, that it is not one."""
    given = call.body
    return AskedAnswer(
        ask=await operations.ask_vote(call.inst, given.call, nuisance=given.nuisance, reason=given.reason)
    )
