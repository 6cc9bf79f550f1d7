"""A table into a file, row by row, in constant memory: CSV for Excel, XLSX, or a JSON object a line. Blocks."""

from __future__ import annotations

import csv
import hashlib
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, Protocol

import msgspec

from agi_app.printable import FORMULA_STARTS
from agi_app.reports.csv_and_json import cell

ROWS_A_SHEET = 1_000_000  # a sheet of Excel has 1,048,576 rows
_STARTS = frozenset(FORMULA_STARTS)
LONGEST_CELL = 32_767  # characters that a cell of Excel holds
_CUT = " … [{} characters, cut here: Excel holds no more; CSV and JSON have them all]"


class TableFormat(StrEnum):
    """The formats of a table; the value is also the ending of its file."""

    CSV = "csv"
    XLSX = "xlsx"
    JSON = "jsonl"


class TableFile(Protocol):
    """An open table."""

    def add(self, rows: Sequence[Sequence[str]]) -> None:
        """Write rows; each has a cell for each column."""


@contextmanager
def table_file(file: Path, form: TableFormat, columns: Sequence[str]) -> Iterator[TableFile]:
    """An existing file, filled with a table; it is whole when the block has ended. Raises OSError."""
    if form is TableFormat.XLSX:
        import xlsxwriter  # noqa: PLC0415 - the console imports this module, and mostly writes no workbook

        options = {"constant_memory": True, "tmpdir": str(file.parent)}
        with file.open("wb") as out, xlsxwriter.Workbook(out, options) as book:
            yield _Workbook(book, columns)
    elif form is TableFormat.CSV:
        with file.open("w", encoding="utf-8-sig", newline="") as text:  # the mark at the beginning is for Excel
            yield _Csv(csv.writer(text, lineterminator="\r\n"), columns)
    else:
        with file.open("wb") as out:
            yield _JsonLines(out, columns)


def rows_in(file: Path, form: TableFormat) -> int:
    """How many rows a written table has, without titles, counted in the file itself. Blocks. Raises OSError."""
    if form is TableFormat.XLSX:
        with zipfile.ZipFile(file) as book:
            sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
            return sum(_count(book.open(name), b"<row ") for name in sheets) - len(sheets)
    with file.open("rb") as source:
        return _count(source, b"\n") if form is TableFormat.JSON else _count(source, b"\r\n") - 1


def _count(source: IO[bytes], mark: bytes) -> int:
    """How often ``mark`` is in it, also where it is cut between two reads."""
    found, left = 0, b""
    while chunk := source.read(1 << 20):
        found += (left + chunk).count(mark)
        left = (left + chunk)[1 - len(mark) :] if len(mark) > 1 else b""
    return found


def sha256_of(file: Path) -> str:
    """Of a file's content, in hex. Blocks. Raises OSError."""
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


class _Csv:
    """Cells that a spreadsheet would run begin with an apostrophe."""

    def __init__(self, writer: Any, columns: Sequence[str]) -> None:
        self._writer = writer
        self._writer.writerow(columns)

    def add(self, rows: Sequence[Sequence[str]]) -> None:
        """Write rows."""
        # Most cells are harmless; to ask each by a call of its own took a third of the time of a million rows.
        self._writer.writerows(
            [text if text[:1] not in _STARTS and "\r" not in text else cell(text) for text in row] for row in rows
        )


class _Workbook:
    """Every cell is text, also one that begins like a formula or looks like a number."""

    def __init__(self, book: Any, columns: Sequence[str]) -> None:
        self._book, self._columns = book, columns
        self._next_sheet()

    def _next_sheet(self) -> None:
        self._sheet, self._row = self._book.add_worksheet(), 0
        self._write(self._columns)
        self._sheet.freeze_panes(1, 0)

    def _write(self, cells: Sequence[str]) -> None:
        for column, text in enumerate(cells):
            if text:
                self._sheet.write_string(self._row, column, text if len(text) <= LONGEST_CELL else _cut(text))
        self._row += 1

    def add(self, rows: Sequence[Sequence[str]]) -> None:
        """Write rows; a new sheet begins when one is full."""
        for row in rows:
            if self._row > ROWS_A_SHEET:
                self._next_sheet()
            self._write(row)


def _cut(text: str) -> str:
    note = _CUT.format(len(text))
    return text[: LONGEST_CELL - len(note)] + note


class _JsonLines:
    """One object a line; its names are the columns."""

    def __init__(self, out: IO[bytes], columns: Sequence[str]) -> None:
        self._out, self._columns = out, columns
        self._encoder = msgspec.json.Encoder()

    def add(self, rows: Sequence[Sequence[str]]) -> None:
        """Write rows."""
        for row in rows:
            self._out.write(self._encoder.encode(dict(zip(self._columns, row, strict=True))) + b"\n")
