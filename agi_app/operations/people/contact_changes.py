"""What the office changes of contacts that a campaign has: cancelled, or at another time. In force when it returns."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agi_app.contacts.changes_file import read_changes
from agi_app.contacts.tables.opening import SentFile
from agi_app.contacts.time_columns import TimeColumns
from agi_app.due.points import Planned
from agi_app.errors import InputError, Problem
from agi_app.event_loop import in_background
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted
from agi_app.operations.people.contacts import WrittenCampaign, planner_for
from agi_app.store.calling.campaigns import load_campaign
from agi_app.store.people import contact_changes

__all__ = ["CancelledContacts", "ChangedTimes", "Rescheduled", "SentFile", "cancel", "one_change", "reschedule"]
SHOWN = 10  # unknown ids that are named
ONE = "contact"  # the name of the file that says a change of one


@dataclass(frozen=True, slots=True)
class CancelledContacts:
    """``cancelled`` of those that were asked for; ``already`` were so before; ``unknown`` ids have no contact."""

    campaign: str
    cancelled: int
    already: int
    unknown: tuple[str, ...]


@noted(Scope.CONTACTS_IMPORT, "contacts cancel", "campaign")
async def cancel(
    inst: Installation,
    campaign: str,
    ids: Sequence[str],
    reason: str,  # noqa: ARG001 - noted
) -> CancelledContacts:
    """Nobody calls these contacts (by their external ids) any further, but who talks now is talked with to the end.

    Calls that ring are ended. Ids without a contact keep no other from being cancelled. ``reason`` is noted. Raises
    InputError when there is no such campaign or no contact at all, StoreError.
    """
    if await load_campaign(inst.store, campaign) is None:
        raise InputError(t("there is no campaign {campaign} in the database", campaign=campaign))
    wanted = list(dict.fromkeys(ids))
    known = await contact_changes.known(inst.store, campaign, wanted)
    unknown = tuple(one for one in wanted if one not in known)
    if not known:
        raise no_contact(campaign, ", ".join(unknown[:SHOWN]))
    done = await contact_changes.cancel(inst.store, campaign, list(known))
    return CancelledContacts(campaign, done, len(known) - done, unknown)


@dataclass(frozen=True, slots=True)
class Rescheduled:
    """``changed`` contacts have other times now, ``unchanged`` had them; ``unknown`` ids have no contact."""

    campaign: str
    changed: int
    unchanged: int
    cancelled: int  # are so, and stay so
    unknown: tuple[str, ...]
    problems: tuple[Problem, ...]  # of rows that were not taken
    held: int = 0  # contacts of those rows: nobody calls them until a row of theirs is good
    past: int = 0  # of those in the file: there is no time left to call them


@noted(Scope.CONTACTS_IMPORT, "contacts reschedule", "campaign")
async def reschedule(
    inst: Installation,
    campaign: WrittenCampaign,
    source: Path | SentFile,
    reason: str,  # noqa: ARG001 - noted
    sheet: str | None = None,
) -> Rescheduled:
    """Contacts are due by the times of a file, and calls that still ring on the old ones end.

    One that was reached before is due again, who declined is not. A cancelled one stays so, and nobody calls one whose
    row in a file was rejected until a row of it is good. ``reason`` is noted.
    Raises AuthorError or InputError when the file as a whole will not do (then nothing changed), StoreError.
    """
    wanted, now = campaign.source.parsed.campaign, inst.clock.now()
    if await load_campaign(inst.store, wanted.name) is None:
        raise InputError(t("there is no campaign {campaign} in the database", campaign=wanted.name))
    read = await in_background(read_changes, source, TimeColumns.of(wanted, now), sheet)
    known = await contact_changes.known(inst.store, wanted.name, [row.external_id for row in read.rows])
    find = (await planner_for(inst.store, inst.settings.project, wanted))(0)
    changes, past = [], 0
    for row in read.rows:
        if (there := known.get(row.external_id)) is None:
            continue
        times = replace(row.times, preferred=there.times.preferred)
        planned = find(there.number, times, 0, now) or Planned(0, now)
        past += times.last(wanted) <= now and there.state != "cancelled"
        when = (times.event, times.not_before, times.not_after)
        changes.append(contact_changes.NewTime(row.external_id, *when, planned.at, planned.point, row.text))
    column = wanted.due.column if wanted.due is not None else ""
    rejected = read.rejected if isinstance(source, Path) else ()  # of one contact the answer says all
    done, held = await contact_changes.reschedule(inst.store, wanted.name, column, changes, rejected)
    unknown = tuple(row.external_id for row in read.rows if row.external_id not in known)
    cancelled = sum(known[one.external_id].state == "cancelled" for one in changes)
    unchanged = len(changes) - done - cancelled
    return Rescheduled(wanted.name, done, unchanged, cancelled, unknown, read.problems, held, past)


@dataclass(frozen=True, slots=True)
class ChangedTimes:
    """One contact's times from now on, as people write them: the campaign's own, and how early and late it may be."""

    external_id: str
    time: str | None = None  # for the column that the campaign's due names
    not_before: str | None = None
    not_after: str | None = None


def one_change(campaign: WrittenCampaign, wanted: ChangedTimes) -> SentFile:
    """The change of one contact as the file that says it. InputError when something is missing."""
    due = campaign.source.parsed.campaign.due
    if wanted.time is not None and due is None:
        raise InputError(
            t(
                "campaign {campaign} has no due, so a contact has no such time: give not_before or not_after",
                campaign=campaign.name,
            )
        )
    given = {"not_before": wanted.not_before, "not_after": wanted.not_after}
    columns = {name: value for name, value in given.items() if value is not None}
    if wanted.time is not None and due is not None:
        columns = {due.column: wanted.time, **columns}
    if not columns:
        raise InputError(t("give the new time of contact {contact}", contact=wanted.external_id))
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL)
    writer.writerows([["external_id", *columns], [wanted.external_id, *columns.values()]])
    return SentFile(ONE, written.getvalue().encode())


def no_contact(campaign: str, ids: str) -> InputError:
    """What is said of ids that no contact of a campaign has."""
    return InputError(
        t("campaign {campaign} has no contact {ids}; write the external_id of its list", campaign=campaign, ids=ids)
    )
