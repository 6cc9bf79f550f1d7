"""Complaints, stops and withdrawals, the newest first; none of them shows a number."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field

from agi_app.api.lists import Instant, shown
from agi_app.api.routes import ApiAnswer, ApiCall, PageQuery, Routes
from agi_app.api.texts import Name, Word
from agi_app.model.actors import Scope
from agi_app.model.campaign import Purpose
from agi_app.operations.people import record_lists as operations
from agi_app.operations.people.complaints import CaseState

routes = Routes()


class CaseAnswer(ApiAnswer):
    """A complaint, without its words. ``kind``: ours is about our calls, received about calls of others."""

    complaint_id: int
    kind: str
    person_id: int
    region: str
    received_at: dt.datetime
    due_at: dt.datetime | None
    source: str
    campaign: str | None
    entered_by: str
    recorded_at: dt.datetime
    erased_at: dt.datetime | None
    state: str


class CasePage(ApiAnswer):
    """The newest first."""

    data: list[CaseAnswer]
    next: str | None


class CaseQuery(PageQuery):
    """Which complaints."""

    kind: Literal["ours", "received"] | None = None
    state: Literal["open", "answered", "closed"] | None = None
    campaign: Name | None = None


class StopItemAnswer(ApiAnswer):
    """A number that is never called again; ``person_id`` null: nobody here has it."""

    stop_id: int
    person_id: int | None
    at: dt.datetime
    reason: str
    via: str
    recorded_at: dt.datetime


class StopPage(ApiAnswer):
    """The newest first."""

    data: list[StopItemAnswer]
    next: str | None


class SpanQuery(PageQuery):
    """By how it was said, and when it was recorded."""

    via: Word | None = Field(None, description="key press, command line, console …")
    since: Instant | None = None
    until: Instant | None = None


class WithdrawalAnswer(ApiAnswer):
    """A refusal of a person; ``purpose`` null: of everything."""

    withdrawal_id: int
    person_id: int
    purpose: str | None
    at: dt.datetime
    reason: str
    via: str
    method: str | None
    source: str | None
    entered_by: str | None
    recorded_at: dt.datetime


class WithdrawalPage(ApiAnswer):
    """The newest first."""

    data: list[WithdrawalAnswer]
    next: str | None


class WithdrawalQuery(SpanQuery):
    """And of which purpose."""

    purpose: Literal["transactional", "survey", "marketing"] | None = None


@routes.get("/complaints", Scope.COMPLAINTS_READ, CasePage, query=CaseQuery)
async def complaints(call: ApiCall[CaseQuery, None]) -> CasePage:
    """The complaints, and by when each must be answered."""
    asked = call.query
    page = await operations.complaints(
        call.inst,
        kind=asked.kind,
        state=CaseState(asked.state) if asked.state else None,
        campaign=asked.campaign,
        limit=asked.limit,
        after=asked.after,
    )
    return CasePage(**shown(page, CaseAnswer))


@routes.get("/stops", Scope.PEOPLE_READ, StopPage, query=SpanQuery)
async def stops(call: ApiCall[SpanQuery, None]) -> StopPage:
    """The stops that are kept, how each was said and when.

    One of a number that nobody here has is here a few seconds after it was entered, once a worker keeps it.
    """
    asked = {name: getattr(call.query, name) for name in SpanQuery.model_fields}
    return StopPage(**shown(await operations.stops(call.inst, **asked), StopItemAnswer))


@routes.get("/withdrawals", Scope.PEOPLE_READ, WithdrawalPage, query=WithdrawalQuery)
async def withdrawals(call: ApiCall[WithdrawalQuery, None]) -> WithdrawalPage:
    """Refusals of people whom we know, each with its purpose."""
    asked = {name: getattr(call.query, name) for name in SpanQuery.model_fields}
    purpose = Purpose(call.query.purpose) if call.query.purpose else None
    page = await operations.withdrawals(call.inst, **asked, purpose=purpose)
    return WithdrawalPage(**shown(page, WithdrawalAnswer))
