"""The pause of everything. It is in force at once, without a worker; its end is an ask, for the token that is shown."""

from __future__ import annotations

import datetime as dt
from typing import Any

from agi_app.api.resources.asks import AskedAnswer
from agi_app.api.routes import ApiAnswer, ApiCall, Given, Limit, NoQuery, Query, Routes
from agi_app.api.texts import Reason
from agi_app.model.actors import Scope
from agi_app.operations.calling import pauses as operations

routes = Routes()


class PauseAnswer(ApiAnswer):
    """Whether everything is paused, since when, by whom and why."""

    paused: bool
    since: dt.datetime | None
    entered_by: str | None
    reason: str | None


class PauseGiven(Given):
    """Why nobody is to be called."""

    reason: Reason


class EndQuery(Query):
    """Why it goes on."""

    reason: Reason


@routes.get("/pauses", Scope.FIGURES_READ, PauseAnswer)
async def now(call: ApiCall[NoQuery, None]) -> PauseAnswer:
    """Whether everything is paused."""
    return await _now(call)


async def _now(call: ApiCall[NoQuery, Any]) -> PauseAnswer:
    found = await operations.current(call.inst)
    if found is None:
        return PauseAnswer(paused=False, since=None, entered_by=None, reason=None)
    return PauseAnswer(paused=True, since=found.recorded_at, entered_by=found.entered_by, reason=found.reason)


@routes.post(
    "/pauses",
    Scope.CAMPAIGNS_PAUSE,
    PauseAnswer,
    body=PauseGiven,
    limit=Limit.STOP,
    when_away="agi-app pause --all",
)
async def pause(call: ApiCall[NoQuery, PauseGiven]) -> PauseAnswer:
    """Pause everything on all nodes, from now on; calls that are on go on."""
    await operations.pause_by_service(call.inst, call.body.reason)
    return await _now(call)


@routes.edit("DELETE", "/pauses", Scope.CAMPAIGNS_START, AskedAnswer, query=EndQuery, status=202)
async def end(call: ApiCall[EndQuery, None]) -> AskedAnswer:
    """Ask a worker to end the pause. Campaigns that were paused on their own stay so."""
    return AskedAnswer(ask=await operations.ask_resume(call.inst, call.query.reason))
