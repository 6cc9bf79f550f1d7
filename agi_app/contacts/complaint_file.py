"""A file of complaints about our calls: number and text, and where and when each was made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Generator
from dataclasses import dataclass

from agi_app.authoring.suggestions import quote, suggest
from agi_app.authoring.written_clock import NotATime
from agi_app.contacts.columns import Cells, RejectedRow, find_columns
from agi_app.contacts.consent_file import is_day, parse_instant
from agi_app.contacts.contacts_file import ALIASES as CONTACT_ALIASES
from agi_app.contacts.tables.csv_table import Table
from agi_app.log import without_numbers
from agi_app.messages import t
from agi_app.model.phone import PhoneNumber, shown_text

ALIASES = {
    "number": CONTACT_ALIASES["number"],
    "text": ("内容", "投诉内容"),
    "time": ("时间", "投诉时间"),
    "source": ("来源", "渠道"),
    "campaign": ("活动",),
}
REQUIRED = ("number", "text")


@dataclass(frozen=True, slots=True)
class ComplaintRow:
    """One complaint; ``at`` None: it came in now. With a ``fault`` it opens no case, but its number is known.

    ``day_only``: the file names the day alone, and ``at`` is its start.
    """

    line: int
    number: PhoneNumber
    text: str
    at: dt.datetime | None
    source: str
    campaign: str | None
    fault: RejectedRow | None = None
    day_only: bool = False


def parse_complaints(
    table: Table, now: dt.datetime, campaigns: Collection[str] | None = None
) -> Generator[ComplaintRow | RejectedRow, None, None]:
    """Each row as a complaint, or a rejected row when its number cannot be read; AuthorError for a wrong header.

    A row can only be about one of ``campaigns``; None: about any.
    """
    columns = find_columns(table, ALIASES, REQUIRED, "contacts")
    return (_read(Cells(row, columns), row.line, now, campaigns) for row in table.rows())


def _read(cells: Cells, line: int, now: dt.datetime, campaigns: Collection[str] | None) -> ComplaintRow | RejectedRow:
    if not cells.readable:
        broken, known = cells.rejected(), cells.number_of_broken_row()
        return broken if known is None else ComplaintRow(line, known, "", None, "file", None, broken)
    number = cells.number("contacts/number", None)
    text, at = cells.text("text"), None
    if not text:
        cells.fault("text", "complaints/text", t("is empty; write what was complained about"))
    if written := cells.text("time"):
        try:
            at = parse_instant(written)
        except NotATime as error:
            cells.fault("time", "consent/time", f"{quote(without_numbers(written))} {error}")
        else:
            if at > now:
                cells.fault("time", "consent/time", t("is in the future"))
                at = None
    if (campaign := cells.text("campaign")) and campaigns is not None and campaign not in campaigns:
        told = t(
            "{quote} is not a campaign{suggest}",
            quote=quote(shown_text(campaign)),
            suggest=suggest(campaign, campaigns),
        )
        cells.fault("campaign", "complaints/campaign", told)
    if number is None:
        return cells.rejected()
    fault = cells.rejected() if cells.faulty else None
    source, day_only = cells.text("source") or "file", at is not None and is_day(written)
    return ComplaintRow(line, number, text, at, source, campaign or None, fault, day_only)
