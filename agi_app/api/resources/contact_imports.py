"""Contacts that are sent, as JSON or as the CSV that `agi-app contacts import` reads, or taken from another campaign;
and changes of one contact. None of them makes a consent.

Each is an ask. A worker takes it, and the address of the ask says how many rows were added, updated and rejected.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from agi_app.api.problems import RequestFault, RequestRefused
from agi_app.api.resources.asks import AskAnswer, AskedAnswer, ask_answer
from agi_app.api.routes import ApiCall, Given, NoQuery, Query, Routes
from agi_app.api.texts import Reason
from agi_app.errors import AuthorError, InputError
from agi_app.model.actors import Scope
from agi_app.operations.people import contact_change_asks, follow_ups
from agi_app.operations.people import contacts as operations
from agi_app.operations.people.contact_changes import ChangedTimes
from agi_app.operations.people.contacts import Ask, SentFile, Whole, WrittenCampaign
from agi_app.operations.people.follow_ups import FollowUp
from agi_app.operations.project import project_files

routes = Routes()
CSV = "text/csv"
JSON_FILE, CSV_FILE = "contacts.json", "contacts.csv"
MOST_ROWS = 1000
Cell = Annotated[str, Field(max_length=1000, pattern=r"^[^\u0000-\u001f\u007f-\u009f]*$")]


class ContactGiven(BaseModel):
    """One contact. Any other name becomes a field, and means what it means in a file (status); none is a consent."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Cell]
    external_id: Cell = Field(description="your own id of the contact; one that is there already is updated")
    number: Cell
    person_id: Cell = Field("", description="your own id of the person: all numbers with one id are one person")
    language: Cell = Field("", description="one of the flow's")


class ContactsGiven(Given):
    """Contacts of a campaign."""

    rows: list[ContactGiven] = Field(min_length=1, max_length=MOST_ROWS)


class DryRunQuery(Query):
    """Whether to import, or only to say what an import would do."""

    dry_run: Literal["true", "false"] = Field("false", description="true: check all rows and store none of them")


class ImportQuery(DryRunQuery):
    """And whether the list is the whole one."""

    whole: Literal["false", "true", "confirmed"] = Field(
        "false",
        description="true: contacts that are not in it are cancelled, unless that is more than a tenth of those who are"
        " still to be called; confirmed: also then",
    )


class FollowUpGiven(Given):
    """Whose contacts are wanted, and which of them."""

    from_campaign: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")
    where: Cell = Field(
        min_length=1,
        max_length=500,
        description="a condition of disposition, outcome, attempts, answers.NAME and contact.COLUMN, as in a flow",
    )


class FollowUpAskAnswer(AskAnswer):
    """A follow-up, or a dry run (verb follow_up_check). ``left_out``: how many of those that match, by the reason."""

    contacts: int | None
    matched: int | None
    left_out: Mapping[str, int]
    there: int | None = Field(description="in the campaign already; they stay as they are")
    chosen: int | None = Field(description="to be added")
    added: int | None
    rejected: int | None
    errors: list[RequestFault]
    notes: list[str]


class CancelGiven(Given):
    """Whom nobody calls any further, and why."""

    external_id: Cell = Field(min_length=1, description="of the list")
    reason: Reason


class RescheduleGiven(CancelGiven):
    """Whose times are others, as in a list; what is not given is no more: an old `not_after` was of the old time."""

    time: Cell | None = Field(None, min_length=1, description="for the column that the campaign's `due` names")
    not_before: Cell | None = Field(None, min_length=1, description="nobody calls it before")
    not_after: Cell | None = Field(None, min_length=1, description="nobody calls it from then on")


class ChangeAskAnswer(AskAnswer):
    """A change of one contact, by our number of it (verb cancel or reschedule)."""

    contact: int
    changed: bool | None = Field(description="false: it was so before; null: not done")
    cancelled: bool | None = Field(description="it is cancelled; a new time leaves it so")


class ImportAskAnswer(AskAnswer):
    """An import, or a dry run (verb check). ``errors``: the first 1,000 rejected rows, without whole numbers."""

    columns: Mapping[str, str] = Field(description="our name of a column: its title in the list")
    fields: list[str] = Field(description="columns that are kept with each contact as they are")
    rows: int | None
    added: int | None
    updated: int | None
    unchanged: int | None
    rejected: int | None
    held: int | None = Field(description="contacts whose rows were rejected: nobody calls them until a row is good")
    cancelled: int | None = Field(description="who was not in a whole list, and is not called any further")
    unapproved: int | None = Field(description="contacts of the campaign that wait for a second person's approval")
    errors: list[RequestFault]
    notes: list[str]


WHOLE: Mapping[str, Whole] = {"true": Whole.USUAL, "confirmed": Whole.CONFIRMED}


async def _campaign(call: ApiCall[Any, Any]) -> WrittenCampaign:
    """That of the path, by its file as for `agi-app contacts import`; AuthorError when that has faults."""
    project = await asyncio.to_thread(project_files.read, call.inst.settings.project)
    try:
        return operations.campaign_of(project, call.path["campaign"])
    except InputError as error:
        raise RequestRefused("not_found", str(error)) from error


async def _ask(call: ApiCall[ImportQuery, Any], sent: SentFile) -> AskedAnswer:
    dry_run, whole = call.query.dry_run == "true", WHOLE.get(call.query.whole)
    return AskedAnswer(ask=await operations.ask(call.inst, await _campaign(call), sent, dry_run=dry_run, whole=whole))


@routes.post(
    "/campaigns/{campaign}/contacts",
    Scope.CONTACTS_IMPORT,
    AskedAnswer,
    query=ImportQuery,
    body=ContactsGiven,
    status=202,
)
async def add(call: ApiCall[ImportQuery, ContactsGiven]) -> AskedAnswer:
    """Ask a worker to add or update at most 1,000 contacts; /contacts/asks/{ask} says what it did."""
    rows = [row.model_dump(exclude_unset=True) for row in call.body.rows]
    titles = list(dict.fromkeys(title for row in rows for title in row))
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(titles)
    writer.writerows([row.get(title, "") for title in titles] for row in rows)
    return await _ask(call, SentFile(JSON_FILE, written.getvalue().encode()))


@routes.post(
    "/campaigns/{campaign}/contacts/imports",
    Scope.CONTACTS_IMPORT,
    AskedAnswer,
    query=ImportQuery,
    body=CSV,
    status=202,
)
async def upload(call: ApiCall[ImportQuery, bytes]) -> AskedAnswer:
    """Ask a worker to import a CSV file of at most 2 MiB and 10,000 rows; /contacts/asks/{ask} says what it did."""
    return await _ask(call, SentFile(CSV_FILE, call.body))


@routes.get("/contacts/asks/{ask}", Scope.CONTACTS_IMPORT, ImportAskAnswer)
async def ask(call: ApiCall[NoQuery, None]) -> ImportAskAnswer:
    """How an import ended: its counts, and why rows were rejected."""
    return import_answer(await operations.asked(call.inst, int(call.path["ask"])))


def import_answer(found: Ask) -> ImportAskAnswer:
    """An ask to import or check, with what a worker says of it."""
    told = found.answer or {}
    counts = {name: told.get(name) for name in operations.COUNTS}
    titles = {"columns": found.parameters.get("columns", {}), "fields": found.parameters.get("fields", [])}
    file = str(found.parameters["file"])
    faults = [
        RequestFault(pointer=_place(file, one), rule=one["rule"], text=one["text"]) for one in told.get("faults", [])
    ]
    whole = ask_answer(found, None).model_dump()
    return ImportAskAnswer(**whole, **counts, **titles, errors=faults, notes=told.get("notes", []))


@routes.post("/campaigns/{campaign}/contacts/cancel", Scope.CONTACTS_IMPORT, AskedAnswer, body=CancelGiven, status=202)
async def cancel(call: ApiCall[NoQuery, CancelGiven]) -> AskedAnswer:
    """Ask a worker to cancel a contact: a call that rings ends; one in which somebody talks does not."""
    given, name = call.body, call.path["campaign"]
    return AskedAnswer(
        ask=await contact_change_asks.ask_cancel(call.inst, name, given.external_id, reason=given.reason)
    )


@routes.post(
    "/campaigns/{campaign}/contacts/reschedule", Scope.CONTACTS_IMPORT, AskedAnswer, body=RescheduleGiven, status=202
)
async def reschedule(call: ApiCall[NoQuery, RescheduleGiven]) -> AskedAnswer:
    """Ask a worker to give a contact another time: it is due by it, and a call that rings on the old one ends."""
    given = call.body
    wanted = ChangedTimes(given.external_id, given.time, given.not_before, given.not_after)
    campaign = await _campaign(call)
    try:
        ask = await contact_change_asks.ask_reschedule(call.inst, campaign, wanted, reason=given.reason)
    except AuthorError as error:
        faults = [RequestFault(pointer=_field(one.message), rule=one.rule, text=one.message) for one in error.problems]
        raise RequestRefused("refused", faults=faults) from error
    return AskedAnswer(ask=ask)


@routes.get("/contacts/changes/asks/{ask}", Scope.CONTACTS_IMPORT, ChangeAskAnswer)
async def change(call: ApiCall[NoQuery, None]) -> ChangeAskAnswer:
    """How the change of a contact ended."""
    return change_answer(await contact_change_asks.asked(call.inst, int(call.path["ask"])))


def change_answer(found: Ask) -> ChangeAskAnswer:
    """An ask to cancel or reschedule, with what a worker says of it."""
    told = found.answer or {}
    whole, contact = ask_answer(found, None).model_dump(), int(found.parameters["contact"])
    return ChangeAskAnswer(**whole, contact=contact, changed=told.get("changed"), cancelled=told.get("cancelled"))


@routes.post(
    "/campaigns/{campaign}/follow-ups",
    Scope.CONTACTS_IMPORT,
    AskedAnswer,
    query=DryRunQuery,
    body=FollowUpGiven,
    status=202,
)
async def follow_up(call: ApiCall[DryRunQuery, FollowUpGiven]) -> AskedAnswer:
    """Ask a worker to add contacts of another campaign of the same purpose; /follow-ups/asks/{ask} says what it did."""
    wanted = FollowUp(call.body.from_campaign, call.body.where)
    dry_run = call.query.dry_run == "true"
    return AskedAnswer(ask=await follow_ups.ask(call.inst, await _campaign(call), wanted, dry_run=dry_run))


@routes.get("/follow-ups/asks/{ask}", Scope.CONTACTS_IMPORT, FollowUpAskAnswer)
async def follow_up_ask(call: ApiCall[NoQuery, None]) -> FollowUpAskAnswer:
    """How a follow-up ended: how many were taken, and why others were not."""
    found = await follow_ups.asked(call.inst, int(call.path["ask"]))
    told = found.answer or {}
    counts = {name: told.get(name) for name in ("contacts", "matched", "there", "chosen", "added", "rejected")}
    faults = [
        RequestFault(pointer=_place(CSV_FILE, one), rule=one["rule"], text=one["text"])
        for one in told.get("faults", [])
    ]
    whole = ask_answer(found, None).model_dump()
    left_out, notes = told.get("left_out", {}), told.get("notes", [])
    return FollowUpAskAnswer(**whole, **counts, left_out=left_out, errors=faults, notes=notes)


def _place(file: str, fault: dict[str, Any]) -> str:
    """A row of a JSON body by its pointer: it was the line after that of the titles."""
    return f"/rows/{fault['line'] - 2}" if file == JSON_FILE else f"{file}:{fault['line']}:{fault['column']}"


def _field(message: str) -> str:
    """The field of a body that a fault of a new time is about: its message begins with the column."""
    column = message.partition(" ")[0]
    return f"/{column}" if column in ("not_before", "not_after") else "/time"
