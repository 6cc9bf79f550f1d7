"""CSV as ops staff have it: bytes in, a header and rows with their exact places out.

Comma, semicolon or tab (found in the header line), quotes, line breaks inside quotes, blank lines.
Rows come one by one, so that a file of any size needs little memory. A broken row is still a row,
with its ``fault``; after a wrong quote reading goes on at the next line, so that one quote that is
never closed costs one row, not the rest of the file. Whatever the bytes are, the time grows with
their number and no faster: lines, rows and what is read twice have limits, and no pattern goes back.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import itertools
import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from typing import IO

from agi_app.authoring import full_width
from agi_app.authoring.suggestions import quote, suggest
from agi_app.contacts.tables.encoding import detect
from agi_app.contacts.tables.text_lines import LONGEST_ROW, RowTooLong, TextLines, text_lines
from agi_app.errors import AuthorError, Problem
from agi_app.messages import t
from agi_app.printable import count_of, fault_of, one_line, unfit

DELIMITERS = ",;\t"
WIDE_DELIMITER = re.compile("[，、；]")
_NUMBER = re.compile(r"\d{3}")
LONGEST_HEADER = 50  # lines
MOST_COLUMNS = 16_384  # what a spreadsheet can have
SHOWN_PROBLEMS = 100  # of one header
_CELL_WEIGHT = 40
_READ_TWICE = 8 << 20  # characters that rows with wrong quotes may cost besides twice the file


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with a row as such, before anybody looks into its cells."""

    rule: str
    cell: int  # index of the cell where it shows
    reason: str


_TITLES_AGAIN = RowFault("table/cells", 0, "this line has the titles of the columns again; remove it")


@dataclass(frozen=True, slots=True)
class Row:
    """One record of the file; cells are exactly what is there, quotes removed."""

    line: int  # the line on which it begins, from 1
    cells: tuple[str, ...]
    raw: tuple[str, ...]  # its lines as they stand in the file
    delimiter: str
    fault: RowFault | None = None

    def position(self, cell: int) -> tuple[int, int]:
        """Line and column (in characters, both from 1) where the cell of this index begins, or is missing."""
        starts, end = _cell_starts(self.raw, self.delimiter)
        offset = starts[cell] if cell < len(starts) else end
        above = [end for end in itertools.accumulate(map(len, self.raw[:-1])) if end <= offset]  # ends of lines
        return self.line + len(above), offset - max(above, default=0) + 1

    def label(self, _cell: int) -> str:
        """Begins a message about a cell, where people know it by another name than line and column."""
        return ""

    def oddity(self, _cell: int) -> str | None:
        """Why a cell is no text that somebody entered, where the file can tell: fit for no number and no id."""
        return None

    @property
    def blank(self) -> bool:
        """Only spaces and delimiters."""
        return not any(cell.strip() for cell in self.cells)


class Table:
    """An opened file: its header is read and checked; its rows can be read again, one reader at a time.

    This one reads text; ``sheet.SheetTable`` reads spreadsheets, ``opening.open_table`` whichever it is.
    """

    notes: tuple[str, ...] = ()  # what the user should know about how it was read
    _above = 0  # rows over the header: a title
    weight = 0  # of all rows handed out so far: about the bytes that their cells take in memory

    def __init__(self, source: IO[bytes], file: str) -> None:
        """Read the header of ``source`` (seekable); ``file`` is its name in messages.

        Raises AuthorError for an unreadable file and for a header that is missing or faulty.
        """
        self._source = source
        self._size = source.seek(0, io.SEEK_END)
        self.file = file
        self.encoding = detect(source, file)
        with text_lines(source, self.encoding, file) as lines:
            self.delimiter = _sniff(lines)
        self._read_header()

    def _read_header(self) -> None:
        file = self.file
        with closing(self._records()) as records:
            first = next(records, None)
            if first is not None and self.delimiter and _is_title(first):
                second = next(records, None)
                if second is not None and _has_titles(second):
                    self._above, self.notes = 1, (t("line {line} looks like a title and was skipped", line=first.line),)
                    first = second
        if first is None:
            raise AuthorError(Problem(file, 1, 1, "table/empty", t("the file has no header and no rows")))
        self.header_row = first
        self.header = tuple(cell.strip() for cell in first.cells)
        if problems := self._header_problems():
            raise AuthorError(*problems)

    def rows(self) -> Generator[Row, None, None]:
        """All rows below the header, blank ones left out, from the start; AuthorError when there is none."""
        empty = True
        with closing(self._records()) as records:
            for _ in range(self._above + 1):
                next(records)
            for row in records:
                empty = False
                self.weight += sum(map(len, row.cells)) + _CELL_WEIGHT * len(row.cells)
                again = row.cells[0].strip() == self.header[0] and tuple(map(str.strip, row.cells)) == self.header
                whole = row.fault or len(row.cells) == len(self.header)
                yield dataclasses.replace(row, fault=_TITLES_AGAIN) if again else row if whole else self.miscounted(row)
        if empty:
            line, reason = self.header_row.line, t("the file has a header but no rows; write them below it")
            raise AuthorError(Problem(self.file, line, 1, "table/no-rows", reason))

    def take_only(self, columns: Mapping[str, str], rule: str) -> None:
        """Read these columns alone, ours = theirs. Raises AuthorError, of ``rule``, when one is not there."""
        places = {_plain(title): index for index, title in enumerate(self.header)}
        header, faults = [""] * len(self.header), []
        for ours, theirs in columns.items():
            if (index := places.get(_plain(theirs))) is None:
                told = t("there is no column {theirs}, which is to be {ours}", theirs=quote(theirs), ours=ours)
                near = suggest(theirs, self.header)
                faults.append(Problem(self.file, self.header_row.line, 1, rule, told + near))
            else:
                header[index] = ours
        if faults:
            raise AuthorError(*faults)
        self.header = tuple(header)

    def read_so_far(self) -> tuple[int, int]:
        """How much the present reader has read, of how much."""
        return self._source.tell(), self._size

    def _records(self) -> Generator[Row, None, None]:
        with text_lines(self._source, self.encoding, self.file) as text:
            lines = TextLines(text)
            reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
            line = 1
            while True:
                fault = None
                try:
                    cells = next(reader, None)
                except (csv.Error, RowTooLong):
                    lines.keep_first()
                    cells, fault = ["".join(lines.taken).rstrip("\r\n")], _quote_fault(lines.taken, self.delimiter)
                    self._give_up(line, lines, fault)
                if cells is None:
                    return
                row = Row(line, tuple(cells), tuple(lines.taken), self.delimiter, fault) if any(cells) else None
                line += len(lines.taken)
                lines.taken.clear()
                if row and not row.blank:
                    yield row

    def _give_up(self, line: int, lines: TextLines, fault: RowFault) -> None:
        """AuthorError when so many quotes are wrong that the file would be read again and again."""
        if lines.read_twice <= 2 * self._size + _READ_TWICE:
            return
        row = Row(line, (), tuple(lines.taken), self.delimiter)
        reason = t(
            "{reason}; so many quotes in this file do not match that agi-app cannot tell where its rows end",
            reason=fault.reason,
        )
        raise AuthorError(Problem(self.file, *row.position(fault.cell), fault.rule, reason))

    def miscounted(self, row: Row) -> Row:
        """The row with the fault that it has too many or too few cells."""
        found, wanted = len(row.cells), len(self.header)
        hint = "" if found < wanted else t("; put text that contains the delimiter in quotes")
        sign = WIDE_DELIMITER.search("\n".join(row.cells)) if found < wanted else None
        hint += f"; {full_width.naming(sign[0])}" if sign else self._other_delimiter(row) if found < wanted else ""
        reason = t(
            "the row has {found}, the header has {wanted}{hint}",
            found=count_of(found, "cell"),
            wanted=wanted,
            hint=hint,
        )
        return dataclasses.replace(row, fault=RowFault("table/cells", min(found, wanted), reason))

    def _other_delimiter(self, row: Row) -> str:
        """For a row that is separated otherwise than the header."""
        other = next((sign for sign in DELIMITERS if sign != self.delimiter and sign in "".join(row.cells)), None)
        names = {",": "a comma", ";": "a semicolon", "\t": "a tab"}
        if other is None:
            return t("; leave a cell empty, two delimiters side by side, for what is not known")
        return t(
            "; {other} is here where the header has {names}: use the same in all lines",
            other=names[other],
            names=names[self.delimiter],
        )

    def _header_problems(self) -> list[Problem]:
        row = self.header_row
        if row.fault:
            return [Problem(self.file, *row.position(row.fault.cell), row.fault.rule, row.fault.reason)]
        if len(self.header) > MOST_COLUMNS:
            reason = t(
                "the header has {header} columns; at most {most_columns} are read",
                header=len(self.header),
                most_columns=MOST_COLUMNS,
            )
            return [Problem(self.file, *row.position(MOST_COLUMNS), "table/too-long", reason)]
        return [
            Problem(self.file, *row.position(index), rule, row.label(index) + reason)
            for index, rule, reason in itertools.islice(_wrong_titles(self.header), SHOWN_PROBLEMS)
        ]


def _plain(title: str) -> str:
    return re.sub(r"[\s-]+", "_", title.strip()).casefold()


def _wrong_titles(header: tuple[str, ...]) -> Iterator[tuple[int, str, str]]:
    """The index, rule and reason of each title that will not do."""
    seen: set[str] = set()
    for index, name in enumerate(header):
        if not name:
            yield index, "table/header-empty", t("column {index} has no name; name it or delete it", index=index + 1)
        elif found := unfit(name):
            yield index, "table/unprintable", f"{quote(one_line(name))} {fault_of(found)}"
        elif name in seen:
            yield (
                index,
                "table/header-duplicate",
                t("{quote} names two columns; rename or delete one", quote=quote(name)),
            )
        seen.add(name)


def _is_title(row: Row) -> bool:
    """Whether a row has one text and nothing else, as a title that somebody put over the table."""
    return row.fault is None and bool(row.cells[0].strip()) and not any(cell.strip() for cell in row.cells[1:])


def _has_titles(row: Row) -> bool:
    """Whether a row below it may have the titles of columns: two at least, none missing, none with a number."""
    cells = [cell.strip() for cell in row.cells]
    return row.fault is None and len(cells) > 1 and all(cells) and not any(map(_NUMBER.search, cells))


def _sniff(lines: Iterator[str]) -> str:
    """The delimiter: the one that the header line has most of outside quotes; a comma when it has none."""
    header = [next((line for line in lines if line.strip(f"{DELIMITERS} \r\n")), "")]
    if not any(sign in header[0] for sign in (*DELIMITERS, '"')):  # a title, or a file with one column
        header.append(next(lines, ""))
    quotes, length = sum(line.count('"') for line in header), sum(map(len, header))
    for line in itertools.islice(lines, LONGEST_HEADER):
        if quotes % 2 == 0 or length > LONGEST_ROW:  # else a title has a line break
            break
        header.append(line)
        quotes, length = quotes + line.count('"'), length + len(line)
    parts = "".join(header).split('"')
    outside = "".join(parts[::2]) + (parts[-1] if len(parts) % 2 == 0 else "")
    return max(DELIMITERS, key=outside.count)


@lru_cache(maxsize=1)  # a header may have thousands of wrong titles, each with its place
def _cell_starts(raw: tuple[str, ...], delimiter: str) -> tuple[list[int], int]:
    """Where each cell of a row begins, and where the row ends without its line end."""
    text = "".join(raw)
    starts = [0]
    while (behind := _behind_quotes(text, starts[-1])) >= 0 and (end := text.find(delimiter, behind)) >= 0:
        starts.append(end + 1)
    return starts, len(text.rstrip("\r\n"))


def _behind_quotes(text: str, start: int) -> int:
    """Behind the closing quote of the cell that begins here, -1 when it is never closed; ``start`` without quotes."""
    if not text.startswith('"', start):
        return start
    at = text.find('"', start + 1)
    while at >= 0 and text.startswith('"', at + 1):  # two are one of the cell's own
        at = text.find('"', at + 2)
    return at + 1 if at >= 0 else -1


def _quote_fault(lines: list[str], delimiter: str) -> RowFault:
    """Which cell of a broken record is to blame, by its first line."""
    line = lines[0].rstrip("\r\n")
    for cell, start in enumerate(_cell_starts((line,), delimiter)[0]):
        behind = _behind_quotes(line, start)
        if behind < 0:
            return RowFault("table/quote", cell, t("a quote is opened here and never closed; close it, or remove it"))
        if behind > start and line[behind : behind + 1] not in ("", delimiter):
            return RowFault("table/quote", cell, t('text follows a closing quote; write a quote inside quotes as ""'))
    return RowFault("table/quote", 0, t("the quotes of this row do not match, or a cell is too long"))
