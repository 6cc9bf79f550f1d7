"""Files into the store: contacts of a campaign, consents, and lists of people who said stop.

A file is first read wholly, into a private temporary file of parsed rows, so that what is wrong with
it as a whole (its kind, its header, a generated list) is said before anything is written. Then the
good rows are stored in batches, one transaction each. An import that breaks off is simply run again:
contacts go on where they were, other rows that are there already count as unchanged.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import IO

from msgspec import msgpack

from agi_app.atomic_files import kept_name
from agi_app.contacts.columns import Columns, RejectedRow
from agi_app.contacts.consent_file import NO_PROOFS, parse_consents
from agi_app.contacts.consent_proof import Proofs
from agi_app.contacts.contacts_file import Called, ContactsReading, contact_columns, group_note, header_notes
from agi_app.contacts.generated_numbers import beside, distinct, looks_generated
from agi_app.contacts.import_batches import (
    BATCH,
    SHOWN_PROBLEMS,
    Count,
    ImportSummary,
    Progress,
    Spool,
    StoringPlan,
    T,
    fill,
    store_all,
)
from agi_app.contacts.stop_file import StopList, parse_stop_list
from agi_app.contacts.tables.csv_table import Table
from agi_app.contacts.tables.encoding import detect
from agi_app.contacts.tables.opening import (
    LARGEST_WHOLE,
    MadeFile,
    SentFile,
    SentSheet,
    open_made,
    open_sent,
    open_table,
    private_copy,
    sha256_of_copy,
)
from agi_app.contacts.tables.text_lines import text_lines
from agi_app.contacts.time_columns import TimeColumns
from agi_app.contacts.whole_list import Whole, WholeList
from agi_app.due.planner import Planner
from agi_app.errors import AuthorError, InputError, Problem
from agi_app.event_loop import in_background
from agi_app.flow.check.impossible_values import columns_read
from agi_app.flow.engine.say_texts import said_as
from agi_app.flow.language.definition import Flow
from agi_app.messages import t
from agi_app.model.campaign import Campaign
from agi_app.model.person import Consent, ContactRow
from agi_app.model.phone import shown_text
from agi_app.printable import count_of
from agi_app.store.calling import campaigns, quotas
from agi_app.store.database.pool import Store
from agi_app.store.feeds import fed_contacts
from agi_app.store.people import consents as consent_table
from agi_app.store.people import contacts as contact_table
from agi_app.store.people import imported_files, imports
from agi_app.store.people.imported_files import ImportedBy

AT_ONCE = 2  # batches of contacts on their way: one stores persons while the other stores contacts
MOST_TOLD = 1000  # rejected rows of a file that was sent, which gets no rejects file


async def import_contacts_file(  # noqa: PLR0913 - each is of the file, the campaign or its flow
    store: Store,
    campaign: Campaign,
    languages: Sequence[str],
    path: Path | SentFile,
    now: dt.datetime,
    *,
    sheet: str | None = None,
    reading: Progress | None = None,
    progress: Progress | None = None,
    flow: Flow | None = None,
    by: ImportedBy | None = None,
    planner_for: Callable[[int], Planner] | None = None,
    whole: Whole | None = None,
) -> ImportSummary:
    """Add or update a stored campaign's contacts, due from ``now`` (rules time) on; never creates consent.

    ``planner_for`` so many rows says when each is due; without it they are due at once. ``whole``: the file is the
    whole truth, and who is missing is cancelled.
    ``languages`` are those of the ``flow``, whose columns are looked at if it can be read; ``sheet`` names one of a
    workbook.
    ``by`` is who imports, for the record of it. ``reading`` gets how much of the file is read, ``progress`` how many of
    its rows are done, also when we are cancelled. A file that was sent is one batch, so that it can be a part of a
    transaction. Raises AuthorError or InputError when the file as a whole will not do (then nothing was written),
    StoreError.
    """
    region, times = campaign.region or campaign.jurisdictions[0], TimeColumns.of(campaign, now)
    with ExitStack() as stack:
        copy, table = await in_background(_open, path, sheet, stack)
        declared = campaign.columns
        columns, group = (
            contact_columns(table, campaign.due, declared),
            None if campaign.quota is None else campaign.quota.column,
        )
        notes = (*table.notes, *header_notes(columns, columns_read(flow) if flow else ()), *group_note(columns, group))
        decoder = msgpack.Decoder(tuple[list[ContactRow], list[RejectedRow]])
        spool = Spool(table, decoder, stack, SHOWN_PROBLEMS if isinstance(path, Path) else MOST_TOLD)
        feed = by.feed if by is not None else None
        spool.in_one = feed is not None
        elsewhere = Elsewhere(campaign.jurisdictions)
        called = Called(campaign.jurisdictions, told=campaign.region is not None)
        contacts = ContactsReading(table, region, languages, called, times, declared, flow)
        await fill(spool, elsewhere.watched(contacts.rows()), reading)
        notes = (*notes, *elsewhere.notes(), *contacts.notes())
        _refuse_parts(path, spool)
        await _refuse_generated(store, campaign.name, spool, feed, now)
        said = [repr(sorted((name, sorted(kinds)) for name, kinds in said_as(flow).items()))] if flow else []
        said += [repr(declared)] if declared else []
        read_with = (region, repr(called), times.read_with(), *said, *languages)
        fingerprint = await in_background(_fingerprint, copy, sheet or "", *read_with)
        missing = WholeList(store, campaign.name, spool, feed)
        if whole is not None:
            await missing.look(confirmed=whole is Whole.CONFIRMED)
        number = await _note(store, by, "contacts", path, copy, spool, campaign.name) if by and by.noted else None
        plan = planner_for(spool.rows) if planner_for else None
        run, before = await imports.begin(store, campaign.name, fingerprint)
        if before.rows_done:
            notes = (*notes, _goes_on(before, spool.rows, progress))
        try:
            summary = await store_all(
                path, spool, _contacts_plan(store, campaign.name, now, run, before, plan, whole, feed), progress, notes
            )
        except asyncio.CancelledError:
            if progress:  # what is on its way may be stored or not: only the database knows
                done = await imports.rows_done(store, campaign.name, run)
                progress(spool.rows if done is None else done, spool.rows)
            raise
        if whole is not None:
            summary = replace(summary, cancelled=await missing.cancel_missing(), waiting=missing.waiting)
        if waits := await campaigns.unapproved(store, campaign.name):
            summary = replace(summary, unapproved=waits, notes=(*summary.notes, _waiting(campaign.name, waits)))
        if group is not None:
            await quotas.regroup(store, campaign.name)
        await _end(store, campaign.name, run, number, summary)
        await contact_table.analyse(store, spool.rows)
        return summary


async def import_consent_file(
    store: Store,
    path: Path,
    entered_by: str,
    now: dt.datetime,
    progress: Progress | None = None,
    proofs: Proofs = NO_PROOFS,
    *,
    sheet: str | None = None,
    os_user: str | None = None,
) -> ImportSummary:
    """Record a file of consents, entered by ``entered_by`` (as ``os_user``), judged at ``now`` (rules time).

    ``proofs`` has the wordings and evidence files that rows may point to; ``sheet`` names one of a workbook.

    Raises AuthorError or InputError when the file as a whole will not do (then nothing was
    written), StoreError.
    """
    with ExitStack() as stack:
        copy, table = await in_background(_open, path, sheet, stack)
        spool = Spool(table, msgpack.Decoder(tuple[list[Consent], list[RejectedRow]]), stack)
        await fill(spool, parse_consents(table, None, entered_by, now, proofs), None)
        number = await _note(store, ImportedBy(entered_by, os_user, now), "consents", path, copy, spool)

        async def write(rows: list[Consent], _rejected: list[RejectedRow], _done: int) -> Count:
            if not rows:
                return 0, 0, 0, 0, 0
            count = await consent_table.import_consents(store, rows, entered_by, now, number)
            return count.added, 0, count.already_there, count.woken, 0

        summary = await store_all(path, spool, StoringPlan(write), progress, table.notes)
        await imported_files.stored(store, number, 0, 0, 0)  # its batches have the counts
        return summary


async def _end(store: Store, campaign: str, run: str, number: int | None, summary: ImportSummary) -> None:
    await imports.end(store, campaign, run)
    if number is not None:
        await imported_files.stored(store, number, summary.added, summary.updated, summary.unchanged)


async def _note(
    store: Store,
    by: ImportedBy,
    kind: str,
    path: Path | SentFile,
    copy: IO[bytes],
    spool: Spool[T],
    about: str | None = None,
) -> int:
    """Note who imports which file; nothing of it is stored before."""
    digest = path.workbook if isinstance(path, SentSheet) else await in_background(sha256_of_copy, copy)
    seen = imported_files.FileSeen(kind, kept_name(path.name), digest, spool.rows, spool.rejected, about)
    return await imported_files.begin(store, seen, by)


class Elsewhere:
    """Counts contacts whose numbers are of countries that the campaign does not call: they are kept, and refused."""

    def __init__(self, jurisdictions: Sequence[str]) -> None:
        self._listed = jurisdictions
        self._found: Counter[str] = Counter()
        self._first = ""

    def watched(self, rows: Iterator[ContactRow | RejectedRow]) -> Iterator[ContactRow | RejectedRow]:
        """The same rows."""
        for row in rows:
            if isinstance(row, ContactRow) and row.region not in self._listed:
                self._first = self._first or row.external_id
                self._found[row.region] += 1
            yield row

    def notes(self) -> tuple[str, ...]:
        """One sentence; empty when all are of listed countries."""
        if not self._found:
            return ()
        of = ", ".join(
            t("{number} of {region}", number=number, region=region) for region, number in self._found.most_common()
        )
        who = count_of(self._found.total(), "contact has a number", "contacts have numbers")
        return (
            t(
                "{who} of a country that the campaign does not call ({of}; the first is {first}): people outside"
                " {listed} are refused (jurisdictions in the campaign's file)",
                who=who,
                of=of,
                first=shown_text(self._first),
                listed=", ".join(self._listed),
            ),
        )


def read_stop_list_file(path: Path, region: str | None = None) -> StopList:
    """Read a list of numbers for ``stop --file``; blocks briefly. Raises AuthorError, InputError."""
    with ExitStack() as stack:
        copy = private_copy(path, stack, LARGEST_WHOLE)
        try:
            encoding = detect(copy, str(path))
        except AuthorError as error:
            none = t("; NO STOP TAKEN from this file")
            raise AuthorError(*(replace(each, message=each.message + none) for each in error.problems)) from None
        with text_lines(copy, encoding, str(path)) as lines:
            listed = parse_stop_list(lines, str(path), region)
        return replace(listed, sha256=sha256_of_copy(copy))


def check_header(sent: SentFile, campaign: Campaign) -> Columns:
    """The columns; AuthorError for a file that has not those of contacts of a campaign. Blocks."""
    with ExitStack() as stack:
        return contact_columns(_open(sent, None, stack)[1], campaign.due, campaign.columns)


def _open(path: Path | SentFile, sheet: str | None, stack: ExitStack) -> tuple[IO[bytes], Table]:
    if isinstance(path, MadeFile):
        return open_made(path, stack)
    copy = private_copy(path, stack)
    return copy, open_sent(path, copy) if isinstance(path, SentFile) else open_table(copy, str(path), sheet)


def _contacts_plan(
    store: Store,
    campaign: str,
    now: dt.datetime,
    run: str,
    before: imports.ImportProgress,
    plan: Planner | None,
    whole: Whole | None,
    feed: str | None,
) -> StoringPlan[ContactRow]:
    """Two batches at once, each at its position, marking how far the import has come."""
    last: contact_table.BatchOrder | None = None

    async def write(rows: list[ContactRow], rejected: list[RejectedRow], done: int) -> Count:
        nonlocal last  # until the first wait, tasks run in the order in which they were made
        place = last = contact_table.BatchOrder(last)
        if whole is not None:
            await in_background(_on_whole_list, rows)
        ids = [one for row in rejected for one in row.ids]
        mark = contact_table.Mark(run, done, feed)
        count = await contact_table.import_batch(store, campaign, rows, now, place, mark, plan, ids)
        return count.added, count.updated, count.unchanged, 0, count.held

    counted = (before.added, before.updated, before.unchanged, 0, before.held)
    return StoringPlan(write, AT_ONCE, before.rows_done, counted)


def _on_whole_list(rows: list[ContactRow]) -> None:
    """Who is on it is to be called, unless it says otherwise."""
    for place, row in enumerate(rows):
        if row.cancelled is None:
            rows[place] = replace(row, cancelled=False)


def _refuse_parts(path: Path | SentFile, spool: Spool[ContactRow]) -> None:
    if isinstance(path, SentFile) and not isinstance(path, MadeFile) and spool.batches > 1:
        raise InputError(t("{file}: at most {most:,} rows are taken at once; send it in parts", file=path, most=BATCH))


async def _refuse_generated(
    store: Store, campaign: str, spool: Spool[ContactRow], feed: str | None, now: dt.datetime
) -> None:
    """AuthorError for a list that was made by counting, unless each number has its own evidence.

    What the campaign has already counts with it, what came into any campaign in 30 days, and all that its feed has
    brought in 30 days, so that no list is taken in slices; but no number that has its own evidence.
    """
    listed = await in_background(distinct, spool.numbers)
    known = await imports.numbers_of(store, campaign) + await imports.numbers_of_month(store, listed)
    if feed is not None:
        known += await fed_contacts.numbers(store, feed, now)
    there = await in_background(beside, await in_background(distinct, known), listed)
    if (block := await in_background(looks_generated, listed, there)) is None:
        return
    there = await imports.lacking_own_evidence(store, there)
    if (block := await in_background(looks_generated, listed, there)) is None:
        return
    numbers = await in_background(distinct, [*listed, *(number for number in there if number in block.span)])
    lacking = await imports.without_own_evidence(store, numbers, block.span)
    if not lacking.numbers:
        return
    together = "" if looks_generated(listed) else t(", together with contacts that came before")
    message = t(
        "{reason}{together}; nothing was imported. Such a list is taken only when each of its numbers"
        " has a recorded consent with evidence that no other number uses: {numbers} of {numbers2} have"
        " none, {in_block} of them in that block. Record those consents first, or import only numbers"
        " that people gave themselves",
        reason=block.reason,
        together=together,
        numbers=lacking.numbers,
        numbers2=len(numbers),
        in_block=lacking.in_block,
    )
    raise AuthorError(Problem(spool.table.file, spool.table.header_row.line, 1, "contacts/generated", message))


def _fingerprint(copy: IO[bytes], *read_with: str) -> bytes:
    """The same for the same bytes, read in the same way, in batches of the same size."""
    digest = hashlib.sha256(repr((BATCH, read_with)).encode())
    copy.seek(0)
    while chunk := copy.read(1 << 20):
        digest.update(chunk)
    return digest.digest()


def _goes_on(before: imports.ImportProgress, rows: int, progress: Progress | None) -> str:
    if progress:
        progress(before.rows_done, rows)
    return t(
        "continued after row {rows_done:,} of {rows:,}: an import of this file was interrupted, which"
        " began at {began_at:%Y-%m-%d %H:%M} UTC; what it stored is counted here too",
        rows_done=before.rows_done,
        rows=rows,
        began_at=before.began_at,
    )


def _waiting(campaign: str, waits: int) -> str:
    return t(
        "{who} for a second person: the campaign has more than its start was approved for; `agi-app campaign start"
        " {campaign}` asks for an approval",
        who=count_of(waits, "contact waits", "contacts wait"),
        campaign=campaign,
    )
