"""Complaints, both ways: about our calls, and about calls of others; one case with its notes, and its export."""

from __future__ import annotations

from pydantic import Field

from agi_app.api.lists import shown
from agi_app.api.resources.complaints import CaseWithNotes, case_answer
from agi_app.api.resources.jobs import JobAnswer
from agi_app.api.resources.records import CaseAnswer, CasePage
from agi_app.console.pages import GoTo, PageCall, PageData, Pages, Section, Shown
from agi_app.console.people import given
from agi_app.console.people.words import WORDS, choices, word
from agi_app.errors import InputError, NotThere
from agi_app.messages import current, t, template
from agi_app.model.actors import Scope
from agi_app.operations.people import complaint_asks, record_lists
from agi_app.operations.people import complaints as operations
from agi_app.operations.people.complaints import CaseState
from agi_app.operations.reporting import jobs
from agi_app.operations.reporting.jobs import Archive, CaseRequest

pages = Pages()
ROWS = 50


class CaseExportData(PageData):
    """A case that is exported, and how far its file is."""

    case: CaseWithNotes
    job: JobAnswer | None
    command: str | None = Field(description="fetches the file on the node")


@pages.get("/complaints", Scope.COMPLAINTS_READ, Section.PEOPLE, template("Complaints"))
async def listed(call: PageCall) -> Shown:
    """The cases, the newest first, and by when each must be answered."""
    state = given.one_of(call.query, "state", WORDS["case"])
    kind = given.one_of(call.query, "kind", WORDS["kind"])
    page = await record_lists.complaints(
        call.inst,
        kind=kind,
        state=None if state is None else CaseState(state),
        limit=ROWS,
        after=call.query.get("after") or None,
    )
    more = {
        "word": word,
        "now": call.inst.clock.now(),
        "wanted": {"state": state or "", "kind": kind or ""},
        "states": choices("case", t("all states")),
        "kinds": choices("kind", t("both kinds")),
    }
    return Shown("people/complaints.html", CasePage(**shown(page, CaseAnswer)), "agi-app complaint list", more=more)


@pages.get("/complaints/{case}", Scope.COMPLAINTS_READ)
async def show(call: PageCall) -> Shown:
    """One case with all its notes."""
    return await _case(call)


@pages.post("/complaints/{case}/notes", Scope.COMPLAINTS_CHANGE)
async def note(call: PageCall) -> Shown | GoTo:
    """Ask a worker to add a note, which may answer or close the case."""
    await _seen(call)
    state = given.one_of(call.form, "state", WORDS["case"])
    try:
        text = given.line(call.form, "text", t("Note"), given.MOST_TEXT, needed=True)
        case = int(call.path["case"])
        ask = await complaint_asks.ask_note(call.inst, case, text, state=CaseState(state) if state else None)
    except InputError as error:
        return await _case(call, str(error))
    return GoTo(f"/complaints/asks/{ask}")


async def _case(call: PageCall, fault: str = "") -> Shown:
    case = await _seen(call)
    more = {
        "fault": fault,
        "word": word,
        "text": call.form.get("text", ""),
        "states": choices("case", t("leave it as it is")),
        "can_export": case.erased_at is None,
    }
    return Shown("people/case.html", case, f"agi-app complaint show {case.complaint_id}", 422 if fault else 200, more)


async def _seen(call: PageCall) -> CaseWithNotes:
    try:
        return case_answer(await operations.show(call.inst, int(call.path["case"])))
    except InputError as error:
        raise NotThere(str(error)) from error


@pages.get("/complaints/{case}/export", Scope.EXPORTS_WHOLE, proof=True)
async def ask_export(call: PageCall) -> Shown:
    """What is in the export, and where it lies; with ``job`` how far it is."""
    return await _export(call)


@pages.post("/complaints/{case}/export", Scope.EXPORTS_WHOLE, proof=True)
async def export(call: PageCall) -> Shown | GoTo:
    """Ask for the case with all evidence and its proof, as a file that stays on the node."""
    case = await _seen(call)
    try:
        reason = given.reason(call.form)
        if call.unproved is not None:
            raise InputError(call.unproved)
        job = await jobs.ask(call.inst, CaseRequest(case.complaint_id, reason, current()), Archive.ZIP)
    except InputError as error:
        return await _export(call, str(error))
    return GoTo(f"/complaints/{case.complaint_id}/export?job={job}")


async def _export(call: PageCall, fault: str = "") -> Shown:
    case, number = await _seen(call), call.query.get("job", "")
    job, command = None, None
    if number.isdecimal() and len(number) < 10:
        row = await jobs.one(call.inst, int(number))
        job = JobAnswer.model_validate({name: getattr(row, name) for name in JobAnswer.model_fields})
        command = f"agi-app report job {number} --output complaint-{case.complaint_id}.zip"
    data = CaseExportData(case=case, job=job, command=command)
    more = {"fault": fault, "reason": call.form.get("reason", "")}
    shown_command = f"agi-app complaint export {case.complaint_id}"
    return Shown("people/case_export.html", data, shown_command, 422 if fault else 200, more)
