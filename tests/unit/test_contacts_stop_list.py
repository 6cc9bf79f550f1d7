"""Stop lists: every number that can be read counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from agi_app.contacts.importer import read_stop_list_file
from agi_app.contacts.stop_list import parse_stop_list
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
