"""Stop lists: every number that can be read counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from agi_app.contacts.importer import read_stop_list_file
from agi_app.contacts.stop_file import parse_stop_list
from agi_app.errors import AuthorError, InputError

LIST = """\ufeff电话,备注
# asked by letter
+999861380000001
"+99986 138 0000 002",called us

  +447700900123   # by mail
+999861380000001;again
"""


def test_numbers_come_once_whatever_stands_beside_them(tmp_path: Path) -> None:
    path = tmp_path / "stop.csv"
    path.write_text(LIST, encoding="utf-8")
    found = read_stop_list_file(path)
    assert found.numbers == ("+999861380000001", "+999861380000002", "+447700900123")
    assert found.problems == ()


def test_lines_that_are_no_number_are_told_and_spare_the_others() -> None:
    found = parse_stop_list(["+447700900123\n", "  nobody\n", ",x\n", "07700 900124\n"], "stop.txt")
    assert found.numbers == ("+447700900123",)
    assert [(problem.line, problem.column) for problem in found.problems] == [(2, 3), (3, 1), (4, 1)]
    assert str(found.problems[0]).startswith('stop.txt:2:3: stop-list/number "nobody" ')
    assert "900124" not in found.problems[2].message


def test_the_region_reads_local_numbers() -> None:
    assert parse_stop_list(["07700 900124"], "stop.txt", "GB").numbers == ("+447700900124",)


def test_files_that_cannot_be_read_are_the_users_fault(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_stop_list_file(tmp_path / "absent.txt")
    with pytest.raises(InputError, match="this is a folder"):
        read_stop_list_file(tmp_path)
    (tmp_path / "book.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(AuthorError, match="XLSX"):
        read_stop_list_file(tmp_path / "book.xlsx")


A, B = "+999861380000001", "+999861380000002"


@pytest.mark.attack("row 21: a stop list's line with two numbers, of which one is stopped")
@pytest.mark.parametrize(
    "line",
    [
        f"{A} / {B}",
        f"{A};{B}",
        f"{A}; {B}",
        f"{A},{B}",
        f"{A}\t{B}",
        f"{A}、{B}",
        f"{A}；{B}",
        f"{A}，{B}",
        f"{A}和{B}",
        f"{A} 或 {B}",
        f"{A} and {B}",
        f"{A} or {B}",
        f"{A} {B}",
        f"{A}{B}",
        f'"{A}, {B}"',
        f'"{A}";"{B}"',
        f'"{A}" {B}',
        f"{A},by letter,{B}",
        f"{A}|{B} # by letter",
        "＋９９９８６１３８００００００１／＋９９９８６１３８００００００２",
    ],
)
def test_a_line_with_two_numbers_stops_both(line: str) -> None:
    found = parse_stop_list([line + "\n"], "stop.txt")
    assert (found.numbers, found.problems) == ((A, B), ())


@pytest.mark.attack("row 21: a second number of a line that is passed over in silence")
@pytest.mark.parametrize(
    ("line", "column", "why"),
    [
        (f"{A} / 13900139000", 20, "country code"),
        (f"{A};13900139000", 18, "country code"),
        (f"{A},1390013900013900", 18, "country code"),
        (f"{A} # and {B}", 24, "in a comment"),
        (f"{A} 转5", 1, "extension"),
        (f"{A} ext 5", 1, "extension"),
        (f"{A}#5", 1, "extension"),
        (f"{A}#{B}", 1, "#"),
        ("1-800-FLOWERS", 1, "letters"),
    ],
)
def test_what_may_be_a_number_and_is_not_stopped_is_told_with_its_place(line: str, column: int, why: str) -> None:
    found = parse_stop_list([line + "\n"], "stop.txt")
    (problem,) = found.problems
    assert (problem.line, problem.column, found.unreadable) == (1, column, 1)
    assert why in problem.message
    assert found.numbers in ((A,), ())


def test_a_title_line_says_which_cells_are_numbers() -> None:
    lines = ["phone,手机,ticket,called from\n", f"{A},{B},20260301123456,\n", f"{A},,,{B}\n"]
    found = parse_stop_list(lines, "stop.txt")
    assert found.numbers == (A, B)
    (problem,) = found.problems
    assert (problem.line, problem.column) == (3, 20)
    assert "called from" in problem.message


@pytest.mark.parametrize("beside", ["2026-01-05", "2026-01-05T12:00:00+08:00", "2026/1/5 12:00", "12345", "Ann, 3"])
def test_days_and_short_figures_beside_a_number_are_no_numbers(beside: str) -> None:
    found = parse_stop_list([f"{A},{beside}\n"], "stop.txt")
    assert (found.numbers, found.problems) == ((A,), ())
