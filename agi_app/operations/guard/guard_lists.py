"""Whom the guard lets through and whom it blocks, and what each line of ours chose.

The audit records each entry that is written or taken away, and each choice of a line, with who entered it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from agi_app.atomic_files import kept_name
from agi_app.authoring.country_and_zone_names import is_zone, zone_meant
from agi_app.contacts.columns import RejectedRow
from agi_app.contacts.guard_file import CellFormats, ListRow, parse_guard_list
from agi_app.contacts.tables.csv_table import SHOWN_PROBLEMS
from agi_app.contacts.tables.opening import LARGEST_WHOLE, all_rows, open_table, private_copy, sha256_of_copy
from agi_app.errors import AuthorError, InputError
from agi_app.event_loop import in_background
from agi_app.guard.number_patterns import NotAPattern, new_pattern, read_pattern
from agi_app.guard.subscriber_settings import Hours
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.model.phone import shown_number
from agi_app.operations.acting import note_import, noted, reads
from agi_app.store.people.imported_files import FileSeen
from agi_app.store.screening import guard_lists as table
from agi_app.store.screening.guard_changes import ChangedBy
from agi_app.store.screening.guard_lists import NewEntry, StoredEntry, Written
from agi_app.store.screening.screened_calls import SubscriberLine

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"(?:([a-z]{3})(?:-([a-z]{3}))? )?(\d\d:\d\d)-(\d\d:\d\d)")


@noted(Scope.GUARD_CHANGE, "guard put", number="pattern")
async def put(
    inst: Installation,
    pattern: str,
    *,
    allow: bool,
    line: str = "",
    shared: bool = False,
    reason: str = "",
    days: int | None = None,
) -> tuple[str, Written]:
    """Let calls of these numbers through, or block them, for so many days or without end; for one line, or for all.

    ``shared``: it is from a list of others, a hint that rejects nobody. Returns the pattern as the guard compares it,
    and whether it stood there before. Raises InputError when it is not one, StoreError.
    """
    if shared and line:
        raise InputError(t("--shared: a list that others made is for all lines; leave out --line"))
    now = inst.clock.now()
    ends = None if days is None else now + dt.timedelta(days=days)
    read = _pattern(pattern, inst, new_pattern)
    entry = NewEntry(read, allow, line, shared, reason, ends)
    return read, await table.put(inst.store, [entry], inst.actor.account, now)


@noted(Scope.GUARD_CHANGE, "guard remove", number="pattern")
async def remove(inst: Installation, pattern: str, *, line: str = "") -> None:
    """Take these numbers from the list, whether they were blocked or let through. InputError: they are not on it."""
    read = _pattern(pattern, inst, read_pattern)
    if not await table.remove(inst.store, read, line, inst.actor.account, inst.clock.now()):
        of = f" for line {line}" if line else ""
        raise InputError(
            t(
                "{shown_number} is not on the list{of}; `agi-app guard list` shows what is",
                shown_number=shown_number(pattern),
                of=of,
            )
        )


def _pattern(text: str, inst: Installation, read: Callable[[str, str | None], str]) -> str:
    """What was typed as the guard compares it; InputError says what is wrong."""
    try:
        return read(text, inst.settings.guard.region or None)
    except NotAPattern as error:
        raise InputError(str(error)) from None


@reads(Scope.GUARD_READ)
async def entries(inst: Installation, line: str | None = None) -> tuple[list[StoredEntry], dict[str, SubscriberLine]]:
    """The lists, of one line or of all, and what each line chose. Raises StoreError."""
    return await table.entries(inst.store, line), await table.lines(inst.store)


@noted(Scope.GUARD_CHANGE, "guard import", "file")
async def import_file(inst: Installation, file: Path, *, shared: bool = False) -> tuple[Written, int]:
    """Write all entries of a file on the lists, or none when a row has a fault; again, it changes nothing.

    Returns what happened to them, and how many have ended already and were left out. Raises AuthorError with every
    fault, InputError, StoreError.
    """
    guard, now = inst.settings.guard, inst.clock.now()
    found, digest = await in_background(_read, file, CellFormats(guard.region, guard.zone), shared)
    new = [
        NewEntry(row.pattern, row.allow, row.line, shared, row.reason, row.until)
        for row in found
        if row.until is None or row.until > now
    ]
    done = await table.put(inst.store, new, inst.actor.account, now)
    seen = FileSeen("guard", kept_name(file.name), digest, len(found), 0)
    await note_import(inst, seen, done.added, done.changed, done.unchanged)
    return done, len(found) - len(new)


def _read(file: Path, how: CellFormats, shared: bool) -> tuple[Sequence[ListRow], bytes]:
    """The rows, and the SHA-256 of the file."""
    with ExitStack() as stack:
        copy = private_copy(file, stack, LARGEST_WHOLE)
        rows = all_rows(parse_guard_list(open_table(copy, file.name), how, shared=shared), file.name)
        digest = sha256_of_copy(copy)
    if problems := [row.problem(file.name) for row in rows if isinstance(row, RejectedRow)]:
        raise AuthorError(*problems[:SHOWN_PROBLEMS])
    return [row for row in rows if isinstance(row, ListRow)], digest


@noted(Scope.GUARD_CHANGE, "guard line", "line")
async def set_line(
    inst: Installation,
    line: str,
    *,
    enabled: bool | None = None,
    level: str | None = None,
    hours: Sequence[Hours] | None = None,
    zone: str | None = None,
    mailbox: bool | None = None,
    reset: bool = False,
) -> None:
    """Set how calls to one of our numbers are screened; what is None stays, after ``reset`` as the settings say.

    Raises InputError for a name without digits that no call came to, StoreError.
    """
    if not any(sign.isdecimal() for sign in line) and not await table.knows_line(inst.store, line):
        raise InputError(
            t("{line}: no call came to such a line; write its number as the dialplan gives it, such as 100", line=line)
        )
    said = ChangedBy(inst.actor.account, inst.clock.now())
    if reset:
        await table.reset_line(inst.store, line, said)
    choice = SubscriberLine(enabled, level, zone=zone, mailbox=mailbox)
    if choice != SubscriberLine() or hours is not None:
        await table.set_line(inst.store, line, choice, None if hours is None else tuple(hours), said)


def zone_of(text: str | None) -> str | None:
    """A time zone by its name, if one is given; InputError when there is none of that name."""
    if text is not None and not is_zone(text):
        raise InputError(t("--zone {text}: is not a time zone{zone_meant}", text=text, zone_meant=zone_meant(text)))
    return text


def hours_of(text: str) -> Hours:
    """``mon-fri 18:00-08:00`` or ``18:00-08:00``; InputError for anything else."""
    match = _HOURS.fullmatch(text.strip().lower())
    if match is None:
        raise InputError(t('--hours {text!r}: write "18:00-08:00" or "mon-fri 18:00-08:00"', text=text))
    first, last, since, until = match.groups()
    if not {first, last} <= {*DAYS, None}:
        raise InputError(t("--hours {text!r}: days are {days}", text=text, days=", ".join(DAYS)))
    try:
        begins, ends = dt.time.fromisoformat(since), dt.time.fromisoformat(until)
    except ValueError:
        raise InputError(t("--hours {text!r}: there is no such time of day", text=text)) from None
    if first is None:
        return Hours(begins, ends)
    start, end = DAYS.index(first), DAYS.index(last or first)
    return Hours(begins, ends, tuple(sorted((start + n) % 7 for n in range((end - start) % 7 + 1))))
