"""A contact is cancelled, or gets another time: what it does is said first, and a worker does it."""

from __future__ import annotations

import asyncio

from agi_app.api.resources.contact_imports import change_answer
from agi_app.console import asked
from agi_app.console.pages import GoTo, PageCall, Pages, Shown
from agi_app.console.people import given
from agi_app.console.people.contact import contact_of
from agi_app.console.people.words import word
from agi_app.errors import AuthorError, InputError
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.people import contact_change_asks, contacts
from agi_app.operations.people.contact_changes import ChangedTimes
from agi_app.operations.people.contacts import WrittenCampaign
from agi_app.operations.project import project_files

pages = Pages()
TIMES = ("time", "not_before", "not_after")


@pages.get("/campaigns/{campaign}/contact/cancel", Scope.CONTACTS_IMPORT)
async def ask_cancel(call: PageCall) -> Shown:
    """What a cancellation does."""
    return await _cancel(call)


@pages.post("/campaigns/{campaign}/contact/cancel", Scope.CONTACTS_IMPORT)
async def cancel(call: PageCall) -> Shown | GoTo:
    """Ask a worker to cancel it: a call that rings ends, one in which somebody talks does not."""
    data = await contact_of(call)
    try:
        reason = given.reason(call.form)
    except InputError as error:
        return await _cancel(call, str(error))
    one = data.contact
    ask = await contact_change_asks.ask_cancel(call.inst, one.campaign, one.external_id, reason=reason)
    return GoTo(f"/contacts/changes/asks/{ask}")


async def _cancel(call: PageCall, fault: str = "") -> Shown:
    data = await contact_of(call)
    command = f"agi-app contacts cancel {data.contact.campaign} {data.contact.external_id}"
    more = {"fault": fault, "reason": call.form.get("reason", ""), "word": word}
    return Shown("people/contact_cancel.html", data, command, 422 if fault else 200, more)


@pages.get("/campaigns/{campaign}/contact/reschedule", Scope.CONTACTS_IMPORT)
async def ask_reschedule(call: PageCall) -> Shown:
    """Which times a contact may get."""
    return await _reschedule(call)


@pages.post("/campaigns/{campaign}/contact/reschedule", Scope.CONTACTS_IMPORT)
async def reschedule(call: PageCall) -> Shown | GoTo:
    """Ask a worker to give it another time: it is due by it, and a call that rings on the old one ends."""
    one = (await contact_of(call)).contact
    try:
        times = {name: given.line(call.form, name, name) or None for name in TIMES}
        wanted = ChangedTimes(one.external_id, times["time"], times["not_before"], times["not_after"])
        reason = given.reason(call.form)
        ask = await contact_change_asks.ask_reschedule(call.inst, await _written(call), wanted, reason=reason)
    except AuthorError as error:
        return await _reschedule(call, "\n".join(one.message for one in error.problems))
    except InputError as error:
        return await _reschedule(call, str(error))
    return GoTo(f"/contacts/changes/asks/{ask}")


async def _reschedule(call: PageCall, fault: str = "") -> Shown:
    data = await contact_of(call)
    try:
        due = (await _written(call)).source.parsed.campaign.due
    except AuthorError:
        due = None
    command = f"agi-app contacts reschedule {data.contact.campaign} FILE"
    more = {
        "fault": fault,
        "reason": call.form.get("reason", ""),
        "typed": {name: call.form.get(name, "") for name in TIMES},
        "column": "" if due is None else due.column,
        "word": word,
    }
    return Shown("people/contact_reschedule.html", data, command, 422 if fault else 200, more)


@pages.get("/contacts/changes/asks/{ask}", Scope.CONTACTS_IMPORT)
async def changed(call: PageCall) -> Shown:
    """How it ended; it is waited for a little."""
    number = int(call.path["ask"])
    found = await asked.ended(
        call.inst, lambda: contact_change_asks.asked(call.inst, number), lambda ask: ask.state != "waiting"
    )
    title = t("Cancel a contact") if found.verb == contact_change_asks.CANCEL else t("Give a contact another time")
    return Shown("people/contact_changed.html", change_answer(found), more={"title": title})


async def _written(call: PageCall) -> WrittenCampaign:
    project = await asyncio.to_thread(project_files.read, call.inst.settings.project)
    return contacts.campaign_of(project, call.path["campaign"])
