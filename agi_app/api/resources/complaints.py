"""Complaints: one with its notes, and what a worker is asked to do with one. Its stop waits for nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from agi_app.api.lists import there
from agi_app.api.problems import MEDIA_TYPE, RequestRefused
from agi_app.api.resources.asks import AskAnswer, AskedAnswer, ask_answer
from agi_app.api.resources.stops import ON_THE_NODE, e164, take_effect
from agi_app.api.routes import ApiAnswer, ApiCall, Content, Given, Limit, NoQuery, Routes
from agi_app.api.texts import Name, Number, Text, Word
from agi_app.model.actors import Scope
from agi_app.operations.people import complaint_asks as asks
from agi_app.operations.people import complaints as operations
from agi_app.operations.people.complaints import CaseState, SeenCase

routes = Routes()
State = Literal["open", "answered", "closed"]


class ComplaintGiven(Given):
    """What somebody says about a call of ours."""

    number: Number
    text: Text = Field(description="what was said")
    said_at: AwareDatetime | None = Field(None, description="when it came in; without it: now")
    source: Word = Field("by hand", description="how it came in: letter, e-mail, authority …")
    campaign: Name | None = None
    take_stop: bool = Field(True, description="false: the person still wants our calls")


class ReceivedGiven(Given):
    """What others did who called one of our people."""

    caller: str = Field(pattern=r"^([+0-9*# ()-]{1,40}|anonymous)$", description="the number as it was shown")
    on: Number = Field(description="the number that was called")
    times: list[AwareDatetime] = Field(min_length=1, max_length=100, description="when it called")
    text: Text
    category: Word | None = None
    name: Word | None = Field(None, description="the company or product that was named")
    transcript: Text | None = Field(None, description="its opening words: callers who say the same are known by it")


class NoteGiven(Given):
    """What was done or said about a case."""

    text: Text
    state: State | None = Field(None, description="the case is this from now on; null: as it is")


class ComplaintAsked(ApiAnswer):
    """The ask that opens the case, and the number of the stop as entered, in force; null: none was to be taken."""

    ask: int
    entered_stop: int | None


class NoteAnswer(ApiAnswer):
    """A note: nothing of a case is ever changed."""

    at: dt.datetime
    state: str
    text: str
    entered_by: str
    recorded_at: dt.datetime


class CaseWithNotes(ApiAnswer):
    """A case with its words. ``late``: it was to be answered already; ``details``: of a call of others."""

    complaint_id: int
    kind: str
    person_id: int
    number: str | None = Field(description="masked; null: erased")
    region: str
    received_at: dt.datetime
    due_at: dt.datetime | None
    late: bool
    source: str
    campaign: str | None
    text: str
    details: dict[str, Any]
    evidence_file: str | None
    entered_by: str
    recorded_at: dt.datetime
    erased_at: dt.datetime | None
    state: str
    notes: list[NoteAnswer]


class ComplaintAskAnswer(AskAnswer):
    """And the case that it opened or added to."""

    case: int | None


_STOPS: dict[str, Any] = {"limit": Limit.STOP, "when_away": ON_THE_NODE, "after": take_effect}


@routes.post("/complaints", Scope.STOPS_ENTER, ComplaintAsked, body=ComplaintGiven, status=202, **_STOPS)
async def complain(call: ApiCall[NoQuery, ComplaintGiven]) -> ComplaintAsked | Content:
    """Stop the calls to who complains, at once, and ask a worker to open a case.

    An account that may open no case (complaints.change) gets 403, and the stop is in force. While the database is away
    the answer is 503, nothing is kept, and `command` names what works on the node.
    """
    given = call.body
    taken = await asks.ask(
        call.inst,
        e164(given.number),
        given.text,
        said_at=given.said_at,
        source=given.source,
        campaign=given.campaign or "",
        take_stop=given.take_stop,
    )
    if taken.ask is None:
        refused = RequestRefused("forbidden", taken.refused or "")
        body = refused.answer.model_dump_json(exclude_none=True).encode()
        return Content(body, MEDIA_TYPE, status=refused.status)
    return ComplaintAsked(ask=taken.ask, entered_stop=taken.stop)


@routes.post("/complaints/received", Scope.COMPLAINTS_CHANGE, AskedAnswer, body=ReceivedGiven, status=202)
async def received(call: ApiCall[NoQuery, ReceivedGiven]) -> AskedAnswer:
    """Ask a worker to open a case about calls of others to one of our people; nobody is stopped by it."""
    given = call.body
    more = {name: getattr(given, name) or "" for name in ("category", "name", "transcript")}
    on = e164(given.on)
    return AskedAnswer(ask=await asks.ask_received(call.inst, given.caller, on, given.times, given.text, **more))


@routes.get("/complaints/asks/{ask}", Scope.COMPLAINTS_CHANGE, ComplaintAskAnswer)
async def asked(call: ApiCall[NoQuery, None]) -> ComplaintAskAnswer:
    """How an ask about a complaint ended, and which case it is."""
    return case_ask_answer(await asks.asked(call.inst, int(call.path["ask"])))


def case_ask_answer(found: Any) -> ComplaintAskAnswer:
    """An ask about a complaint, with the number of its case."""
    case = None if found.answer is None else found.answer.get("case")
    return ComplaintAskAnswer(**ask_answer(found, None).model_dump(), case=case)


@routes.get("/complaints/{case}", Scope.COMPLAINTS_READ, CaseWithNotes)
async def one(call: ApiCall[NoQuery, None]) -> CaseWithNotes:
    """A complaint with all notes, and by when it must be answered."""
    return case_answer(await operations.show(call.inst, int(call.path["case"])))


def case_answer(seen: SeenCase) -> CaseWithNotes:
    """A case as it is shown."""
    own = {name: getattr(seen.row, name) for name in CaseWithNotes.model_fields if name not in ("late", "notes")}
    return CaseWithNotes.model_validate({**own, "late": seen.late, "notes": seen.notes})


@routes.post("/complaints/{case}/notes", Scope.COMPLAINTS_CHANGE, AskedAnswer, body=NoteGiven, status=202)
async def note(call: ApiCall[NoQuery, NoteGiven]) -> AskedAnswer:
    """Ask a worker to add a note to a case, which may answer or close it."""
    given, state = call.body, CaseState(call.body.state) if call.body.state else None
    return AskedAnswer(ask=await there(asks.ask_note(call.inst, int(call.path["case"]), given.text, state=state)))
