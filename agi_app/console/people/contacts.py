"""The contacts of a campaign, a page at a time; the search for some by the office's id, or by a whole number, noted."""

from __future__ import annotations

import asyncio

from pydantic import Field

from agi_app.api.lists import shown
from agi_app.api.resources.contacts import ContactAnswer, ContactPage, contact_answer
from agi_app.console.pages import PageCall, PageData, Pages, Section, Shown
from agi_app.console.people import given
from agi_app.console.people.words import choices, word
from agi_app.errors import InputError
from agi_app.messages import t, template
from agi_app.model.actors import Scope
from agi_app.operations.calling import contact_lists, stored_campaigns
from agi_app.operations.project import project_files

pages = Pages()
ROWS = 50


class CampaignOfContacts(PageData):
    """A campaign whose contacts can be looked at; ``state`` None: it is only a file yet, and an import stores it."""

    name: str
    state: str | None


class ContactsFoundData(PageData):
    """What a search found. ``found`` None: nothing was searched for."""

    campaigns: list[CampaignOfContacts]
    external_id: str
    found: list[ContactAnswer] | None = Field(description="at most 1,000")


@pages.get("/contacts", Scope.PEOPLE_READ, Section.PEOPLE, template("Contacts"))
async def find(call: PageCall) -> Shown:
    """All campaigns, and the contacts of any of them with one id."""
    external_id = call.query.get("external_id", "").strip()[: given.LONGEST_ID]
    rows = await contact_lists.find_contacts(call.inst, external_id) if external_id else None
    found = None if rows is None else [contact_answer(row) for row in rows]
    return await _found(call, found, external_id=external_id)


@pages.post("/contacts/search", Scope.PEOPLE_READ)
async def search(call: PageCall) -> Shown:
    """The contacts of who has a whole number; it is noted before it is shown."""
    try:
        number, reason = given.number(call.form), given.reason(call.form)
    except InputError as error:
        return await _found(call, None, fault=str(error))
    rows = await contact_lists.find_contacts_by_number(call.inst, number, reason=reason)
    return await _found(call, [contact_answer(row) for row in rows])


async def _found(call: PageCall, found: list[ContactAnswer] | None, *, external_id: str = "", fault: str = "") -> Shown:
    listed = await stored_campaigns.listed(call.inst)
    campaigns = [CampaignOfContacts(name=one.campaign.name, state=one.state.value) for one in listed]
    campaigns += [CampaignOfContacts(name=name, state=None) for name in await _only_files(call, campaigns)]
    data = ContactsFoundData(campaigns=campaigns, external_id=external_id, found=found)
    more = {"fault": fault, "word": word, "reason": call.form.get("reason", "")}
    return Shown("people/contacts.html", data, "agi-app report CAMPAIGN", 422 if fault else 200, more)


async def _only_files(call: PageCall, stored: list[CampaignOfContacts]) -> list[str]:
    """Those that the project has and nobody has imported a list for, for who may."""
    if not call.inst.actor.may(Scope.CONTACTS_IMPORT):
        return []
    project = await asyncio.to_thread(project_files.unchanged, call.inst.settings.project)
    return sorted(set(project.campaigns) - {one.name for one in stored})


@pages.get("/campaigns/{campaign}/contacts", Scope.PEOPLE_READ)
async def listed(call: PageCall) -> Shown:
    """The contacts of one campaign in the order in which they came, filtered by state, last outcome and rule."""
    name = call.path["campaign"]
    wanted = {key: call.query.get(key) or None for key in ("state", "outcome", "rule")}
    counts = await contact_lists.kept_counts(call.inst, name)
    page = await contact_lists.contacts(call.inst, name, **wanted, limit=ROWS, after=call.query.get("after") or None)
    more = {
        "campaign": name,
        "wanted": wanted,
        "counts": counts,
        "word": word,
        "states": choices("state", t("all states")),
        "outcomes": choices("outcome", t("all results")),
        "rules": [
            ("", t("all rules")),
            *((rule, f"{word(rule, 'rule')} ({number})") for rule, number in counts.refused.items()),
        ],
    }
    data = ContactPage(**shown(page, ContactAnswer), count=None)
    return Shown("people/contacts_of_campaign.html", data, f"agi-app report {name}", more=more)
