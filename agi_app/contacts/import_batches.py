"""All rows of a file, read and judged, into a spool; from there into the store, rejected rows into their file.

The spool is a temporary file that nobody else can open. What is wrong with a file as a whole (a damaged byte near its
end, a generated list) is then known before anything is stored. In memory are one batch and eight bytes a row, whatever
the size.
"""

from __future__ import annotations

import asyncio
from array import array
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from msgspec import msgpack

from agi_app.contacts.columns import RejectedRow
from agi_app.contacts.rejects import RejectsFile, rejects_path, set_aside
from agi_app.contacts.tables.csv_table import Table
from agi_app.contacts.tables.encoding import GB18030
from agi_app.contacts.tables.opening import MOST_WHOLE, SentFile, temporary
from agi_app.errors import InputError, Problem
from agi_app.event_loop import in_background
from agi_app.messages import t
from agi_app.model.person import Consent, ContactRow

BATCH = 10_000  # rows a transaction, fewer of
BATCH_WEIGHT = 32 << 20  # when they are that heavy
PART = 500  # rows that are encoded or decoded at a time: nothing else goes on meanwhile, in no thread
SHOWN_PROBLEMS = 100  # of more, only the rejects file tells

T = TypeVar("T", ContactRow, Consent)
Progress = Callable[[int, int], None]  # done, in all
Batch = tuple[list[T], list[RejectedRow]]
Count = tuple[int, int, int, int, int]  # added, updated, unchanged, woken, held
Write = Callable[
    [list[T], list[RejectedRow], int], Coroutine[Any, Any, Count]
]  # good rows, rejected ones, rows of the file done with them


class Spool(Generic[T]):
    """Filled once, then read once, batch by batch."""

    def __init__(
        self, table: Table, decoder: msgpack.Decoder[Batch[T]], stack: ExitStack, shown: int = SHOWN_PROBLEMS
    ) -> None:
        self.table = table
        self.rows = 0
        self.batches = 0
        self._shown = shown
        self.rejected = 0
        self.problems: list[Problem] = []
        self.numbers = array("q")  # of the good rows, as integers: 8 bytes each
        self.in_one = False  # True: all rows are one batch, which may be a part of a transaction
        self._decoder: msgpack.Decoder[Batch[T]] = decoder
        self._file = temporary(stack)
        self.stopped = False  # True: let ``fill`` end soon, nobody wants the rows

    def fill(self, rows: Iterator[T | RejectedRow], progress: Progress | None = None) -> None:
        """Take all rows; blocks, so run it in a thread. ``progress`` gets how much of the table is read."""
        good: list[T] = []
        bad: list[RejectedRow] = []
        begun = self.table.weight
        for row in rows:
            if isinstance(row, RejectedRow):
                bad.append(row)
            else:
                good.append(row)
                self.numbers.extend(int(number) for number in _numbers(row))
            if self.in_one and len(good) + len(bad) > MOST_WHOLE:
                raise InputError(
                    t("{file}: has more than {most:,} rows; let it bring fewer", file=self.table.file, most=MOST_WHOLE)
                )
            full = len(good) + len(bad) == BATCH or self.table.weight - begun >= BATCH_WEIGHT
            if full and not self.in_one:
                self._add(good, bad)
                good, bad, begun = [], [], self.table.weight
                if progress:
                    progress(*self.table.read_so_far())
                if self.stopped:
                    return
        self._add(good, bad)
        self._file.seek(0)

    def _add(self, good: list[T], bad: list[RejectedRow]) -> None:
        self.rows += len(good) + len(bad)
        self.rejected += len(bad)
        self.problems += [row.problem(self.table.file) for row in bad[: self._shown - len(self.problems)]]
        if good or bad:
            self.batches += 1
            starts = range(0, max(len(good), len(bad)), PART)
            self._file.write(len(starts).to_bytes(8, "big"))
            for at in starts:
                encoded = msgpack.encode((good[at : at + PART], bad[at : at + PART]))
                self._file.write(len(encoded).to_bytes(8, "big") + encoded)

    def all_parts(self) -> Iterator[Batch[T]]:
        """All rows, at most ``PART`` good and as many rejected ones at a time; then ``next_batch`` begins again."""
        self._file.seek(0)
        while parts := self._number():
            for _ in range(parts):
                yield self._part()
        self._file.seek(0)

    def next_batch(self) -> Batch[T] | None:
        """Good and rejected rows of the next batch, None at the end."""
        if not (parts := self._number()):
            return None
        good: list[T] = []
        bad: list[RejectedRow] = []
        for _ in range(parts):
            more, rejected = self._part()
            good += more
            bad += rejected
        return good, bad

    def _part(self) -> Batch[T]:
        return self._decoder.decode(self._file.read(self._number()))

    def _number(self) -> int:
        return int.from_bytes(self._file.read(8), "big")


def _numbers(row: ContactRow | Consent) -> Iterator[str]:
    yield row.number
    if isinstance(row, ContactRow):
        yield from (other.number for other in row.others)


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What happened to a file. ``rows`` = added + updated + unchanged + rejected."""

    file: str
    rows: int
    added: int
    updated: int
    unchanged: int
    rejected: int
    problems: tuple[Problem, ...] = ()  # of the first rejected rows
    rejects_file: Path | None = None
    notes: tuple[str, ...] = ()  # what the user should know besides
    woken: int = 0  # refused contacts that are decided again because a consent came
    cancelled: int = 0  # contacts that a whole list no longer has
    unapproved: int = 0  # contacts of the campaign that wait for a second person
    held: int = 0  # contacts whose rows were rejected: nobody calls them until a row of theirs is good
    waiting: int = 0  # who were still to be called before a whole list


@dataclass(frozen=True, slots=True)
class StoringPlan(Generic[T]):
    """How good rows are stored, and from where on when an earlier import has stored some."""

    write: Write[T]
    at_once: int = 1  # batches on their way to the database at the same time
    rows_done: int = 0
    counted: Count = (0, 0, 0, 0, 0)  # what became of those


async def fill(spool: Spool[T], rows: Iterator[T | RejectedRow], progress: Progress | None) -> None:
    """Fill the spool in a thread, which ends when we are cancelled."""
    try:
        await in_background(spool.fill, rows, progress)
    except asyncio.CancelledError:
        spool.stopped = True
        raise


async def store_all(
    path: Path | SentFile, spool: Spool[T], plan: StoringPlan[T], progress: Progress | None, notes: tuple[str, ...]
) -> ImportSummary:
    """Store the good rows and write the others into the rejects file; a file that was sent has none."""
    kept = None
    with ExitStack() as stack:
        rejects = None
        if spool.rejected and isinstance(path, Path):
            rejects = stack.enter_context(closing(RejectsFile(path, spool.table.header, spool.table.encoding)))
        counts = await _store_good(spool, plan, progress, rejects.write if rejects else lambda _rows: None)
        if rejects:
            kept = rejects.keep()
        elif isinstance(path, Path) and not set_aside(rejects_path(path, spool.table.encoding)):
            notes = (
                *notes,
                t(
                    "{rejects_path} belongs to an older import and cannot be moved away",
                    rejects_path=rejects_path(path, spool.table.encoding),
                ),
            )
    if spool.table.encoding == GB18030:
        notes = (*notes, t("read as GB18030; look at one imported name, and save files as CSV UTF-8 to be sure"))
    added, updated, unchanged, woken, held = counts
    figures = (spool.rows, added, updated, unchanged, spool.rejected)
    return ImportSummary(str(path), *figures, tuple(spool.problems), kept, notes, woken, held=held)


def _let_go(*lists: list[Any]) -> None:
    """Free what is in them bit by bit: a hundred thousand rows at once would hold all threads up."""
    for one in lists:
        while one:
            del one[-PART:]


async def _store_good(
    spool: Spool[T], plan: StoringPlan[T], progress: Progress | None, reject: Callable[[list[RejectedRow]], None]
) -> Count:
    """What happened to all good rows, the earlier ones included."""
    waiting: deque[tuple[int, Awaitable[Count]]] = deque()
    sums, read = plan.counted, 0
    good: list[T] = []
    bad: list[RejectedRow] = []

    async def settle(most: int) -> None:
        nonlocal sums
        while len(waiting) > most:
            done, task = waiting.popleft()
            a, b = sums, await task
            sums = (a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3], a[4] + b[4])
            if progress:
                progress(done, spool.rows)

    try:
        async with asyncio.TaskGroup() as group:
            while batch := await in_background(spool.next_batch):
                good, bad = batch
                reject(bad)
                read += len(good) + len(bad)
                if read > plan.rows_done:
                    waiting.append((read, group.create_task(plan.write(good, bad, read))))
                    await settle(plan.at_once - 1)
            await settle(0)
            await in_background(_let_go, good, bad)
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None  # the first one is the reason
    return sums
