"""Decisions of the gate, calls of campaigns and their recordings, calls that came in: nobody changes what was."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeVar

from aiohttp import web
from pydantic import Field

from agi_app.api.lists import CountAnswer, CountedQuery, Instant, counted, shown, there
from agi_app.api.problems import RequestRefused
from agi_app.api.resources.asks import AskAnswer, AskedAnswer, ask_answer
from agi_app.api.resources.contacts import (
    AttemptAnswer,
    DecisionAnswer,
    ExternalId,
    attempt_answer,
    decision_answer,
)
from agi_app.api.routes import SOUND, ApiAnswer, ApiCall, Given, NoQuery, PageQuery, Routes
from agi_app.api.sent_files import sending
from agi_app.api.texts import Name, Reason, Word
from agi_app.model.actors import Scope
from agi_app.operations.calling import call_lists as operations
from agi_app.operations.calling import listening
from agi_app.operations.guard import call_list

routes = Routes()
T = TypeVar("T")


class DecisionPage(ApiAnswer):
    """The newest first."""

    data: list[DecisionAnswer]
    next: str | None
    count: CountAnswer | None


class DecisionQuery(CountedQuery):
    """Which decisions; the span is of real time."""

    campaign: Name | None = None
    external_id: ExternalId | None = Field(None, description="of this contact; needs campaign")
    since: Instant | None = None
    until: Instant | None = None
    allowed: Literal["yes", "no"] | None = None
    rule: str | None = Field(None, pattern=r"^[a-z_]{1,60}$", description="one that refused")


class AttemptPage(ApiAnswer):
    """The newest first."""

    data: list[AttemptAnswer]
    next: str | None
    count: CountAnswer | None


class AttemptQuery(CountedQuery):
    """Which calls; the span is of real time, when they were claimed."""

    campaign: Name | None = None
    external_id: ExternalId | None = Field(None, description="of this contact; needs campaign")
    since: Instant | None = None
    until: Instant | None = None
    outcome: str | None = Field(None, pattern=r"^[a-z_]{1,40}$")
    disposition: Word | None = None
    trunk: Name | None = None


class RecordingAnswer(ApiAnswer):
    """What is kept of a call's sound: ``kind`` message, answer or call; ``erased_at``: it is gone."""

    recording_id: int
    attempt_id: str
    campaign: str
    contact_id: int
    external_id: str
    person_id: int
    name: str
    kind: str
    seconds: float
    ended_at: dt.datetime | None
    erased_at: dt.datetime | None


class RecordingPage(ApiAnswer):
    """The newest first."""

    data: list[RecordingAnswer]
    next: str | None


class RecordingQuery(PageQuery):
    """Which recordings."""

    campaign: Name | None = None


class ListenGiven(Given):
    """What one listens for."""

    reason: Reason


class ListenAnswer(AskAnswer):
    """And which recording it is about. ``until``: until then its sound is there; null: it is not."""

    recording: int
    until: dt.datetime | None


class LineCallAnswer(ApiAnswer):
    """A call that came in, without who called; ``stops``: how each stop in it was said."""

    line_call_id: int
    line: str
    called: str
    node: str
    result: str
    note: str | None
    language: str | None
    disposition: str | None
    began_at: dt.datetime
    answered_at: dt.datetime | None
    ended_at: dt.datetime
    stops: list[str]


class LineCallPage(ApiAnswer):
    """The newest first."""

    data: list[LineCallAnswer]
    next: str | None


class LineCallQuery(PageQuery):
    """Which calls that came in; the span is of rules time."""

    line: Name | None = None
    result: Literal["answered", "given_back"] | None = None
    since: Instant | None = None
    until: Instant | None = None


class ScreenedCallAnswer(ApiAnswer):
    """A call that the guard screened, and what it did; never who called."""

    call_id: str
    at: dt.datetime
    called: str
    endpoint: str
    action: str
    unjudged: str | None
    challenge: str | None
    answered: bool | None
    rang_s: float | None
    talked_s: float | None
    reported_at: dt.datetime | None
    appealed_at: dt.datetime | None


class ScreenedCallPage(ApiAnswer):
    """The newest first."""

    data: list[ScreenedCallAnswer]
    next: str | None


class ScreenedCallQuery(PageQuery):
    """Which screened calls; the span is of rules time."""

    action: Literal["allow", "mark", "challenge", "voicemail", "reject"] | None = None
    called: str | None = Field(None, pattern=r"^[0-9+*#]{1,40}$", description="one of our numbers")
    since: Instant | None = None
    until: Instant | None = None


@routes.get("/decisions", Scope.PEOPLE_READ, DecisionPage, query=DecisionQuery)
async def decisions(call: ApiCall[DecisionQuery, None]) -> DecisionPage:
    """What the gate decided about whom, and by which rules, the newest first."""
    asked = call.query
    allowed = None if asked.allowed is None else asked.allowed == "yes"
    span: dict[str, Any] = {"campaign": asked.campaign, "since": asked.since, "until": asked.until}
    page = await operations.decisions(
        call.inst,
        **span,
        external_id=asked.external_id,
        allowed=allowed,
        rule=asked.rule,
        limit=asked.limit,
        after=asked.after,
    )
    count = await counted(call, lambda: operations.count_decisions(call.inst, **span, allowed=allowed, rule=asked.rule))
    return DecisionPage(data=[decision_answer(row) for row in page.rows], next=page.next, count=count)


@routes.get("/attempts", Scope.PEOPLE_READ, AttemptPage, query=AttemptQuery)
async def attempts(call: ApiCall[AttemptQuery, None]) -> AttemptPage:
    """Calls of campaigns, the newest first."""
    asked = call.query
    wanted = {name: getattr(asked, name) for name in ("campaign", "since", "until", "outcome", "disposition", "trunk")}
    page = await operations.attempts(
        call.inst, **wanted, external_id=asked.external_id, limit=asked.limit, after=asked.after
    )
    count = await counted(call, lambda: operations.count_attempts(call.inst, **wanted))
    return AttemptPage(data=[attempt_answer(row) for row in page.rows], next=page.next, count=count)


@routes.get("/recordings", Scope.PEOPLE_READ, RecordingPage, query=RecordingQuery)
async def recordings(call: ApiCall[RecordingQuery, None]) -> RecordingPage:
    """What is recorded of calls of campaigns, the newest first; a page may be short, and have a next one."""
    asked = {name: getattr(call.query, name) for name in RecordingQuery.model_fields}
    return RecordingPage(**shown(await operations.recordings(call.inst, **asked), RecordingAnswer))


@routes.post("/recordings/{recording}/listen", Scope.RECORDINGS_LISTEN, AskedAnswer, body=ListenGiven, status=202)
async def listen(call: ApiCall[NoQuery, ListenGiven]) -> AskedAnswer:
    """Ask a worker for a recording: it notes who listens and why, and gives a copy for a quarter of an hour."""
    return AskedAnswer(ask=await _heard(listening.ask(call.inst, int(call.path["recording"]), reason=call.body.reason)))


@routes.get("/recordings/asks/{ask}", Scope.RECORDINGS_LISTEN, ListenAnswer)
async def listened(call: ApiCall[NoQuery, None]) -> ListenAnswer:
    """How one's own ask to listen ended."""
    found = await there(listening.asked(call.inst, int(call.path["ask"])))
    more = {"recording": found.recording, "until": found.until}
    return ListenAnswer(**ask_answer(found.ask, None).model_dump(), **more)


@routes.get("/recordings/asks/{ask}/sound", Scope.RECORDINGS_LISTEN, SOUND, stream=True, more=(409,))
async def sound(call: ApiCall[NoQuery, None]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The sound that one asked for, once its SHA-256 was compared; that it was taken is noted. 409: it is not there."""
    opened = await _heard(listening.open_sound(call.inst, int(call.path["ask"])))
    return sending(opened.file, opened.size, SOUND, f"recording-{opened.recording}.wav")


async def _heard(found: Awaitable[T]) -> T:
    try:
        return await there(found)
    except RequestRefused as error:
        if isinstance(error.__cause__, listening.NoSound):
            raise RequestRefused("no_file", str(error.__cause__)) from error
        raise


@routes.get("/line-calls", Scope.PEOPLE_READ, LineCallPage, query=LineCallQuery)
async def line_calls(call: ApiCall[LineCallQuery, None]) -> LineCallPage:
    """Calls that came in to our lines, the newest first, and the stops that were said in them."""
    asked = call.query
    page = await operations.line_calls(call.inst, **{name: getattr(asked, name) for name in LineCallQuery.model_fields})
    return LineCallPage(**shown(page, LineCallAnswer))


@routes.get("/guard/calls", Scope.GUARD_READ, ScreenedCallPage, query=ScreenedCallQuery)
async def screened(call: ApiCall[ScreenedCallQuery, None]) -> ScreenedCallPage:
    """Calls that the guard screened, and what it did with each, the newest first."""
    asked = {name: getattr(call.query, name) for name in ScreenedCallQuery.model_fields}
    return ScreenedCallPage(**shown(await call_list.screened_calls(call.inst, **asked), ScreenedCallAnswer))
