"""Do-not-call lists of others: every shape they come in, in one pass, with little memory."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from agi_app.campaigns.calling_rules.rule_files import load_ruleset
from agi_app.contacts.do_not_call_file import ListFile, plain_e164
from agi_app.errors import AuthorError, InputError
from agi_app.operations.people.do_not_call_lists import refuse_misspelt

US = ["+12015550101", "+12125550102"]


@pytest.mark.parametrize(
    ("content", "region", "numbers"),
    [
        ("2015550101\n2125550102\n", "US", US),
        ("201,5550101\n212,5550102\n", "US", US),
        ("+1 201 555 0101\r\n(212) 555-0102\r\n", "US", US),
        ("12015550101\n0012125550102\n", "US", US),
        ("\ufeffPhone Number,Date\n2015550101,2026-01-01\n2125550102,\n", "US", US),
        ("name;number\nA;2015550101\n\n# comment\nB;2125550102 # why\n", "US", US),
        ('"2015550101"\n"2125550102"\n', "US", US),
        ("07700900123\n02079460001\n", "GB", ["+447700900123", "+442079460001"]),
        ("+999861380000001\n999861380000002\n", "CN", ["+999861380000001", "+999861380000002"]),
        ("号码\n13800000000\n008613800000001\n", "CN", ["+8613800000000", "+8613800000001"]),
    ],
)
def test_the_shapes_of_lists(content: str, region: str, numbers: list[str], tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_bytes(content.encode())
    found = ListFile(file, region)
    assert list(found.numbers()) == numbers
    assert (found.lines, found.unreadable, found.problems) == (2, 0, [])
    assert found.sha256 == hashlib.sha256(content.encode()).hexdigest()


def test_a_few_bad_lines_are_named_with_hidden_digits(tmp_path: Path) -> None:
    """A list of a register has thousands of good ones; each bad line is told, no number in whole."""
    file = tmp_path / "list.txt"
    file.write_text("2015550101\n" * 400 + "12345678901234567890\n" + "2125550102\n" * 400, "utf-8")
    found = ListFile(file, "US")
    assert len(list(found.numbers())) == 800
    (problem,) = found.problems
    assert (problem.line, found.unreadable) == (401, 1)
    assert "12345678901234567890" not in str(problem)


def test_a_file_of_something_else_is_refused_as_a_whole(tmp_path: Path) -> None:
    """A wrong country or a wrong file must not pass for a list that is nearly empty."""
    file = tmp_path / "list.txt"
    file.write_text("hello\n" * 5 + "7\n" * 95 + "2015550101\n", "utf-8")
    found = ListFile(file, "US")
    with pytest.raises(AuthorError, match="Is this the right file"):
        list(found.numbers())
    with pytest.raises(InputError, match="no such file"):
        list(ListFile(tmp_path / "none.txt", "US").numbers())


def test_progress_is_told_in_bytes(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text("2015550101\n" * 25_000, "utf-8")
    seen: list[tuple[int, int]] = []
    assert sum(1 for _ in ListFile(file, "US").numbers(lambda *at: seen.append(at))) == 25_000
    assert seen == [(110_000, 275_000), (220_000, 275_000)]


@pytest.mark.parametrize("text", ["", "abc", "12", "+", "2015550101x5", "٣"])
def test_what_is_no_number(text: str) -> None:
    assert plain_e164(text, "US") is None


@pytest.mark.attack("row 21: a register's line with two numbers, of which one binds")
@pytest.mark.parametrize(
    "line",
    [
        "2015550101,2125550102",
        "2015550101;2125550102",
        "2015550101 / 2125550102",
        "2015550101/2125550102",
        "2015550101、2125550102",
        "2015550101|2125550102",
        "+12015550101 +12125550102",
        "2015550101 or 2125550102",
        '"2015550101, 2125550102"',
        "2015550101,by letter,2125550102",
    ],
)
@pytest.mark.parametrize("before", ["", "2035550100\n", "number\n"])
def test_a_line_with_two_numbers_binds_both(before: str, line: str, tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text(before + line + "\n", "utf-8")
    found = ListFile(file, "US")
    assert [number for number in found.numbers() if number != "+12035550100"] == US
    assert found.unreadable == 0


@pytest.mark.attack("row 21: a register's line with two numbers, of which one binds")
@pytest.mark.parametrize("cell", ["2015550101 / 2125550102", "2015550101;2125550102", '"2015550101, 2125550102"'])
def test_a_cell_of_a_table_with_two_numbers_binds_both(cell: str, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(f"phone,ticket\n2035550100,2015550103\n{cell},2015550104\n", "utf-8")
    assert list(ListFile(file, "US").numbers()) == ["+12035550100", *US]


def test_a_second_column_of_numbers_binds_too(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("name,phone,mobile,since\nA,2015550101,2125550102,2026-01-05\nB,2035550100,,\n", "utf-8")
    assert list(ListFile(file, "US").numbers()) == [*US, "+12035550100"]


@pytest.mark.attack("row 22: letters taken for the digits of a telephone's keys")
@pytest.mark.parametrize("text", ["201FLOWERS", "1-800-FLOWERS", "+1201FLOWERS", "2015550101x5", "201555010/1"])
def test_letters_of_a_list_are_never_taken_for_digits(text: str, tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text("2035550100\n" * 200 + text + "\n", "utf-8")
    found = ListFile(file, "US")
    assert set(found.numbers()) == {"+12035550100"}
    assert (found.unreadable, found.problems[0].line) == (1, 201)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("number,purpose,wording\n07700900123,survey,Yes\n", "a file of consents: `agi-app consent import` takes it"),
        ("号码,用途,同意内容\n07700900123,survey,Yes\n", "a file of consents: `agi-app consent import` takes it"),
        ("external_id,number\n1,07700900123\n", "a file of contacts: `agi-app contacts import` takes it"),
        ("RIFF\x24\x00\x00\x00WAVEfmt \n", "this is a WAV recording; a list is text: one number on each line"),
        (
            "id,mobile no\nA7,07700900123\n",
            'the first was read, "id"; the numbers seem to be in "mobile no": rename that column to number',
        ),
    ],
)
def test_a_file_of_another_kind_is_named(content: str, said: str, tmp_path: Path) -> None:
    """People who agreed must not pass for the register of those who must not be called: it would seem fresh."""
    (tmp_path / "list.txt").write_text(content, "utf-8")
    with pytest.raises(AuthorError) as caught:
        list(ListFile(tmp_path / "list.txt", "GB").numbers())
    assert "list.txt:1:1: list/unreadable " in str(caught.value)
    assert said in str(caught.value)


def test_the_column_that_was_taken_for_the_numbers_is_known(tmp_path: Path) -> None:
    for header, taken in (("account,amount", "account"), ("number,amount", ""), ("any words", "")):
        (tmp_path / "list.txt").write_text(f"{header}\n07700900123,2000000000\n", "utf-8")
        found = ListFile(tmp_path / "list.txt", "GB")
        assert "+447700900123" in list(found.numbers())
        assert found.taken == taken


@pytest.mark.parametrize(
    ("name", "region", "said"),
    [
        ("gb-tsp", "GB", 'gb-tsp: no rule of GB names this list; did you mean "gb-tps"? Nothing was imported.'),
        ("us-national-dcn", "US", 'did you mean "us-national-dnc"?'),
        ("gb-tps", "US", "--region US: the list gb-tps is of GB: write --region GB"),
    ],
)
def test_a_misspelt_list_is_refused_since_the_right_one_would_stay_old(name: str, region: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        refuse_misspelt(name, region, load_ruleset(None))
    assert said in str(caught.value)


def test_a_list_of_ones_own_is_taken() -> None:
    for name, region in (("office", "GB"), ("cn-list", "CN")):
        refuse_misspelt(name, region, load_ruleset(None))
