"""Whatever stands in the cells of a file: each row is taken or told, never a traceback, never a wrong number."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agi_app.contacts.columns import RejectedRow
from agi_app.contacts.contacts_file import parse_contacts
from agi_app.contacts.tables.opening import open_table
from agi_app.contacts.tables.xlsx_writer import SheetWriter
from agi_app.errors import AuthorError
from agi_app.model.person import ContactRow

pytestmark = pytest.mark.slow  # reads many files: not part of the fast unit tests

NASTY = [
    *("", " ", "\u00a0", "\u3000", "\ufeff", "\u200b", "\x01", "\x7f", "\u202e", "\ud7ff", "\n", "\r\n", "\t"),
    *("0", "-1", "1e999", "1.38E+10", "NaN", "#N/A", "NULL", "None", "=1+1", "@SUM(A1)", "2026-01-05", "true"),
    *("'", '"', '""', ",", ";", "{{x}}", "%s", "\\", "\\N", "O'Brien", "张伟", "😀", "é", "e\u0301", "a" * 5000),
    *("𝟙𝟛𝟠", "٠١٢٣٤", "１３８００１３８０００", "+999861380000001", "00999861380000001", "tel:+999861380000001"),
    *("+999861380000001;ext=5", "999861380000001.0", "13800138000/13900139000", "138 0013 8000"),
    *("+86", "+", "00", "++8613800138000", "+" * 300, "1" * 300),
]
CELL = st.one_of(st.sampled_from(NASTY), st.text(st.characters(exclude_categories=["Cs"]), max_size=8))
ROWS = st.lists(st.lists(CELL, min_size=2, max_size=5), min_size=1, max_size=4)
HEADER = ["external_id", "number", "language", "name"]


def judge(content: bytes) -> int:
    """Read it as an import does; returns how many rows were taken or told."""
    seen = 0
    try:
        for row in parse_contacts(open_table(io.BytesIO(content), "list"), "CN", ["zh-CN", "en"]):
            seen += 1
            if isinstance(row, ContactRow):
                assert re.fullmatch(r"\+[1-9][0-9]{6,14}", row.number)
                assert row.external_id == row.external_id.strip() != ""
            else:
                assert isinstance(row, RejectedRow)
                assert row.reason
                assert row.line >= 2
                assert row.column >= 1
                assert "\n" not in str(row.problem("list"))
    except AuthorError:
        pass  # the file as a whole was refused, in words
    return seen


@given(ROWS, st.sampled_from(",;\t"), st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]), st.booleans())
@example([["P1", "1" * 300]], ",", "utf-8", False)
def test_nasty_cells_in_text(rows: list[list[str]], delimiter: str, encoding: str, quoted: bool) -> None:
    """Well quoted, or just joined as careless programs do."""
    out = io.StringIO(newline="")
    if quoted:
        csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([HEADER, *rows])
    else:
        out.write("\n".join(delimiter.join(row) for row in [HEADER, *rows]) + "\n")
    judge(out.getvalue().encode(encoding))


@given(ROWS)
def test_nasty_cells_in_a_workbook(rows: list[list[str]]) -> None:
    """No row gets lost there."""
    out = io.BytesIO()
    writer = SheetWriter(out)
    for row in [HEADER, *rows]:
        writer.writerow(row)
    writer.close()
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    assert judge(out.getvalue()) == len(filled)


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"\xff\xfe", b"\xef\xbb\xbf", b"PK\x03\x04", b"external_id,number\n"]),
)
def test_any_bytes_at_all(content: bytes, start: bytes) -> None:
    """Also what is no file of ours."""
    judge(start + content)
