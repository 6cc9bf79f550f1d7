"""Files into the store: contacts of a campaign, consents, and lists of people who said stop.

A file is first read wholly, into a private temporary file of parsed rows, so that what is wrong with
it as a whole (its kind, its header, a generated list) is said before anything is written. Then the
good rows are stored in batches, one transaction each. An import that breaks off is simply run again:
rows that are there already count as unchanged.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import tempfile
from array import array
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Generic, TypeVar

from msgspec import msgpack

from agi_app.contacts.columns import RejectedRow
from agi_app.contacts.consent_file import parse_consents
from agi_app.contacts.encoding import GB18030, detect
from agi_app.contacts.generated import looks_generated
from agi_app.contacts.parse import contact_columns, header_notes, parse_contacts
from agi_app.contacts.rejects import RejectsFile, rejects_path, set_aside
from agi_app.contacts.stop_list import StopList, parse_stop_list
from agi_app.contacts.table import Table, text_lines
from agi_app.errors import AuthorError, InputError, Problem
from agi_app.model.campaign import Campaign
from agi_app.model.person import Consent, ContactRow
from agi_app.store import consents as consent_table
from agi_app.store import contacts as contact_table
from agi_app.store.pool import Store

BATCH = 10_000  # rows a transaction
IN_MEMORY = 32 * 1024 * 1024  # bytes; what is larger goes into an unnamed temporary file
LARGEST = 1024 * 1024 * 1024  # bytes
SHOWN_PROBLEMS = 100  # of more, only the rejects file tells

T = TypeVar("T", ContactRow, Consent)
Progress = Callable[[int, int], None]  # rows done, rows in all
Count = tuple[int, int, int, int]  # added, updated, unchanged, woken
Batch = tuple[list[T], list[RejectedRow]]


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What became of a file. ``rows`` = added + updated + unchanged + rejected."""

    file: str
    rows: int
    added: int
    updated: int
    unchanged: int
    rejected: int
    problems: tuple[Problem, ...] = ()  # of the first rejected rows
    rejects_file: Path | None = None
    notes: tuple[str, ...] = ()  # what the user should know besides
    woken: int = 0  # contacts that may be called now because their consent came


async def import_contacts_file(
    store: Store,
    campaign: Campaign,
    languages: Sequence[str],
    path: Path,
    now: dt.datetime,
    progress: Progress | None = None,
) -> ImportSummary:
    """Add or update a stored campaign's contacts, due at ``now`` (rules time); never creates consent.

    ``languages`` are the flow's. Raises AuthorError or InputError when the file as a whole will not
    do (then nothing was written), StoreError.
    """
    region = campaign.region or campaign.jurisdictions[0]

    async def write(rows: Sequence[ContactRow]) -> Count:
        count = await contact_table.import_contacts(store, campaign.name, rows, now)
        return count.added, count.updated, count.unchanged, 0

    with ExitStack() as stack:
        table = await asyncio.to_thread(_open_table, path, stack)
        notes = header_notes(contact_columns(table))
        parsed = _Parsed(table, msgpack.Decoder(tuple[list[ContactRow], list[RejectedRow]]), stack)
        await asyncio.to_thread(parsed.fill, parse_contacts(table, region, languages))
        if reason := await asyncio.to_thread(looks_generated, parsed.numbers):
            message = f"{reason}; nothing was imported. Import only numbers that people gave themselves"
            raise AuthorError(Problem(str(path), table.header_row.line, 1, "contacts/generated", message))
        return await _store(path, parsed, write, progress, notes)


async def import_consent_file(
    store: Store,
    path: Path,
    entered_by: str,
    now: dt.datetime,
    region: str | None = None,
    progress: Progress | None = None,
) -> ImportSummary:
    """Record a file of consents, entered by ``entered_by``, judged at ``now`` (rules time).

    Raises AuthorError or InputError when the file as a whole will not do (then nothing was
    written), StoreError.
    """

    async def write(rows: Sequence[Consent]) -> Count:
        count = await consent_table.import_consents(store, rows, entered_by, now)
        return count.added, 0, count.already_there, count.woken

    with ExitStack() as stack:
        table = await asyncio.to_thread(_open_table, path, stack)
        parsed = _Parsed(table, msgpack.Decoder(tuple[list[Consent], list[RejectedRow]]), stack)
        await asyncio.to_thread(parsed.fill, parse_consents(table, region, entered_by, now))
        return await _store(path, parsed, write, progress, ())


def read_stop_list_file(path: Path, region: str | None = None) -> StopList:
    """Read a list of numbers for ``consent revoke --file``; blocks briefly. Raises AuthorError, InputError."""
    with ExitStack() as stack:
        copy = _private_copy(path, stack)
        with text_lines(copy, detect(copy, str(path))) as lines:
            return parse_stop_list(lines, str(path), region)


class _Parsed(Generic[T]):
    """All rows of a file, read and judged, waiting in a temporary file that nobody else can open."""

    def __init__(self, table: Table, decoder: msgpack.Decoder[Batch[T]], stack: ExitStack) -> None:
        self.table = table
        self.rows = 0
        self.rejected = 0
        self.problems: list[Problem] = []
        self.numbers = array("q")  # of the good rows, as integers: 8 bytes each
        self._decoder: msgpack.Decoder[Batch[T]] = decoder
        self._spool = _temporary(stack)

    def fill(self, rows: Iterator[T | RejectedRow]) -> None:
        """Take all rows; blocks, so run it in a thread."""
        good: list[T] = []
        bad: list[RejectedRow] = []
        for row in rows:
            if isinstance(row, RejectedRow):
                bad.append(row)
            else:
                good.append(row)
                self.numbers.append(int(row.number))
            if len(good) + len(bad) == BATCH:
                self._add(good, bad)
                good, bad = [], []
        self._add(good, bad)
        self._spool.seek(0)

    def _add(self, good: list[T], bad: list[RejectedRow]) -> None:
        self.rows += len(good) + len(bad)
        self.rejected += len(bad)
        room = SHOWN_PROBLEMS - len(self.problems)
        self.problems += [row.problem(self.table.file) for row in bad[:room]]
        if good or bad:
            encoded = msgpack.encode((good, bad))
            self._spool.write(len(encoded).to_bytes(8, "big") + encoded)

    def next_batch(self) -> Batch[T] | None:
        """Good and rejected rows of the next batch, None at the end."""
        size = int.from_bytes(self._spool.read(8), "big")
        return self._decoder.decode(self._spool.read(size)) if size else None


async def _store(
    path: Path,
    parsed: _Parsed[T],
    write: Callable[[Sequence[T]], Awaitable[Count]],
    progress: Progress | None,
    notes: tuple[str, ...],
) -> ImportSummary:
    """Store the good rows and write the others into the rejects file."""
    sums, done, kept = [0, 0, 0, 0], 0, None
    with ExitStack() as stack:
        rejects = stack.enter_context(RejectsFile(path, parsed.table.header)) if parsed.rejected else None
        while batch := await asyncio.to_thread(parsed.next_batch):
            good, bad = batch
            if good:
                sums = [a + b for a, b in zip(sums, await write(good), strict=True)]
            if rejects:
                rejects.write(bad)
            done += len(good) + len(bad)
            if progress:
                progress(done, parsed.rows)
        if rejects:
            kept = rejects.keep()
        elif not set_aside(rejects_path(path)):
            notes = (*notes, f"{rejects_path(path)} is from an older import; it could not be moved away")
    if parsed.table.encoding == GB18030:
        notes = (*notes, "read as GB18030; look at one imported name, and save files as CSV UTF-8 to be sure")
    added, updated, unchanged, woken = sums
    counts = (parsed.rows, added, updated, unchanged, parsed.rejected)
    return ImportSummary(str(path), *counts, tuple(parsed.problems), kept, notes, woken)


def _temporary(stack: ExitStack) -> IO[bytes]:
    file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - the stack closes it
    return stack.enter_context(file)


def _open_table(path: Path, stack: ExitStack) -> Table:
    return Table(_private_copy(path, stack), str(path))


def _private_copy(path: Path, stack: ExitStack) -> IO[bytes]:
    """The file's bytes as they are now, so that nobody changes them between two looks; works for pipes too."""
    copy = _temporary(stack)
    try:
        with path.open("rb") as source:
            while chunk := source.read(1 << 20):
                copy.write(chunk)
                if copy.tell() > LARGEST:
                    raise InputError(f"{path}: larger than {LARGEST >> 20} MiB; split it into several files")
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; check its name and folder") from None
    except IsADirectoryError:
        raise InputError(f"{path}: this is a folder; name the CSV file in it") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    return copy
