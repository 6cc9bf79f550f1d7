"""A file of new times for contacts that a campaign has: their ids, and the columns that say when to call.

The columns are those of a contacts file (``time_columns``): ``external_id``, and the one that the campaign's ``due``
names, ``not_before`` or ``not_after``. What a row does not give is nothing: an old ``not_after`` belonged to the old
time. Other columns are passed over: a changed name comes by an import.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from agi_app.contacts import time_columns
from agi_app.contacts.columns import Cells, RejectedRow, find_columns, same_title
from agi_app.contacts.contacts_file import ALIASES
from agi_app.contacts.duplicate_ids import SeenIds
from agi_app.contacts.tables.csv_table import Table
from agi_app.contacts.tables.opening import SentFile, open_table, private_copy
from agi_app.contacts.time_columns import EVENT, TimeColumns, TimeReader
from agi_app.errors import AuthorError, Problem
from agi_app.messages import t
from agi_app.model.contact_times import Times

TIMES = {EVENT, "not_before", "not_after"}


@dataclass(frozen=True, slots=True)
class NewTimes:
    """What one row says; ``text`` is the campaign's own column as it is written, which calls may say."""

    external_id: str
    line: int
    times: Times
    text: str | None


@dataclass(frozen=True, slots=True)
class TimeChanges:
    """A whole file."""

    rows: tuple[NewTimes, ...]
    problems: tuple[Problem, ...]  # of rows that were rejected, in the file's order
    rejected: tuple[str, ...]  # the ids in those


def read_changes(source: Path | SentFile, by: TimeColumns, sheet: str | None = None) -> TimeChanges:
    """All rows of a file; blocks. AuthorError or InputError when the file as a whole will not do."""
    with ExitStack() as stack:
        copy = private_copy(source, stack)
        table = Table(copy, source.name) if isinstance(source, SentFile) else open_table(copy, str(source), sheet)
        return _read(table, by)


def _read(table: Table, by: TimeColumns) -> TimeChanges:
    due = None if by.due is None else by.due.column
    names = {"external_id": ALIASES["external_id"], **time_columns.ALIASES}
    if due is not None and not any(same_title(due, one) for name, also in names.items() for one in (name, *also)):
        names[due] = ()
    columns = find_columns(table, names, ("external_id",), "contacts")
    if due is not None and due in columns.known:
        columns = type(columns)({**columns.known, EVENT: columns.known[due]}, columns.others, columns.header)
    if not TIMES & columns.known.keys():
        wanted = " ".join(filter(None, (due, "not_before", "not_after")))
        told = t("no column says a time: there must be one of {wanted}", wanted=wanted)
        raise AuthorError(Problem(table.file, table.header_row.line, 1, "contacts/missing-column", told))
    reader, seen = TimeReader(by, columns), SeenIds()
    rows: list[NewTimes] = []
    rejected: list[RejectedRow] = []
    for row in table.rows():
        cells = Cells(row, columns)
        if not cells.readable:
            rejected.append(cells.rejected())
            continue
        external_id, found = cells.text("external_id"), reader.read(cells)
        if not external_id or seen.line(external_id) is not None:
            told = t("is empty or was there before; each contact needs its own id")
            cells.fault("external_id", "contacts/external-id", told)
        if cells.faulty:
            rejected.append(cells.rejected())
            continue
        seen.add(external_id, row.line)
        text = (found.said or cells.text(EVENT)) if EVENT in columns.known else None
        rows.append(NewTimes(external_id, row.line, found.times, text))
    reader.check(table)
    ids = tuple(one for row in rejected for one in row.ids)
    return TimeChanges(tuple(rows), tuple(one.problem(table.file) for one in rejected), ids)
