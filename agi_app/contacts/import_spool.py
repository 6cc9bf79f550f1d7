"""All rows of a file, read and judged, waiting in a temporary file that nobody else can open.

What is wrong with a file as a whole (a damaged byte near its end, a generated list) is then known
before anything is stored. In memory are one batch and eight bytes a row, whatever the size.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Generic, TypeVar

from msgspec import msgpack

from agi_app.contacts.columns import RejectedRow
from agi_app.contacts.tables.csv_table import Table
from agi_app.contacts.tables.opening import temporary
from agi_app.errors import Problem
from agi_app.model.person import Consent, ContactRow

BATCH = 10_000  # rows a transaction, fewer of
BATCH_WEIGHT = 32 << 20  # when they are that heavy
SHOWN_PROBLEMS = 100  # of more, only the rejects file tells

T = TypeVar("T", ContactRow, Consent)
Progress = Callable[[int, int], None]  # done, in all
Batch = tuple[list[T], list[RejectedRow]]


class Spool(Generic[T]):
    """Filled once, then read once, batch by batch."""

    def __init__(self, table: Table, decoder: msgpack.Decoder[Batch[T]], stack: ExitStack) -> None:
        self.table = table
        self.rows = 0
        self.rejected = 0
        self.problems: list[Problem] = []
        self.numbers = array("q")  # of the good rows, as integers: 8 bytes each
        self._decoder: msgpack.Decoder[Batch[T]] = decoder
        self._file = temporary(stack)
        self._stopped = False

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
                self.numbers.append(int(row.number))
            if len(good) + len(bad) == BATCH or self.table.weight - begun >= BATCH_WEIGHT:
                self._add(good, bad)
                good, bad, begun = [], [], self.table.weight
                if progress:
                    progress(*self.table.read_so_far())
                if self._stopped:
                    return
        self._add(good, bad)
        self._file.seek(0)

    def stop(self) -> None:
        """Let ``fill`` end soon: nobody wants the rows."""
        self._stopped = True

    def _add(self, good: list[T], bad: list[RejectedRow]) -> None:
        self.rows += len(good) + len(bad)
        self.rejected += len(bad)
        room = SHOWN_PROBLEMS - len(self.problems)
        self.problems += [row.problem(self.table.file) for row in bad[:room]]
        if good or bad:
            encoded = msgpack.encode((good, bad))
            self._file.write(len(encoded).to_bytes(8, "big") + encoded)

    def next_batch(self) -> Batch[T] | None:
        """Good and rejected rows of the next batch, None at the end."""
        size = int.from_bytes(self._file.read(8), "big")
        return self._decoder.decode(self._file.read(size)) if size else None
