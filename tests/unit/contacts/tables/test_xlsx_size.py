"""A workbook's size is known before it is read."""

from __future__ import annotations

import io
import zipfile

import pytest

from agi_app.contacts.tables.xlsx_size import SMALL, TooLarge, check_size, is_workbook


def book(sheet: bytes) -> io.BytesIO:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
    return made


def test_a_small_file_that_unpacks_to_much_is_refused() -> None:
    assert is_workbook(book(b"<row/>"))
    check_size(book(b"<row/>"))
    with pytest.raises(TooLarge, match="unpacks to more than"):
        check_size(book(b" " * (3 * SMALL)))


def test_one_cell_far_to_the_right_and_below_is_refused() -> None:
    with pytest.raises(TooLarge):
        check_size(book(b'<row r="900000"><c r="XFD900000"/></row>'))


def test_no_workbook() -> None:
    assert not is_workbook(io.BytesIO(b"external_id,number\n"))
    with pytest.raises(ValueError, match="zip"):
        check_size(io.BytesIO(b"external_id,number\n"))
