"""Excel workbooks: what was typed comes out, what was spoilt is refused, and places are told as shown there."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import random
import zipfile
from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import xlsxwriter

from agi_app.contacts.columns import RejectedRow
from agi_app.contacts.contacts_file import parse_contacts
from agi_app.contacts.tables.csv_table import Row, Table
from agi_app.contacts.tables.opening import open_table
from agi_app.contacts.tables.xlsx import column_letters
from agi_app.contacts.tables.xlsx_writer import SheetWriter
from agi_app.contacts.time_columns import TimeColumns
from agi_app.errors import AuthorError, InputError
from agi_app.model.campaign import Due
from agi_app.model.person import ContactRow

pytestmark = pytest.mark.slow  # makes many workbooks: not part of the fast unit tests

FILE = "people.xlsx"
HEADER = ["external_id", "number", "name"]
GOOD = "+999861380000001"


def workbook(fill: Callable[[Any], None]) -> io.BytesIO:
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True})
    fill(book)
    book.close()
    return made


def sheet(*rows: Sequence[object], top: int = 0, left: int = 0) -> Table:
    """A table of one sheet; texts stay texts, other values are written as what they are."""

    def fill(book: Any) -> None:
        page = book.add_worksheet("People")
        date = book.add_format({"num_format": "yyyy-mm-dd"})
        for line, row in enumerate(rows, start=top):
            for column, value in enumerate(row, start=left):
                if isinstance(value, str) and not value.startswith("="):
                    page.write_string(line, column, value)
                else:
                    page.write(line, column, value, date if isinstance(value, dt.date) else None)

    return open_table(workbook(fill), FILE)


def parsed(table: Table, region: str = "CN") -> list[ContactRow | RejectedRow]:
    return list(parse_contacts(table, region, ["zh-CN", "en"]))


def refused(value: object, column: str = "number") -> RejectedRow:
    row = {"external_id": "P1", "number": GOOD, "name": "x"} | {column: value}
    (found,) = parsed(sheet(HEADER, list(row.values())))
    assert isinstance(found, RejectedRow)
    return found


@pytest.mark.parametrize(
    ("value", "e164"),
    [
        (GOOD, GOOD),
        ("００９９９８６１３８００００００１", GOOD),
        ("＋999 86 138-0000-001", GOOD),
        ("'+999861380000001", GOOD),
        (13800138000, "+8613800138000"),
        (1.3800138e10, "+8613800138000"),
        (8613800138000, "+8613800138000"),
        ("013800138000", "+8613800138000"),
        ("0086 13800138000", "+8613800138000"),
        ("=13800138000", "+8613800138000"),
    ],
)
def test_numbers_in_whatever_way_they_were_entered(value: object, e164: str) -> None:
    def fill(book: Any) -> None:
        page = book.add_worksheet()
        page.write_row(0, 0, HEADER)
        page.write_string(1, 0, "P1")
        if isinstance(value, str) and value.startswith("="):
            page.write_formula(1, 1, value, None, 13800138000)
        elif isinstance(value, str):
            page.write_string(1, 1, value)
        else:
            page.write_number(1, 1, value)

    (found,) = parsed(open_table(workbook(fill), FILE))
    assert isinstance(found, ContactRow)
    assert found.number == e164


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (999861380000001234, "has more than 15 digits"),
        (1380013800.5, "is a number with a fraction"),
        (dt.date(2026, 1, 5), "is a date"),
        (True, "is TRUE or FALSE"),
        ("13800138000 ext 5", "has an extension in it"),
        ("1.38E+10", "was rounded by a spreadsheet"),
        ("", "number is empty"),
    ],
)
def test_what_a_spreadsheet_spoilt_is_no_number(value: object, words: str) -> None:
    found = refused(value)
    assert words in found.reason
    assert found.reason.startswith("cell B2: number ")
    assert (found.line, found.column, found.field) == (2, 2, "number")


@pytest.mark.parametrize("value", [dt.date(2026, 1, 2), 1.5, False, 12345678901234567890])
def test_what_a_spreadsheet_spoilt_is_no_id(value: object) -> None:
    """An id such as 1-2 becomes a date when it is typed."""
    found = refused(value, "external_id")
    assert found.rule == "contacts/external-id"
    assert found.reason.startswith("cell A2: external_id ")


def test_leading_zeros_of_text_stay_and_other_columns_take_dates_and_fractions() -> None:
    header = ["external_id", "number", "visit", "price", "share"]
    (found,) = parsed(sheet(header, ["007", GOOD, dt.date(2026, 3, 9), 12.5, 3.0]))
    assert isinstance(found, ContactRow)
    assert found.external_id == "007"
    assert found.fields == {"visit": "2026-03-09", "price": "12.5", "share": "3"}


def test_dates_with_a_time_are_written_as_people_read_them() -> None:
    def fill(book: Any) -> None:
        page = book.add_worksheet()
        page.write_row(0, 0, ["external_id", "number", "at"])
        page.write_row(1, 0, ["P1", GOOD])
        page.write_number(1, 2, 46090.604166666664, book.add_format({"num_format": "yyyy-mm-dd hh:mm"}))

    (found,) = parsed(open_table(workbook(fill), FILE))
    assert isinstance(found, ContactRow)
    assert found.fields == {"at": "2026-03-09 14:30"}


def test_rows_and_columns_are_told_as_the_spreadsheet_shows_them() -> None:
    """Also when the table begins further down and right, with empty rows in between."""
    table = sheet(HEADER, [], ["P1", "abc", "x"], [None, None, None], ["P2", GOOD, "y"], top=3, left=2)
    bad, good = parsed(table)
    assert isinstance(bad, RejectedRow)
    assert (bad.line, bad.column) == (6, 4)
    assert str(bad.problem(FILE)).startswith("people.xlsx:6:4: contacts/number cell D6: number ")
    assert isinstance(good, ContactRow)
    (first, *_) = table.rows()
    assert isinstance(first, Row)
    assert first.label(0) == "cell C6: "


def test_a_title_over_merged_cells_is_no_header() -> None:
    def fill(book: Any) -> None:
        page = book.add_worksheet()
        page.merge_range("A1:C1", "Customers of March")
        page.write_row(2, 0, HEADER)
        page.write_row(3, 0, ["P1", GOOD, "x"])

    assert [type(row) for row in parsed(open_table(workbook(fill), FILE))] == [ContactRow]


def test_a_merged_header_says_which_column_has_no_title() -> None:
    def fill(book: Any) -> None:
        page = book.add_worksheet()
        page.write(0, 0, "external_id")
        page.merge_range("B1:C1", "number")
        page.write(0, 3, "name")
        page.write_row(1, 0, ["P1", GOOD, "", "x"])

    with pytest.raises(AuthorError, match=r"people.xlsx:1:3: table/header-empty cell C1: column 3 has no name"):
        open_table(workbook(fill), FILE)


def test_a_value_beside_the_table_is_told_and_spares_the_other_rows() -> None:
    bad, good = parsed(sheet(HEADER, ["P1", GOOD, "x", "stray"], ["P2", GOOD, "y"]))
    assert isinstance(bad, RejectedRow)
    assert (bad.line, bad.column, bad.rule) == (2, 4, "table/cells")
    assert isinstance(good, ContactRow)


def test_the_first_visible_sheet_is_read_and_the_others_are_named() -> None:
    def fill(book: Any) -> None:
        hidden = book.add_worksheet("Old")
        for name in ("March", "April"):
            page = book.add_worksheet(name)
            page.write_row(0, 0, HEADER)
            page.write_row(1, 0, [name, GOOD, "x"])
        book.get_worksheet_by_name("March").activate()
        book.get_worksheet_by_name("March").set_first_sheet()
        hidden.hide()

    made = workbook(fill)
    table = open_table(made, FILE)
    assert [row.cells[0] for row in table.rows()] == ["March"]
    assert table.notes == ("read the sheet March, not April; name another one with --sheet",)
    other = open_table(made, FILE, "April")
    assert [row.cells[0] for row in other.rows()] == ["April"]
    assert other.notes == ()
    with pytest.raises(InputError, match=r"no sheet 'May'; it has: Old, March, April"):
        open_table(made, FILE, "May")


def test_a_sheet_of_a_csv_file_is_a_mistake() -> None:
    with pytest.raises(InputError, match="--sheet is for an Excel workbook"):
        open_table(io.BytesIO(b"a,b\n1,2\n"), FILE, "March")


@pytest.mark.parametrize(("rows", "rule"), [([], "table/empty"), ([HEADER], "table/no-rows")])
def test_an_empty_sheet_is_refused(rows: list[list[str]], rule: str) -> None:
    with pytest.raises(AuthorError, match=rule):
        list(sheet(*rows).rows())


def test_a_sheet_that_would_fill_the_memory_is_refused() -> None:
    """One cell far off makes a rectangle of a billion cells."""
    made, stray = workbook(lambda book: book.add_worksheet().write_row(0, 0, HEADER)), io.BytesIO()
    far = b'<row r="1048576"><c r="XFD1048576" t="str"><v>x</v></c></row></sheetData>'
    with zipfile.ZipFile(made) as archive, zipfile.ZipFile(stray, "w") as changed:
        for name in archive.namelist():
            changed.writestr(name, archive.read(name).replace(b"</sheetData>", far))
    with pytest.raises(AuthorError, match="1048576 rows and 16384 columns: delete the empty ones"):
        open_table(stray, FILE)


def test_damaged_workbooks_never_end_in_a_traceback() -> None:
    """Bytes changed, parts left out, cut off: a clear message, or a table all the same."""
    made = io.BytesIO()
    writer = SheetWriter(made)
    writer.writerow(HEADER)
    writer.writerow(["P1", GOOD, "x"])
    writer.close()
    whole = made.getvalue()
    chance = random.Random(4)
    damaged = [whole[: chance.randrange(5, len(whole))] for _ in range(20)]
    for _ in range(60):
        copy = bytearray(whole)
        for _ in range(chance.randrange(1, 9)):
            copy[chance.randrange(4, len(copy))] = chance.randrange(256)
        damaged.append(bytes(copy))
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        for left_out in archive.namelist():
            part = io.BytesIO()
            with zipfile.ZipFile(part, "w") as fewer:
                for name in archive.namelist():
                    if name != left_out:
                        fewer.writestr(name, archive.read(name))
            damaged.append(part.getvalue())
    told = []
    for content in damaged:
        try:
            parsed(open_table(io.BytesIO(content), FILE))
        except AuthorError as error:
            told.append(str(error))
    assert len(told) > 20
    assert all(message.startswith(f"{FILE}:1:1: ") for message in told)


def test_a_rejects_workbook_brings_every_text_back() -> None:
    """Line breaks, quotes, control characters, and what looks like an escape."""
    rows = [
        HEADER,
        ["007", "+8613800138000", "a\nb"],
        ["<&>\"'", "_x0041_", "\x01\x1f张伟"],
        ["=1+1", " x ", "1.38E+10"],
    ]
    made = io.BytesIO()
    writer = SheetWriter(made)
    for row in rows:
        writer.writerow(row)
    writer.close()
    table = open_table(made, FILE)
    assert [table.header, *(row.cells for row in table.rows())] == [tuple(row) for row in rows]


@pytest.mark.parametrize(("index", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (16383, "XFD")])
def test_letters_of_columns(index: int, letters: str) -> None:
    assert column_letters(index) == letters


NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
CLINIC = TimeColumns(ZoneInfo("Europe/Berlin"), "DE", Due("appointment", (dt.timedelta(hours=48),)), NOW)


def appointments(*cells: tuple[object, str | None], column: str = "appointment") -> list[ContactRow | RejectedRow]:
    """Rows of a sheet with one cell each, in this number format; None: a text, or a number without a format."""

    def fill(book: Any) -> None:
        page = book.add_worksheet("People")
        page.write_row(0, 0, ["external_id", "number", column])
        for line, (value, shown_as) in enumerate(cells, start=1):
            page.write_string(line, 0, f"P{line}")
            page.write_string(line, 1, f"+9998613800000{line:02}")
            page.write(line, 2, value, book.add_format({"num_format": shown_as}) if shown_as else None)

    by = CLINIC if column == "appointment" else dataclasses.replace(CLINIC, due=None)
    return list(parse_contacts(open_table(workbook(fill), FILE), "CN", ["en"], times=by))


@pytest.mark.parametrize(
    "shown_as", ["yyyy-mm-dd hh:mm", "m/d/yy h:mm AM/PM", "dd.mm.yyyy", "[$-804]yyyy年m月d日 h:mm", None]
)
def test_an_appointment_that_is_a_date_of_the_spreadsheet_comes_through_however_it_is_shown(
    shown_as: str | None,
) -> None:
    (found,) = appointments((46093.604166666664, shown_as))  # 2026-03-12 14:30
    assert isinstance(found, ContactRow)
    assert found.times.event == dt.datetime(2026, 3, 12, 13, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize("shown_as", ["yyyy-mm-dd", "m/d/yy", None])
def test_a_date_of_the_spreadsheet_without_a_time_is_a_whole_day(shown_as: str | None) -> None:
    (found,) = appointments((46093, shown_as), column="not_after")
    assert isinstance(found, ContactRow)
    assert found.times.not_after == dt.datetime(2026, 3, 12, 23, tzinfo=dt.UTC)
    (refused,) = appointments((46093, shown_as))
    assert isinstance(refused, RejectedRow)
    assert "has no time of day" in refused.reason


def test_a_time_of_day_without_a_date_is_refused_with_its_cell() -> None:
    (found,) = appointments((0.604166666664, "hh:mm"))
    assert isinstance(found, RejectedRow)
    assert found.reason.startswith('cell C2: appointment "14:30" is not a date that can be read')


def test_dates_that_a_spreadsheet_may_have_turned_are_never_imported() -> None:
    """An American program that opens a German list makes 3 May of 05/03/2026, and leaves 14/03/2026 as text."""
    turned = (46145.604166666664, "yyyy-mm-dd hh:mm")  # 2026-05-03
    with pytest.raises(AuthorError, match=r"people.xlsx:3:3: contacts/date-order .* row 2 .* nothing was imported"):
        appointments(turned, ("14/03/2026 14:30", None))
    sure = (46097.604166666664, "yyyy-mm-dd hh:mm")  # 2026-03-16
    assert [type(row) for row in appointments(turned, sure, ("14/03/2026 14:30", None))] == [ContactRow] * 3
    assert [type(row) for row in appointments(turned, ("14.03.2026 14:30", None))] == [ContactRow] * 2
