"""Tables as Excel opens them: Chinese is readable, nothing is a formula, a full sheet goes on in the next one."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from agi_app.reports import table_files
from agi_app.reports.table_files import TableFormat, table_file

HOSTILE = ["=1+1", "+8613800138000", "-2", "@SUM(A1)", "\t=1", "\r=1", "＝1", '=HYPERLINK("http://x")']


def write(file: Path, form: TableFormat, *rows: list[str]) -> None:
    with table_file(file, form, ["姓名", "said"]) as table:
        table.add(rows)


def test_csv_begins_with_the_mark_that_excel_needs_for_chinese(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", TableFormat.CSV, ["王芳", 'a "quoted", word'])
    content = (tmp_path / "t.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.decode("utf-8-sig") == '姓名,said\r\n王芳,"a ""quoted"", word"\r\n'


@pytest.mark.parametrize("text", HOSTILE)
def test_a_cell_that_begins_like_a_formula_is_text_in_csv(tmp_path: Path, text: str) -> None:
    write(tmp_path / "t.csv", TableFormat.CSV, [text, "x"])
    line = (tmp_path / "t.csv").read_text("utf-8-sig").split("\n", 1)[1]
    assert line.lstrip('"').startswith("'")


def test_no_cell_of_a_workbook_is_a_formula_or_a_number(tmp_path: Path) -> None:
    write(tmp_path / "t.xlsx", TableFormat.XLSX, *([text, "0123"] for text in HOSTILE))
    sheet = CalamineWorkbook.from_path(tmp_path / "t.xlsx").get_sheet_by_index(0).to_python()
    assert [row[1] for row in sheet[1:]] == ["0123"] * len(HOSTILE)
    assert [str(row[0]).lstrip() for row in sheet[1:]] == [text.lstrip() for text in HOSTILE]
    with zipfile.ZipFile(tmp_path / "t.xlsx") as archive:
        xml = archive.read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in xml
    assert b"<hyperlink" not in xml
    assert b'<c r="A2"><v>' not in xml


def test_a_full_sheet_goes_on_in_the_next_with_its_titles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_files, "ROWS_A_SHEET", 2)
    write(tmp_path / "t.xlsx", TableFormat.XLSX, *([str(n), "x"] for n in range(5)))
    book = CalamineWorkbook.from_path(tmp_path / "t.xlsx")
    sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    assert [[row[0] for row in sheet] for sheet in sheets] == [["姓名", "0", "1"], ["姓名", "2", "3"], ["姓名", "4"]]


def test_a_text_that_no_cell_holds_says_that_it_was_cut(tmp_path: Path) -> None:
    write(tmp_path / "t.xlsx", TableFormat.XLSX, ["字" * 40_000, "x"])
    shown = str(CalamineWorkbook.from_path(tmp_path / "t.xlsx").get_sheet_by_index(0).to_python()[1][0])
    assert len(shown) == table_files.LONGEST_CELL
    assert "40000 characters, cut here" in shown


def test_json_has_an_object_a_line(tmp_path: Path) -> None:
    write(tmp_path / "t.jsonl", TableFormat.JSON, ["王芳", "=1\n2"])
    (line,) = (tmp_path / "t.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line) == {"姓名": "王芳", "said": "=1\n2"}
