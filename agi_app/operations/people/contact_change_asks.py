"""Asks that change one contact: to cancel it, or to give it another time. A worker does as the command does.

Its new times are private data of the ask; the ask names the contact by our number of it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from agi_app.contacts.changes_file import read_changes
from agi_app.contacts.tables.opening import SentFile
from agi_app.contacts.time_columns import TimeColumns
from agi_app.errors import AuthorError, InputError
from agi_app.event_loop import in_background
from agi_app.installation import Installation
from agi_app.messages import current, speaking, t
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted, reads
from agi_app.operations.people import contact_changes
from agi_app.operations.people.contact_changes import ChangedTimes
from agi_app.operations.people.contacts import WrittenCampaign, campaign_of
from agi_app.operations.project.project_files import Project
from agi_app.store.lists import contacts as lists
from agi_app.store.requested_calls import asks
from agi_app.store.requested_calls.asks import Ask, NewAsk, OpenAsk

KIND, CANCEL, RESCHEDULE = "contact", "cancel", "reschedule"


@noted(Scope.CONTACTS_IMPORT, "contacts cancel ask", "campaign")
async def ask_cancel(inst: Installation, campaign: str, external_id: str, *, reason: str) -> int:
    """Ask a worker to cancel a contact; returns the ask's id. Raises InputError when there is none, StoreError."""
    contact = await _contact(inst, campaign, external_id)
    new = NewAsk(KIND, CANCEL, campaign, reason, {"contact": contact}, {"external_id": external_id})
    return await asks.add(inst.store, new, inst.actor)


@noted(Scope.CONTACTS_IMPORT, "contacts reschedule ask", "campaign")
async def ask_reschedule(inst: Installation, campaign: WrittenCampaign, wanted: ChangedTimes, *, reason: str) -> int:
    """Ask a worker to give a contact another time; returns the ask's id.

    Raises InputError when there is no such contact or no time is given, AuthorError for a time that cannot be read,
    StoreError.
    """
    contact = await _contact(inst, campaign.name, wanted.external_id)
    sent = contact_changes.one_change(campaign, wanted)
    by = TimeColumns.of(campaign.source.parsed.campaign, inst.clock.now())
    if problems := (await in_background(read_changes, sent, by)).problems:
        raise AuthorError(*problems)
    private = {"external_id": wanted.external_id, "content": base64.b64encode(sent.content).decode()}
    told = {"contact": contact, "language": current()}
    return await asks.add(inst.store, NewAsk(KIND, RESCHEDULE, campaign.name, reason, told, private), inst.actor)


@reads(Scope.CONTACTS_IMPORT)
async def asked(inst: Installation, ask_id: int) -> Ask:
    """An ask to cancel or reschedule, and its answer. Raises InputError when there is none, StoreError."""
    found = await asks.by_id(inst.store, ask_id)
    if found is None or found.kind != KIND:
        raise InputError(t("there is no ask {number}", number=ask_id))
    return found


async def do(inst: Installation, given: OpenAsk, project: Project | None) -> Mapping[str, Any]:
    """The worker's part, in the transaction of who calls. Raises as ``take_cancel`` and ``take_reschedule``."""
    if given.verb == CANCEL:
        return await take_cancel(inst, given)
    if given.verb == RESCHEDULE and project is not None:
        return await take_reschedule(inst, campaign_of(project, given.object), given)
    told = {"kind": given.kind, "verb": given.verb}
    raise InputError(t("this worker does not know what was asked for: {kind} {verb}", **told))


@reads(Scope.CONTACTS_IMPORT)  # the change itself is noted
async def take_cancel(inst: Installation, given: OpenAsk) -> Mapping[str, Any]:
    """The worker's part, in the transaction of who calls: ``changed`` is False when it was cancelled before.

    Raises InputError when the contact is not there any longer, StoreError.
    """
    external_id = await _still(inst, given)
    done = await contact_changes.cancel(inst, given.object, [external_id], given.reason)
    return {"changed": done.cancelled == 1, "cancelled": True}


@reads(Scope.CONTACTS_IMPORT)  # the change itself is noted
async def take_reschedule(inst: Installation, campaign: WrittenCampaign, given: OpenAsk) -> Mapping[str, Any]:
    """The worker's part, in the transaction of who calls: ``cancelled`` is True for one that is so, and stays so.

    Raises as ``take_cancel``, and AuthorError for a time that can no longer be read.
    """
    await _still(inst, given)
    sent = SentFile(contact_changes.ONE, base64.b64decode((given.private or {})["content"]))
    with speaking(str(given.parameters["language"])):
        done = await contact_changes.reschedule(inst, campaign, sent, given.reason)
    if done.problems:
        raise AuthorError(*done.problems)
    return {"changed": done.changed == 1, "cancelled": done.cancelled == 1}


async def _contact(inst: Installation, campaign: str, external_id: str) -> int:
    """Our number of a contact; InputError when the campaign has none of this id."""
    found = await lists.one(inst.store, campaign, external_id)
    if found is None:
        raise contact_changes.no_contact(campaign, external_id)
    return found.contact_id


async def _still(inst: Installation, given: OpenAsk) -> str:
    """The id that the contact still has: an erasure takes it away."""
    external_id = str((given.private or {})["external_id"])
    found = await lists.one(inst.store, given.object, external_id)
    if found is None or found.contact_id != given.parameters["contact"]:
        raise InputError(t("the contact is not there any longer"))
    return external_id
