"""Excel workbooks (XLSX) as tables: one sheet, each cell as the text that a person would have typed.

Numbers lose nothing: 13800138000 stored as 1.38E+10 comes out digit by digit. What a spreadsheet has
spoilt (a date made of an id, more than 15 digits, a fraction) is kept as text for other columns, but
refused as a number or an id. Formulas count by the value that was stored with them. Places are told
as the spreadsheet shows them: row, column, and the cell's name.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import IO

import python_calamine as calamine

from agi_app.contacts.sheet_size import check_size
from agi_app.contacts.table import Fault, Row, Table
from agi_app.errors import AuthorError, InputError, Problem

XLSX = "xlsx"
MOST_DIGITS = 15  # what a spreadsheet keeps of a number
Value = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta
_CHANGED = "the spreadsheet has changed it: format that column as text and enter it again"


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
        return f"cell {column_letters(self.left + cell)}{self.line}: "

    def oddity(self, cell: int) -> str | None:
        """Why this cell is fit for no number and no id."""
        return self.odd.get(cell)


class SheetTable(Table):
    """A sheet of a workbook, as a table."""

    def __init__(self, source: IO[bytes], file: str, sheet: str | None = None) -> None:
        """Read the header of the sheet with this name, or of the first visible one.

        Raises AuthorError for a workbook that cannot be read and for a faulty header, InputError
        when it has no such sheet.
        """
        self.file = file
        self.encoding = XLSX
        self.delimiter = ""
        check_size(source, file)
        source.seek(0)
        try:
            book = calamine.load_workbook(source)
            name, self.notes = _choose(book, file, sheet)
            self._sheet = book.get_sheet_by_name(name)
        except calamine.PasswordError:
            raise _unreadable(file, "is protected by a password: remove it in the spreadsheet program") from None
        except (calamine.CalamineError, calamine.ZipError, calamine.XmlError, OSError) as error:
            raise _unreadable(file, f"is damaged ({error}); open it in the spreadsheet program and save it") from None
        self._left = (self._sheet.start or (0, 0))[1]
        self._skipped = self._banners()
        self._width = self._read = 0
        self._read_header()

    def _records(self) -> Generator[Row, None, None]:
        for line, values in enumerate(self._sheet.iter_rows() if self._sheet.start else (), start=1):
            self._read = line
            if line <= self._skipped or not any(value != "" for value in values):
                continue
            row = _row(line, values, self._left)
            if row.blank:
                continue
            if not self._width:
                self._width = len("|".join("x" if c.strip() else "" for c in row.cells).rstrip("|").split("|"))
            if any(cell.strip() for cell in row.cells[self._width :]):
                yield row
                continue
            yield _cut(row, self._width)

    def miscounted(self, row: Row) -> Row:
        """The row with the fault that it has a value outside of the table."""
        cell = next(index for index in range(len(self.header), len(row.cells)) if row.cells[index].strip())
        return _faulty(row, Fault("table/cells", cell, "this value stands in a column that has no title"))

    def read_so_far(self) -> tuple[int, int]:
        """Rows read, of how many."""
        return self._read, self._sheet.total_height

    def _banners(self) -> int:
        """The last of the rows above the header that hold nothing but one text over several merged columns."""
        wide = {(row, column) for (row, column), (_, right) in self._sheet.merged_cell_ranges or [] if right > column}
        last = 0
        for line, values in enumerate(self._sheet.iter_rows() if self._sheet.start else (), start=1):
            filled = [index for index, value in enumerate(values) if str(value).strip()]
            if len(filled) > 1 or (filled and (line - 1, self._left + filled[0]) not in wide):
                break
            last = line if filled else last
        return last


def column_letters(index: int) -> str:
    """``A`` for 0, ``AB`` for 27."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _choose(book: calamine.CalamineWorkbook, file: str, wanted: str | None) -> tuple[str, tuple[str, ...]]:
    """The sheet's name, and a note when others were passed over."""
    sheets = [s for s in book.sheets_metadata if s.typ == calamine.SheetTypeEnum.WorkSheet]
    names = [s.name for s in sheets]
    if wanted is not None:
        if wanted not in names:
            raise InputError(f"{file}: there is no sheet {wanted!r}; it has: {', '.join(names)}")
        return wanted, ()
    visible = [s.name for s in sheets if s.visible == calamine.SheetVisibleEnum.Visible] or names
    if not visible:
        raise _unreadable(file, "has no sheet with a table")
    others = visible[1:]
    note = f"read the sheet {visible[0]}, not {', '.join(others)}; name another one with --sheet"
    return visible[0], (note,) if others else ()


def _unreadable(file: str, what: str) -> AuthorError:
    return AuthorError(Problem(file, 1, 1, "table/format", f"this workbook {what}"))


def _row(line: int, values: list[Value], left: int) -> SheetRow:
    cells, odd = [], {}
    for index, value in enumerate(values):
        if isinstance(value, str):
            cells.append(value)
            continue
        text, why = _as_text(value)
        cells.append(text)
        if why:
            odd[index] = why
    nul = next((index for index, cell in enumerate(cells) if "\0" in cell), None)
    fault = None if nul is None else Fault("table/nul", nul, "a NUL character stands here")
    return SheetRow(line, tuple(cells), (), "", fault, left, odd)


def _as_text(value: Value) -> tuple[str, str | None]:
    """What a person would have typed, and why it may not be what was meant."""
    if isinstance(value, bool):
        return str(value).upper(), f"is a truth value; {_CHANGED}"
    if isinstance(value, int | float):
        if isinstance(value, float) and not value.is_integer():
            return repr(value), f"is a number with a fraction; {_CHANGED}"
        text = str(int(value))
        rounded = len(text.lstrip("-")) > MOST_DIGITS
        return text, f"has more than {MOST_DIGITS} digits; {_CHANGED}" if rounded else None
    if isinstance(value, dt.datetime):
        text = value.isoformat(" ", "seconds" if value.second else "minutes")
        return text, f"is a date; {_CHANGED}"
    if isinstance(value, dt.time):
        return value.isoformat("seconds" if value.second else "minutes"), f"is a time of day; {_CHANGED}"
    return str(value), f"is a date or a time span; {_CHANGED}"


def _cut(row: SheetRow, width: int) -> SheetRow:
    return row if len(row.cells) == width else _replaced(row, row.cells[:width], row.fault)


def _faulty(row: Row, fault: Fault) -> SheetRow:
    if not isinstance(row, SheetRow):
        raise TypeError("a sheet has sheet rows only")
    return _replaced(row, row.cells, row.fault or fault)


def _replaced(row: SheetRow, cells: tuple[str, ...], fault: Fault | None) -> SheetRow:
    return SheetRow(row.line, cells, (), "", fault, row.left, row.odd)
