"""CSV files of every make: delimiters, quotes, places, encodings, and files that are none."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agi_app.contacts.tables.encoding import GB18030, UTF8, UTF16
from agi_app.errors import AuthorError
from agi_app.printable import unfit
from tests.unit.contacts_helpers import table

pytestmark = pytest.mark.slow  # reads many files: not part of the fast unit tests

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
NAMES = st.lists(TEXT.map(str.strip).filter(bool), min_size=2, max_size=4, unique=True).filter(
    lambda names: not names[0].startswith("\ufeff") and not any(map(unfit, names))
)
ENCODINGS = {"utf-8": UTF8, "utf-8-sig": UTF8, "gb18030": GB18030, "utf-16": UTF16}


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    """A header and rows of any text; each row begins with a letter, so that none is blank."""
    header = draw(NAMES)
    cells = st.lists(TEXT, min_size=len(header), max_size=len(header))
    rows = draw(st.lists(cells, min_size=1, max_size=5))
    return header, [["x" + row[0], *row[1:]] for row in rows]


def written(rows: list[list[str]], delimiter: str, line_end: str, quoting: int = csv.QUOTE_ALL) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    return out.getvalue()


@given(tables(), st.sampled_from(",;\t"), st.sampled_from(["\n", "\r\n"]), st.sampled_from(["utf-8", "utf-8-sig"]))
@example((["with\nline break", "b"], [["x", ""]]), ";", "\n", "utf-8")
@example((["a", "b"], [["x\r", '"'], ["x,;\t", "\n\n"]]), ";", "\r\n", "utf-8")
def test_any_text_comes_back_as_it_was_written(
    content: tuple[list[str], list[list[str]]], delimiter: str, line_end: str, encoding: str
) -> None:
    header, rows = content
    found = table(written([header, *rows], delimiter, line_end), encoding)
    assert list(found.header) == header
    assert [list(row.cells) for row in found.rows()] == rows
    assert not [row for row in found.rows() if row.fault]


@given(tables(), st.sampled_from(",;\t"))
def test_the_place_of_every_cell_is_where_it_begins_in_the_file(
    content: tuple[list[str], list[list[str]]], delimiter: str
) -> None:
    header, rows = content
    text = written([header, *rows], delimiter, "\n")
    lines = io.StringIO(text, newline="").readlines()
    for row in table(text).rows():
        for index, cell in enumerate(row.cells):
            line, column = row.position(index)
            rest = "".join(lines[line - 1 :])[column - 1 :]
            assert rest.startswith('"' + cell.replace('"', '""') + '"')


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_chinese_in_the_usual_encodings_and_delimiters(encoding: str, delimiter: str) -> None:
    text = delimiter.join(["编号", "姓名"]) + "\r\n" + delimiter.join(["P1", "赵雅静，先生"]) + "\r\n"
    found = table(text, encoding)
    assert (found.header, found.delimiter, found.encoding) == (("编号", "姓名"), delimiter, ENCODINGS[encoding])
    assert [row.cells for row in found.rows()] == [("P1", "赵雅静，先生")]


def test_a_bom_is_no_part_of_the_first_title_also_in_gb18030() -> None:
    assert table("\ufeff编号,b\n张,2\n", "gb18030").header == ("编号", "b")
    assert table('\ufeff"a",b\n1,2\n').header == ("a", "b")


def test_delimiters_inside_quotes_do_not_decide() -> None:
    assert table('"a,b,c,d";e\n1;2\n').header == ("a,b,c,d", "e")


def test_line_breaks_inside_quotes_keep_lines_and_columns_right() -> None:
    rows = list(table('a,b,c\r\n1,"two\r\nlines",3\r\n\r\n4,5,6\r\n').rows())
    assert [row.line for row in rows] == [2, 5]
    assert rows[0].cells == ("1", "two\r\nlines", "3")
    assert [rows[0].position(cell) for cell in range(3)] == [(2, 1), (2, 3), (3, 8)]


def test_blank_lines_are_skipped_and_counted() -> None:
    rows = list(table("\n\na,b\n\n , \n1,2\n,\n\n3,4").rows())
    assert [(row.line, row.cells) for row in rows] == [(6, ("1", "2")), (9, ("3", "4"))]


@pytest.mark.parametrize(
    ("row", "place", "words"),
    [
        ("1,2", (2, 4), "2 cells, the header has 3"),
        ("1,2,3,4", (2, 7), "4 cells, the header has 3"),
        ('1,"2"x,3', (2, 3), "text follows a closing quote"),
        ('1,"2,3', (2, 3), "never closed"),
    ],
)
def test_a_broken_row_says_where_and_spares_the_others(row: str, place: tuple[int, int], words: str) -> None:
    broken, good = table(f"a,b,c\n{row}\n4,5,6\n").rows()
    assert broken.fault is not None
    assert words in broken.fault.reason
    assert broken.position(broken.fault.cell) == place
    assert (good.line, good.cells, good.fault) == (3, ("4", "5", "6"), None)


def test_a_quote_that_is_never_closed_costs_one_row() -> None:
    text = 'a,b\n1,"open\n2,x\n3,"y, z"\n4,last\n'
    assert [(row.line, row.fault is None) for row in table(text).rows()] == [
        (2, False),
        (3, True),
        (4, True),
        (5, True),
    ]


@pytest.mark.parametrize(
    ("content", "rule", "place"),
    [
        (b"", "table/empty", (1, 1)),
        (b"\n\n  \n", "table/empty", (1, 1)),
        (b"\xef\xbb\xbf", "table/empty", (1, 1)),
        (b"a,,b\n1,2,3\n", "table/header-empty", (1, 3)),
        (b"a,b, a\n1,2,3\n", "table/header-duplicate", (1, 5)),
        (b'\na,"b"c\n1,2\n', "table/quote", (2, 3)),
        (b"a,b\n1,\0\n", "table/nul", (2, 3)),
        (b"PK\x03\x04rest", "table/format", (1, 1)),
        (b"\xd0\xcf\x11\xe0rest", "table/format", (1, 1)),
        ("a,b\n1,\0\n".encode("utf-16"), "table/nul", (2, 1)),
        ("a,b\n1,2\n".encode("utf-16")[:-1], "table/encoding", (2, 1)),
        ("a,b\n".encode("utf-16-le"), "table/nul", (1, 2)),
        ("a,b\n张伟李,\n".encode() + b"\xe5\xbc", "table/encoding", (3, 1)),
        (b"\xef\xbb\xbfa,b\n1,\xff\n", "table/encoding", (2, 3)),
        (b"a,b\r\ncaf\xe9,2\r\n", "table/encoding", (2, 4)),
    ],
)
def test_files_that_are_no_table_are_refused_with_a_place(content: bytes, rule: str, place: tuple[int, int]) -> None:
    with pytest.raises(AuthorError) as refused:
        table(content)
    (problem,) = refused.value.problems
    assert (problem.rule, problem.file, problem.line, problem.column) == (rule, "list.csv", *place)


def test_a_damaged_utf8_file_is_not_read_as_gb18030() -> None:
    content = "a,b\n张伟,1\n王芳,2\n".encode() + b"\xe5\xbc,3\n"
    assert content.decode("gb18030"), "it would give nonsense, not an error"
    with pytest.raises(AuthorError, match=r"4:1: table/encoding .*damaged or cut off"):
        table(content)


def test_spreadsheets_are_told_how_to_save() -> None:
    with pytest.raises(AuthorError, match=r"XLSX.*save it as \"CSV UTF-8\""):
        table(b"PK\x03\x04")


def test_a_header_without_rows_is_refused() -> None:
    with pytest.raises(AuthorError, match="header but no rows"):
        list(table("a,b\n\n").rows())


def test_bad_bytes_far_into_a_big_file_are_found_at_their_place() -> None:
    content = "a,b\n" + "张伟,1\n" * 20_000
    with pytest.raises(AuthorError) as refused:
        table(content.encode() + b"1,\xfe\n")
    assert (refused.value.problems[0].line, refused.value.problems[0].column) == (20_002, 3)
