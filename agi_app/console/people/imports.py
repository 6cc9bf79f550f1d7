"""A list of contacts into a campaign: sent, checked without storing anything, shown with its faults, then imported."""

from __future__ import annotations

import asyncio
import io

from agi_app.api.resources.contact_imports import WHOLE, import_answer
from agi_app.console import asked
from agi_app.console.pages import Download, GoTo, PageCall, PageData, Pages, Shown
from agi_app.console.people import given
from agi_app.console.people.kept_lists import KeptLists
from agi_app.console.people.words import word
from agi_app.errors import AuthorError, InputError, NotThere
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.calling import stored_campaigns
from agi_app.operations.people import contacts, sent_lists
from agi_app.operations.people.contacts import WrittenCampaign
from agi_app.operations.project import project_files

pages = Pages()
LISTS = KeptLists()  # of this process
FORM = 64 * 1024  # bytes that a file may have beside it
SHOWN_FAULTS = 100
MOST_MIB = sent_lists.LARGEST >> 20


class CampaignToFill(PageData):
    """A campaign that takes lists, and how large each may be."""

    campaign: str
    purpose: str
    stored: bool
    due_column: str | None
    columns: list[str]
    most_rows: int
    most_mib: int


@pages.get("/campaigns/{campaign}/import", Scope.CONTACTS_IMPORT)
async def ask_list(call: PageCall) -> Shown:
    """Which columns a list has, how large it may be, and what happens with it."""
    return await _asking(call, await _written(call))


@pages.post("/campaigns/{campaign}/import", Scope.CONTACTS_IMPORT, upload=sent_lists.LARGEST + FORM)
async def check(call: PageCall) -> Shown | GoTo:
    """Ask a worker to check the list, and keep it for the import that may follow."""
    campaign = await _written(call)
    try:
        if (file := call.files.get("list")) is None:
            raise InputError(t("Choose a file."))
        sheet = given.line(call.form, "sheet", t("Sheet"))
        sent = await sent_lists.read_sent(call.inst, file.name, file.content, sheet)
        whole = call.form.get("whole", "")
        ask = await contacts.ask(call.inst, campaign, sent, dry_run=True, whole=WHOLE.get(whole))
    except (AuthorError, InputError) as error:
        return await _asking(call, campaign, given.told(error))
    LISTS.keep(ask, sent, call.inst.actor.account, call.inst.clock.monotonic(), whole)
    return GoTo(f"/contacts/asks/{ask}")


async def _asking(call: PageCall, campaign: WrittenCampaign, fault: str = "") -> Shown:
    wanted = campaign.source.parsed.campaign
    stored = {one.campaign.name for one in await stored_campaigns.listed(call.inst)}
    data = CampaignToFill(
        campaign=wanted.name,
        purpose=wanted.purpose.value,
        stored=wanted.name in stored,
        due_column=None if wanted.due is None else wanted.due.column,
        columns=[one.name for one in wanted.columns if not one.optional],
        most_rows=sent_lists.MOST_ROWS,
        most_mib=MOST_MIB,
    )
    more = {"fault": fault, "word": word, "sheet": call.form.get("sheet", "")}
    command = f"agi-app contacts import {wanted.name} FILE"
    return Shown("people/import.html", data, command, 422 if fault else 200, more)


@pages.get("/contacts/asks/{ask}", Scope.CONTACTS_IMPORT)
async def shown(call: PageCall) -> Shown:
    """What a check found, or what an import did."""
    return await _ask(call)


@pages.post("/contacts/asks/{ask}/import", Scope.CONTACTS_IMPORT)
async def import_(call: PageCall) -> Shown | GoTo:
    """Ask a worker to import the list that was checked: exactly its bytes."""
    number, account, now = int(call.path["ask"]), call.inst.actor.account, call.inst.clock.monotonic()
    found = await contacts.asked(call.inst, number)
    kept = LISTS.of(number, account, now)
    if found.verb != contacts.CHECK or kept is None:
        return await _ask(call, t("The list is no longer here: send it once again."))
    whole = call.form.get("whole", "") or kept.whole
    campaign = await _written(call, found.object)
    ask = await contacts.ask(call.inst, campaign, kept.sent, dry_run=False, whole=WHOLE.get(whole))
    LISTS.keep(ask, kept.sent, account, now, whole)
    return GoTo(f"/contacts/asks/{ask}")


async def _ask(call: PageCall, fault: str = "") -> Shown:
    number = int(call.path["ask"])
    found = await asked.ended(call.inst, lambda: contacts.asked(call.inst, number), lambda ask: ask.state != "waiting")
    data = import_answer(found)
    kept = LISTS.of(number, call.inst.actor.account, call.inst.clock.monotonic())
    more = {
        "fault": fault,
        "campaign": found.object,
        "file": str(found.parameters["file"]),
        "sha256": str(found.parameters["sha256"]),
        "kept": kept is not None,
        "whole": "" if kept is None else kept.whole,
        "faults": data.errors[:SHOWN_FAULTS],
        "more_faults": max(0, (data.rejected or 0) - SHOWN_FAULTS),
        "word": word,
    }
    command = f"agi-app contacts import {found.object} FILE"
    return Shown("people/imported.html", data, command, 422 if fault else 200, more)


@pages.get("/contacts/asks/{ask}/rejects", Scope.CONTACTS_IMPORT)
async def rejects(call: PageCall) -> Download:
    """The rejected rows as they were sent, each with its reason, for who sent them."""
    number = int(call.path["ask"])
    found = await contacts.asked(call.inst, number)
    kept = LISTS.of(number, call.inst.actor.account, call.inst.clock.monotonic())
    if kept is None:
        raise NotThere(t("The list is no longer here: send it once again."))
    faults = (found.answer or {}).get("faults", [])
    name, content = await sent_lists.rejected_rows(call.inst, kept.sent, faults)
    return Download(io.BytesIO(content), len(content), "application/octet-stream", name)


async def _written(call: PageCall, name: str = "") -> WrittenCampaign:
    project = await asyncio.to_thread(project_files.read, call.inst.settings.project)
    try:
        return contacts.campaign_of(project, name or call.path["campaign"])
    except InputError as error:
        raise NotThere(str(error)) from error
