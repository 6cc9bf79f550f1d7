"""CSV as ops staff have it: bytes in, a header and rows with their exact places out.

Comma, semicolon or tab (found in the header line), quotes, line breaks inside quotes, blank lines.
Rows come one by one, so that a file of any size needs little memory. A broken row is still a row,
with its ``fault``; after a wrong quote reading goes on at the next line, so that one quote that is
never closed costs one row, not the rest of the file.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import itertools
import re
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import IO

from agi_app.contacts.encoding import detect
from agi_app.errors import AuthorError, Problem
from agi_app.yaml_lines import quote

DELIMITERS = ",;\t"
LONGEST_HEADER = 50  # lines
_QUOTED = r'"(?:[^"]+|"")*"'
_CELLS = {d: re.compile(rf'"(?:[^"]+|"")*"?[^{d}]*|[^{d}]*') for d in DELIMITERS}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row as such, before anybody looks into its cells."""

    rule: str
    cell: int  # index of the cell where it shows
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """One record of the file; cells are exactly what stands there, quotes removed."""

    line: int  # the line on which it begins, from 1
    cells: tuple[str, ...]
    raw: tuple[str, ...]  # its lines as they stand in the file
    delimiter: str
    fault: Fault | None = None

    def position(self, cell: int) -> tuple[int, int]:
        """Line and column (in characters, both from 1) where the cell of this index begins, or is missing."""
        text = "".join(self.raw)
        starts = _cell_starts(text, self.delimiter)
        offset = starts[cell] if cell < len(starts) else len(text.rstrip("\r\n"))
        line = self.line
        for part in self.raw[:-1]:
            if offset < len(part):
                break
            offset -= len(part)
            line += 1
        return line, offset + 1

    def label(self, _cell: int) -> str:
        """Begins a message about a cell, where people know it by another name than line and column."""
        return ""

    def oddity(self, _cell: int) -> str | None:
        """Why a cell is no text that somebody entered, where the file can tell: fit for no number and no id."""
        return None

    @property
    def blank(self) -> bool:
        """Nothing but spaces and delimiters."""
        return not any(cell.strip() for cell in self.cells)


class Table:
    """An opened file: its header is read and checked; its rows can be read again, one reader at a time.

    This one reads text; ``sheet.SheetTable`` reads spreadsheets, ``opening.open_table`` whichever it is.
    """

    notes: tuple[str, ...] = ()  # what the user should know about how it was read

    def __init__(self, source: IO[bytes], file: str) -> None:
        """Read the header of ``source`` (seekable); ``file`` is its name in messages.

        Raises AuthorError for an unreadable file and for a header that is missing or faulty.
        """
        self._source = source
        self._size = source.seek(0, io.SEEK_END)
        self.file = file
        self.encoding = detect(source, file)
        with text_lines(source, self.encoding) as lines:
            self.delimiter = _sniff(lines)
        self._read_header()

    def _read_header(self) -> None:
        file = self.file
        with closing(self._records()) as records:
            first = next(records, None)
        if first is None:
            raise AuthorError(Problem(file, 1, 1, "table/empty", "the file has no header and no rows"))
        self.header_row = first
        self.header = tuple(cell.strip() for cell in first.cells)
        if problems := self._header_problems():
            raise AuthorError(*problems)

    def rows(self) -> Generator[Row, None, None]:
        """All rows below the header, blank ones left out, from the start; AuthorError when there is none."""
        empty = True
        with closing(self._records()) as records:
            next(records)
            for row in records:
                empty = False
                yield row if row.fault or len(row.cells) == len(self.header) else self.miscounted(row)
        if empty:
            line, reason = self.header_row.line, "the file has a header but no rows"
            raise AuthorError(Problem(self.file, line, 1, "table/no-rows", reason))

    def read_so_far(self) -> tuple[int, int]:
        """How much the present reader has read, of how much."""
        return self._source.tell(), self._size

    def _records(self) -> Generator[Row, None, None]:
        with text_lines(self._source, self.encoding) as text:
            lines = _Lines(text)
            reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
            line = 1
            while True:
                fault = None
                try:
                    cells = next(reader, None)
                except csv.Error:
                    lines.keep_first()
                    cells, fault = ["".join(lines.taken).rstrip("\r\n")], _quote_fault(lines.taken[0], self.delimiter)
                if cells is None:
                    return
                row = Row(line, tuple(cells), tuple(lines.taken), self.delimiter, fault)
                line += len(lines.taken)
                lines.taken.clear()
                if not row.blank:
                    yield row

    def miscounted(self, row: Row) -> Row:
        """The row with the fault that it has too many or too few cells."""
        found, wanted = len(row.cells), len(self.header)
        hint = "" if found < wanted else "; put text that contains the delimiter in quotes"
        reason = f"the row has {found} cells, the header has {wanted}{hint}"
        return dataclasses.replace(row, fault=Fault("table/cells", min(found, wanted), reason))

    def _header_problems(self) -> list[Problem]:
        row, problems = self.header_row, []
        if row.fault:
            return [Problem(self.file, *row.position(row.fault.cell), row.fault.rule, row.fault.reason)]
        for index, name in enumerate(self.header):
            where = (self.file, *row.position(index))
            if not name:
                reason = f"{row.label(index)}column {index + 1} has no name; name it or delete it"
                problems.append(Problem(*where, "table/header-empty", reason))
            elif name in self.header[:index]:
                reason = f"{row.label(index)}{quote(name)} names two columns; rename or delete one"
                problems.append(Problem(*where, "table/header-duplicate", reason))
        return problems


class _Lines:
    """Feeds the CSV reader, remembers what the current record took, and can give lines back."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.taken.append(line)
        return line

    def keep_first(self) -> None:
        """The record is broken: only its first line is spent, the rest is read again."""
        self._again.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]


@contextmanager
def text_lines(source: IO[bytes], encoding: str) -> Iterator[Iterator[str]]:
    """The lines of a binary source, line ends kept; leaves the source open for the next reader."""
    source.seek(0)
    wrapper = io.TextIOWrapper(source, encoding, newline="")
    try:
        yield _without_bom(wrapper)
    finally:
        wrapper.detach()


def _without_bom(lines: Iterator[str]) -> Iterator[str]:
    first = next(lines, "")
    return itertools.chain([first.removeprefix("\ufeff")] if first else [], lines)  # GB18030 can have one too


def _sniff(lines: Iterator[str]) -> str:
    """The delimiter: the one that the header line has most of outside quotes; a comma when it has none."""
    header = next((line for line in lines if line.strip(f"{DELIMITERS} \r\n")), "")
    for line in itertools.islice(lines, LONGEST_HEADER):
        if header.count('"') % 2 == 0:  # else a title has a line break
            break
        header += line
    return max(DELIMITERS, key=re.sub(_QUOTED, "", header).count)


def _cell_starts(text: str, delimiter: str) -> list[int]:
    starts, pattern = [0], _CELLS[delimiter]
    while (found := pattern.match(text, starts[-1])) and found.end() < len(text):
        starts.append(found.end() + 1)
    return starts


def _quote_fault(line: str, delimiter: str) -> Fault:
    """Which cell of a broken record is to blame, by its first line."""
    starts = _cell_starts(line, delimiter)
    for cell, start in enumerate(starts):
        end = starts[cell + 1] - 1 if cell + 1 < len(starts) else len(line.rstrip("\r\n"))
        text = line[start:end]
        if text.startswith('"') and not re.fullmatch(_QUOTED, text):
            if re.match(_QUOTED, text):
                return Fault("table/quote", cell, 'text follows a closing quote; write a quote inside quotes as ""')
            return Fault("table/quote", cell, "a quote is opened here and never closed")
    return Fault("table/quote", 0, "the quotes of this row do not match, or a cell is too long")
