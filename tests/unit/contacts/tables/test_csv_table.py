"""Tables with a title above the header, and with lines in two encodings."""

from __future__ import annotations

import io

import pytest

from agi_app.contacts.tables.csv_table import Table
from agi_app.errors import AuthorError

HEADER = "external_id,number,语言,name\n"


def table(*parts: bytes | str) -> Table:
    return Table(io.BytesIO(b"".join(p if isinstance(p, bytes) else p.encode() for p in parts)), "list.csv")


@pytest.mark.parametrize(
    "title", ["客户名单（2026年3月）,,,\n", "客户名单\n", "\n Patients of March \n\n", '"a, b",,,\n']
)
def test_a_title_above_the_header_is_passed_over(title: str) -> None:
    """As in a workbook; places are those in the file."""
    found = table(title, HEADER, "1,+999861380000101,zh-CN,王芳\n")
    assert found.header == ("external_id", "number", "语言", "name")
    (row,) = found.rows()
    assert (row.line, row.cells[3]) == (title.count("\n") + 2, "王芳")
    (note,) = found.notes
    assert note.endswith("looks like a title and was skipped")


@pytest.mark.parametrize("text", ["number\n+999861380000101\n", "number\nx,+999861380000101\n"])
def test_one_name_that_may_be_the_header_is_no_title(text: str) -> None:
    assert (table(text).header, table(text).notes) == (("number",), ())


def test_above_a_row_of_values_it_is_the_header_with_names_missing() -> None:
    with pytest.raises(AuthorError, match=r"list\.csv:1:6: table/header-empty column 2 has no name"):
        table("name,,\n1,+999861380000101,x\n")


UTF8, GBK = "1,+999861380000101,zh-CN,王芳\n", "2,+999861380000202,zh-CN,李强\n".encode("gbk")


@pytest.mark.parametrize(
    ("parts", "utf8", "gbk"),
    [
        ((HEADER, UTF8, GBK), 1, 3),
        (("external_id,number,language,name\n", UTF8, GBK), 2, 3),
        (("\ufeffexternal_id,number,language,name\n", GBK, "\n", UTF8), 4, 2),
        ((HEADER.encode("gbk"), GBK, UTF8), 3, 1),
        ((HEADER, UTF8, UTF8, UTF8, GBK), 1, 5),
    ],
)
def test_lines_in_two_encodings_are_both_named_and_nothing_is_read(
    parts: tuple[bytes | str, ...], utf8: int, gbk: int
) -> None:
    """Read as one of them, half of the names would be stored garbled."""
    with pytest.raises(AuthorError) as found:
        table(*parts)
    assert str(found.value).startswith(
        f"list.csv:{max(utf8, gbk)}:1: table/encoding line {utf8} is UTF-8 and line {gbk} is GBK: these are two files"
    )


def test_a_file_in_one_encoding_is_read() -> None:
    assert table(HEADER.encode("gbk"), GBK, GBK).encoding == "gb18030"
    assert table(HEADER, UTF8, UTF8).encoding == "utf-8-sig"
