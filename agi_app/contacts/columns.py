"""What the contacts file and the consent file share: finding columns, reading cells, rejecting rows.

A row is rejected with all its faults at once; the rejects file repeats the row with the two columns
of ``REJECT_COLUMNS`` in front, which are skipped when the corrected file is imported again.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from agi_app.authoring import full_width, synonyms
from agi_app.authoring.suggestions import quote, suggest
from agi_app.contacts.tables.csv_table import SHOWN_PROBLEMS, WIDE_DELIMITER, Row, Table
from agi_app.errors import AuthorError, Problem
from agi_app.messages import current, t
from agi_app.model import phone
from agi_app.printable import fault_of, one_line, suspect, unfit

# Titles that a column with telephone numbers has, beside "number"; two of them in one file are refused
NUMBER_TITLES = (
    *("phone", "mobile", "tel", "telephone", "手机", "电话", "手机号", "电话号码", "号码"),
    *("phone_number", "mobile_number", "telephone_number"),
    *("手机号码", "msisdn"),
)
REJECT_COLUMNS = ("rejected_line", "rejected_reason")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_SPREADSHEET_FLOAT = re.compile(r"(\+?\d{5,})\.0+")
_SPREADSHEET_ROUNDED = re.compile(r"\d([.,]\d+)?[eE]\+?\d+")
SHOWN_ALIASES = 6
LONGEST_ID = 200  # characters
_ALIKE = 0.75  # how much a title must be alike to be taken for a misspelt one: "name" is no "number"
_SHOWN_FAULTS = 10  # of one row


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that was not taken: where, what is there, and everything that is wrong with it."""

    line: int
    column: int  # in characters, from 1, of the first fault
    field: str  # the column's name in the file; empty when the row as such is broken
    value: str
    reason: str
    rule: str
    cells: tuple[str, ...]  # the row as it was, for the rejects file
    ids: tuple[str, ...] = ()  # of a list of contacts: whose row it may be

    def problem(self, file: str) -> Problem:
        """The same for people: ``file:line:column: rule reason``, telephone numbers masked."""
        return Problem(file, self.line, self.column, self.rule, self.reason)


@dataclass(frozen=True, slots=True)
class Columns:
    """Which cell holds what: ``known`` by our own names, ``others`` by the names in the file."""

    known: Mapping[str, int]
    others: Mapping[str, int]
    header: tuple[str, ...]
    given: Mapping[str, str] = field(default_factory=dict)  # what every row says, of columns that are not there


class Cells:
    """One row being read: hands out cells and collects faults."""

    def __init__(self, row: Row, columns: Columns) -> None:
        self._row = row
        self._columns = columns
        self._faults: list[tuple[int, str, str]] = []  # cell, rule, reason
        if row.fault:
            self._faults.append((row.fault.cell, row.fault.rule, row.label(row.fault.cell) + row.fault.reason))
        elif suspect("".join(row.cells)):
            self._unfit()

    @property
    def readable(self) -> bool:
        """False when the row as such is broken: then its cells mean nothing."""
        return self._row.fault is None

    def _unfit(self) -> None:
        """Faults of cells that give orders to a terminal or seem to be others; numbers are not kept as text."""
        numbers = {self._columns.known.get(name) for name in ("number", "number_2", "number_3")}
        for index, cell in enumerate(self._row.cells):
            found = unfit(cell)
            if found and index not in numbers and len(self._faults) < _SHOWN_FAULTS:
                title = quote(self._columns.header[index]) if index < len(self._columns.header) else t("the cell")
                self._faults.append((index, "table/unprintable", f"{self._row.label(index)}{title} {fault_of(found)}"))

    def has(self, name: str) -> bool:
        """Whether the file has this column."""
        return name in self._columns.known

    def exact(self, name: str) -> str:
        """The cell as it stands; empty when the file has no such column."""
        if name in self._columns.given:
            return self._columns.given[name]
        index = self._columns.known.get(name)
        return "" if index is None else self._row.cells[index]

    def text(self, name: str) -> str:
        """The cell without spaces around it."""
        return self.exact(name).strip()

    def fault(self, name: str, rule: str, reason: str, *, parted: bool = False) -> None:
        """Something is wrong with the cell of this column; ``reason`` follows the column's name.

        ``parted``: the reason says to part the cell, so the sign between its parts is not to be corrected.
        """
        cell = self._columns.known.get(name, 0)  # one that is given for all rows: the row as such
        text = self._row.cells[cell] if cell < len(self._row.cells) else ""
        signs = full_width.hint(text) if not parted and any(c.isalnum() for c in text) else ""
        reason += signs if signs not in reason else ""
        title = self._columns.header[cell] if name in self._columns.known else name
        between = "" if current() == "zh" and not (title[-1:].isascii() or reason[:1].isascii()) else " "
        self._faults.append((cell, rule, f"{self._row.label(cell)}{title}{between}{reason}"))

    def place(self, name: str) -> tuple[int, int]:
        """Line and column (both from 1) of the cell of this column."""
        return self._row.position(self._columns.known[name])

    def from_spreadsheet(self, name: str) -> bool:
        """Whether the cell of a workbook has no text, but a date or another value."""
        return self._row.oddity(self._columns.known[name]) is not None

    def unspoilt(self, name: str, rule: str) -> bool:
        """Whether the cell of this column is as it was entered; False after a fault: a spreadsheet changed it."""
        if why := self._row.oddity(self._columns.known[name]):
            self.fault(name, rule, f"{quote(phone.shown_number(self.text(name)))} {why}")
        return why is None

    def number(
        self, rule: str, region: str | None, otherwise: str = "", *, column: str = "number"
    ) -> phone.PhoneNumber | None:
        """The telephone number of the column ``number``, or another one; None after a fault.

        ``otherwise`` says what helps, too, where a country code is missing.
        """
        if not (text := self.text(column)):
            formula = t(" (as a formula is until a spreadsheet program saved it)") if self._row.label(0) else ""
            self.fault(column, rule, t("is empty{formula}; write the number, or remove the row", formula=formula))
            return None
        if not self.unspoilt(column, rule):
            return None
        try:
            return read_number(text, region)
        except phone.NotANumber as error:
            several = isinstance(error, phone.SeveralNumbers)
            more = t(": write each in full in its own row") if several else ""
            more = otherwise if isinstance(error, phone.NoCountry) else more or _what_helps(text, str(error))
            self.fault(column, rule, f"{quote(phone.shown_number(text))} {error}{more}", parted=several)
            return None

    def number_of_broken_row(self) -> phone.PhoneNumber | None:
        """The number of a row that is not ``readable``: where it belongs, else wherever one stands. For stops alone."""
        cells = self._row.cells if len(self._row.cells) > 1 else self._row.cells[0].split(self._row.delimiter)
        place = self._columns.known["number"]
        for text in (*cells[place : place + 1], *cells):
            with contextlib.suppress(phone.NotANumber):
                return read_number(text.strip(' "'), None)
        return None

    @property
    def faulty(self) -> bool:
        """Whether anything was found wrong so far."""
        return bool(self._faults)

    def rejected(self) -> RejectedRow:
        """The row with its faults; only for a row that is ``faulty``."""
        cell, rule, _ = self._faults[0]
        line, column = self._row.position(cell)
        field = self._columns.header[cell] if self.readable else ""
        value = self._row.cells[cell] if cell < len(self._row.cells) else ""
        reason = one_line("; ".join(dict.fromkeys(reason for _, _, reason in self._faults)))  # of the file
        return RejectedRow(line, column, field, value, reason, rule, self._row.cells, self._ids())

    def _ids(self) -> tuple[str, ...]:
        """What stands where the id belongs; of a row with a cell too many or too few also as counted from its end."""
        if (place := self._columns.known.get("external_id")) is None:
            return ()
        cells, delimiter = self._row.cells, self._row.delimiter
        if not self.readable and len(cells) == 1 and delimiter:
            cells = tuple(cells[0].split(delimiter))
        places = (place, len(cells) - len(self._columns.header) + place)
        found = (cells[at].strip().strip('"').strip() for at in dict.fromkeys(places) if 0 <= at < len(cells))
        return tuple(text for text in found if text and text.isprintable() and len(text) <= LONGEST_ID)


_HELPS = (  # words of a refusal, how the cell looks, and what helps
    ("too short", r"[^\d+＋]*(?:\d[^\d+＋]*){7,8}", "; write its area code before it, or + and country code"),
    ("too long", r".*[-–—－]\d{1,5}", "; if its last digits are an extension, leave them out"),
    ("not a person's", ".*", "; write the person's own number, or remove the row"),
    ("does not look like", ".*", "; write the number, or remove the row if it is a total or a note"),
    ("has letters", r"\D*(?:\d\D*){0,6}", ", or remove the row if it is a total or a note"),
)


def _what_helps(text: str, refused: str) -> str:
    return next((more for words, form, more in _HELPS if words in refused and re.fullmatch(form, text)), "")


def read_number(text: str, region: str | None) -> phone.PhoneNumber:
    """A number as files have it, also after a spreadsheet had it; NotANumber with the reason."""
    text = text.strip().lstrip("'")
    if _SPREADSHEET_ROUNDED.fullmatch(text):
        raise phone.NotANumber(t("was rounded by a spreadsheet: format that column as text and enter the number again"))
    if found := _SPREADSHEET_FLOAT.fullmatch(text):
        text = found[1]
    return phone.parse(text, region)


def find_columns(
    table: Table,
    aliases: Mapping[str, tuple[str, ...]],
    required: tuple[str, ...],
    kind: str,
    kept: Collection[str] = (),
    told: Mapping[str, str] | None = None,
) -> Columns:
    """Match the header with our columns; ``kind`` is the first part of the rule ids.

    Those of our columns that are ``kept`` are among the others, too; ``told`` says of some why they must be there.
    Raises AuthorError when a required column is missing or two columns mean the same.
    """
    names = {_plain(alias): name for name, found in aliases.items() for alias in (name, *found)}
    known: dict[str, int] = {}
    others: dict[str, int] = {}
    problems: list[Problem] = []
    for index, title in enumerate(table.header):
        if not title:  # not to be taken
            continue
        if (name := names.get(_plain(title))) is None:
            if title not in REJECT_COLUMNS:
                others[title] = index
        elif name in known and len(problems) < SHOWN_PROBLEMS:
            both = t(
                "{quote} and {quote2} both mean {name}; rename or delete one",
                quote=quote(table.header[known[name]]),
                quote2=quote(title),
                name=name,
            )
            reason = table.header_row.label(index) + both
            problems.append(Problem(table.file, *table.header_row.position(index), f"{kind}/duplicate-column", reason))
        else:
            known.setdefault(name, index)
            if name in kept:
                others[title] = index
    for name in (name for name in required if name not in known):
        problems.append(_missing(table, name, aliases[name], kind, others, (told or {}).get(name)))
    if problems:
        raise AuthorError(*problems)
    return Columns(known, others, table.header)


def refuse_others(table: Table, columns: Columns, rule: str, reason: Callable[[str], str]) -> None:
    """AuthorError for a file that may have our columns only; ``reason`` says it of a title."""
    problems = [
        Problem(table.file, *table.header_row.position(index), rule, reason(title))
        for title, index in itertools.islice(columns.others.items(), SHOWN_PROBLEMS)
    ]
    if problems:
        raise AuthorError(*problems)


def _missing(
    table: Table, name: str, aliases: tuple[str, ...], kind: str, others: Mapping[str, int], told: str | None
) -> Problem:
    if (sign := _wide_delimiter(table)) is not None:
        return Problem(table.file, *sign[0], f"{kind}/missing-column", sign[1])
    more = ", …" if len(aliases) > SHOWN_ALIASES else ""
    also = t(" (or {aliases}{more})", aliases=", ".join(aliases[:SHOWN_ALIASES]), more=more) if aliases else ""
    also = told or also
    close = next(
        (
            title
            for title in others
            if synonyms.other_word(title.rstrip("."), (name,))
            or t("did you mean") in suggest(_plain(title), (name, *aliases), _ALIKE)
        ),
        None,
    )
    if close is None and name == "number":
        close = next((title for title in others if _PHONE_TITLE.search(title)), None)
    found = t("; found: {header}", header=", ".join(title[:60] for title in table.header[:12]))
    found = t("; add it, with your own id of each contact{found}", found=found) if name == "external_id" else found
    hint = found if close is None else t("; is it {quote}? Then rename it to {name}", quote=quote(close), name=name)
    if len(table.header) == 1 and table.delimiter:
        hint = _one_column(table, hint)
    if any(_NUMBER_CELL.fullmatch(title.strip()) for title in table.header):
        hint = t("; this line has a number and no titles: put a line with the titles of the columns above it")
    hint = _other_kind(table, kind) or hint
    reason = t("the column {name}{also} is missing{hint}", name=name, also=also, hint=hint)
    return Problem(table.file, table.header_row.line, 1, f"{kind}/missing-column", reason)


CODE_TITLE = re.compile(r"(国际)?区号|国家代码|(country|area|diall?ing)[ _-]?(code|prefix)|prefix", re.IGNORECASE)
_PHONE_TITLE = re.compile("phone|mobile|电话|手机|电話|手機", re.IGNORECASE)
_NUMBER_CELL = re.compile(r"[+(]?[0-9][0-9 ()-]{6,20}")


def _other_kind(table: Table, kind: str) -> str:
    """For contacts where consents belong, and the reverse: the command for them."""
    there = {_plain(title) for title in table.header}
    if kind == "contacts" and {"purpose", "method"} <= there:
        return t("; this looks like consents: agi-app consent import FILE")
    if kind == "consent" and "external_id" in there and not {"purpose", "method"} & there:
        return t("; this looks like contacts: agi-app contacts import CAMPAIGN FILE")
    return ""


def _one_column(table: Table, hint: str) -> str:
    """For a file with one title: its columns are separated by something else, or it has none."""
    title = table.header[0]
    if (sign := next((sign for sign in "|^" if sign in title), None)) is not None:
        return t(
            "; its columns are separated by {sign}, which is not read: put commas in their place, or save it as CSV",
            sign=sign,
        )
    by = t("; columns are separated by comma, semicolon or tab")
    return t("{hint}{by}, not by spaces", hint=hint, by=by) if " " in title.strip() else f"{hint}{by}"


def _wide_delimiter(table: Table) -> tuple[tuple[int, int], str] | None:
    """Where a full-width comma or semicolon stands between two titles, and the words for it."""
    for index, title in enumerate(table.header if table.delimiter else ()):
        if found := WIDE_DELIMITER.search(title):
            line, column = table.header_row.position(index)
            return (line, column + found.start()), t(
                "columns are not separated here: {naming}", naming=full_width.naming(found[0])
            )
    return None


def same_title(one: str, other: str) -> bool:
    """Whether two titles differ at most in capital letters, spaces and hyphens."""
    return _plain(one) == _plain(other)


def _plain(title: str) -> str:
    return re.sub(r"[\s-]+", "_", title.strip()).casefold()
