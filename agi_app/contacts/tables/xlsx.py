"""Excel workbooks (XLSX) as tables: one sheet, each cell as the text that a person would have typed.

Numbers lose nothing: 13800138000 stored as 1.38E+10 comes out digit by digit. What a spreadsheet has
spoilt (a date made of an id, more than 15 digits, a fraction) is kept as text for other columns, but
refused as a number or an id. Formulas count by the value that was stored with them. Places are told
as the spreadsheet shows them: row, column, and the cell's name.

A workbook is read by another process (``sheet_child``) with limits of memory and time by the file's
size; what it found is in an unnamed file of this one.
"""

from __future__ import annotations

import dataclasses
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import IO

import msgspec

from agi_app.contacts.tables.csv_table import Row, RowFault, Table
from agi_app.contacts.tables.xlsx_messages import Head, Refusal, SentRow
from agi_app.errors import AuthorError, InputError, Problem
from agi_app.messages import t
from agi_app.messages.retold import retold

XLSX = "xlsx"
ZIPPED = b"PK\x03\x04"
MEMORY, MEMORY_A_BYTE, MOST_MEMORY = 256 << 20, 30, 3 << 30  # bytes: for any workbook, for each of its bytes, at most
SECONDS, SECONDS_A_MIB = 5, 3  # of the processor
PATIENCE = 10  # times that, by the clock on the wall
Sent = msgspec.msgpack.Decoder(Head | Refusal | list[SentRow])


class NoWorkbook(Exception):
    """The archive is something else: another office's table, a folder that was packed."""


@dataclass(frozen=True, slots=True)
class SheetRow(Row):
    """One row of a sheet; ``line`` is its number there."""

    left: int = 0  # columns before the first one of the table
    odd: dict[int, str] = field(default_factory=dict)  # cell -> why it is no text

    def position(self, cell: int) -> tuple[int, int]:
        """Row and column (from 1) of the cell."""
        return self.line, self.left + cell + 1

    def label(self, cell: int) -> str:
        """``cell B7: ``."""
        return t("cell {column_letters}{line}: ", column_letters=column_letters(self.left + cell), line=self.line)

    def oddity(self, cell: int) -> str | None:
        """Why this cell is fit for no number and no id."""
        return retold(self.odd[cell]) if cell in self.odd else None


class SheetTable(Table):
    """A sheet of a workbook, as a table."""

    def __init__(self, source: IO[bytes], file: str, sheet: str | None = None) -> None:
        """Read the sheet with this name, or the first visible one; blocks until the other process is done.

        Raises AuthorError for a workbook that cannot be read and for a faulty header, InputError
        when it has no such sheet, NoWorkbook for another kind of archive.
        """
        rows = tempfile.TemporaryFile()  # noqa: SIM115 - closed with this table
        weakref.finalize(self, rows.close)
        _read_apart(source, file, sheet, rows)
        self._begin_with(rows, file, sheet)

    @classmethod
    def of_rows(cls, rows: IO[bytes], file: str) -> SheetTable:
        """The sheet whose rows ``rows_of`` gave, which somebody else may have changed. Raises as the constructor."""
        made = cls.__new__(cls)
        try:
            made._begin_with(rows, file, None)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise _unreadable(file, t("is damaged; open it in the spreadsheet program and save it again")) from error
        return made

    def _begin_with(self, rows: IO[bytes], file: str, sheet: str | None) -> None:
        self.file = file
        self.encoding = XLSX
        self.delimiter = ""
        self._rows = rows
        self._rows.seek(0)
        head = _next(self._rows)
        if isinstance(head, Refusal):
            raise _refused(head, file, sheet)
        if not isinstance(head, Head):
            raise _unreadable(file, t("is damaged; open it in the spreadsheet program and save it again"))
        self._left, self._height, self._begin = head.left, head.rows, self._rows.tell()
        if head.passed_over:
            others = ", ".join(head.passed_over)
            self.notes = (
                t(
                    "read the sheet {sheet}, not {others}; name another one with --sheet",
                    sheet=head.sheet,
                    others=others,
                ),
            )
        self._width = self._read = 0
        self._read_header()

    def _records(self) -> Generator[Row, None, None]:
        self._rows.seek(self._begin)
        while batch := _next(self._rows):
            if isinstance(batch, Refusal):
                raise _refused(batch, self.file, None)
            for sent in batch if isinstance(batch, list) else ():
                self._read = sent.line
                self._width = self._width or len(sent.cells)
                yield self._row(sent)

    def _row(self, sent: SentRow) -> SheetRow:
        """As wide as the table, or wider when something is beside it."""
        cells, width = sent.cells, self._width
        if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
            cells = cells[:width]
        nul = next((index for index, cell in enumerate(cells) if "\0" in cell), None)
        fault = None if nul is None else RowFault("table/nul", nul, t("there is a NUL character here"))
        cells = [*cells, *[""] * (width - len(cells))]
        return SheetRow(sent.line, tuple(cells), (), "", fault, self._left, sent.odd)

    def miscounted(self, row: Row) -> Row:
        """The row with the fault that it has a value outside of the table."""
        cell = next(index for index in range(len(self.header), len(row.cells)) if row.cells[index].strip())
        return dataclasses.replace(
            row, fault=row.fault or RowFault("table/cells", cell, t("this value is in a column that has no title"))
        )

    def read_so_far(self) -> tuple[int, int]:
        """Rows read, of how many."""
        return self._read, self._height


def rows_of(source: IO[bytes], file: str, sheet: str | None, most: int) -> bytes | None:
    """The rows of a sheet, or the first visible one, as ``SheetTable.of_rows`` takes them; None: it is no workbook.

    Blocks. Raises AuthorError for one that cannot be read or gives more than ``most`` bytes, InputError when it has no
    such sheet.
    """
    with tempfile.TemporaryFile() as rows:
        _read_apart(source, file, sheet, rows)
        size = rows.seek(0, io.SEEK_END)
        rows.seek(0)
        head = _next(rows)
        if isinstance(head, Refusal):
            if head.kind == "other":
                return None
            raise _refused(head, file, sheet)
        if size > most:
            raise _unreadable(file, t("has more than {most} MiB of text; split it into several files", most=most >> 20))
        rows.seek(0)
        return rows.read()


def column_letters(index: int) -> str:
    """``A`` for 0, ``AB`` for 27."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _read_apart(source: IO[bytes], file: str, sheet: str | None, rows: IO[bytes]) -> None:
    """Let another process write what the workbook has into ``rows``; AuthorError when it goes over its limits."""
    size = source.seek(0, io.SEEK_END)
    memory = min(MEMORY + MEMORY_A_BYTE * size, MOST_MEMORY)
    seconds = SECONDS + SECONDS_A_MIB * size // (1 << 20)
    limits = map(str, (os.getpid(), memory, seconds))
    command = [sys.executable, "-P", "-m", "agi_app.contacts.tables.xlsx_child", *limits]
    with tempfile.TemporaryFile() as copy:
        source.seek(0)
        shutil.copyfileobj(source, copy)
        copy.flush()
        try:
            done = subprocess.run(
                [*command, *([] if sheet is None else [sheet])],
                stdin=copy,
                stdout=rows,
                stderr=subprocess.DEVNULL,
                timeout=PATIENCE * seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            done = None
    if done is None or done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise _unreadable(
            file, t('takes longer than {seconds} s to read; split it, or save it as "CSV UTF-8"', seconds=seconds)
        )
    if done.returncode != 0:
        what = t("needs more than {memory} MiB of memory, much for its size, or is damaged", memory=memory >> 20)
        raise _unreadable(file, t('{what}; copy its cells into a new workbook, or save it as "CSV UTF-8"', what=what))


def _next(rows: IO[bytes]) -> Head | Refusal | list[SentRow] | None:
    """The next message; None at the end."""
    size = int.from_bytes(rows.read(8), "big")
    return Sent.decode(rows.read(size)) if size else None


def _refused(refusal: Refusal, file: str, sheet: str | None) -> Exception:
    if refusal.kind == "other":
        return NoWorkbook()
    if refusal.kind == "sheet":
        return InputError(
            t("{file}: there is no sheet {sheet!r}; it has: {text}", file=file, sheet=sheet, text=refusal.text)
        )
    return _unreadable(
        file, retold(refusal.text) + (t('; or save it as "CSV UTF-8"') if refusal.kind == "large" else "")
    )


def _unreadable(file: str, what: str) -> AuthorError:
    return AuthorError(Problem(file, 1, 1, "table/format", t("this workbook {what}", what=what)))
