"""Complaints with every fault beside a readable number: the person who complains is not called again, whatever becomes
of the case."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import xlsxwriter

from tests.forked_commands import Done
from tests.strangers.shop import ANN, BEN, LI, WANG, Shop, clean_environment

pytestmark = pytest.mark.postgres

AWAY = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none?connect_timeout=2"}
PEOPLE = {"C1": ANN, "C2": WANG, "C3": BEN}  # who agreed, and would be called
TITLES = "number,text,time,source,campaign"
GOOD = f"{BEN},three calls in one evening,2026-03-02T20:00:00+08:00,e-mail,reminder"
STRANGER = "+999861380007301"

# One fault a row, beside a number that can be read.
FAULTS = {
    "a campaign that does not exist": "{number},angry,,,april",
    "a campaign written in capitals": "{number},angry,,,REMINDER",
    "a campaign with a line break in it": '{number},angry,,,"reminder\nreminder"',
    "a campaign in Chinese": "{number},angry,,,三月提醒",
    "no text": "{number},,,,",
    "a blank text": '{number},"   ",,,',
    "a text that nobody sees": "{number},\u200b\u200b\u2060,,,",
    "a text with an override of direction": "{number},an\u202egry,,,",
    "a text of a hundred thousand characters": "{number}," + "angry " * 17_000 + ",,,",
    "a text with an escape": "{number},\x1b[2Jangry,,,",
    "a time in words": "{number},angry,yesterday evening,,",
    "a time to come": "{number},angry,2099-01-01T10:00:00+08:00,,",
    "a time some seconds to come": "{number},angry,2026-03-03T10:30:00+08:00,,",
    "a time without an offset": "{number},angry,2026-03-02T20:00:00,,",
    "a day that does not exist": "{number},angry,2026-02-30T10:00:00+08:00,,",
    "an hour that does not exist": "{number},angry,2026-03-02T25:00:00+08:00,,",
    "the year one": "{number},angry,0001-01-01T00:00:00+14:00,,",
    "a year of six digits": "{number},angry,202603-01-01T00:00:00+08:00,,",
    "an offset of a hundred hours": "{number},angry,2026-03-02T20:00:00+99:00,,",
    "a date as a spreadsheet counts": "{number},angry,46083.5,,",
    "a source that nobody sees": "{number},angry,,\u200b,",
    "all at once": "{number},,yesterday,\u200b,april",
}
CELLS = {
    "an empty cell too many": "{number},angry,,,reminder,",
    "two cells too many": "{number},angry,,,reminder,more,and more",
    "a comma in the text": "{number},angry, very angry,,,reminder",
    "too few cells": "{number},angry",
    "the number alone": "{number}",
}
DAMAGED = {
    "a NUL": "{number},an\x00gry,,,",
    "half a surrogate": "{number},angry,\ud83d,,",
    "a line longer than any may be": "{number}," + "a" * 1_100_000 + ",,,",
}


def _still_called(shop: Shop) -> set[str]:
    """Who of the three would be called now."""
    refused = shop.refusals("reminder")
    return {number for contact, number in PEOPLE.items() if contact not in refused}


def _cases(shop: Shop) -> list[dict[str, Any]]:
    """All cases."""
    said = shop.ok("complaint", "list", "--json").json
    return list(said if isinstance(said, list) else said.get("cases", said.get("complaints")))


def _import(shop: Shop, *rows: str, titles: str = TITLES, more: tuple[str, ...] = (), end: str = "\n") -> Done:
    """Import a file of these complaints."""
    text = end.join([titles, *rows, ""])
    file = shop.write("complaints.csv", text.encode("utf-8", "surrogatepass"))
    return shop.cli("complaint", "import", str(file), *more)


def _whole_numbers(said: str) -> list[str]:
    """Whole numbers of our people in what was said."""
    packed = re.sub(r"[^0-9]", "", said)
    return [number for number in (ANN, WANG, BEN, LI, STRANGER) if number[1:] in packed]


def _crowd(shop: Shop, count: int) -> list[str]:
    """People of a campaign of their own, who agreed and would be called."""
    numbers = [f"+99986137{n * 37 % 10_000:04d}{n % 10}01" for n in range(count)]
    shop.campaign("crowd")
    shop.consent(*numbers)
    shop.contacts("crowd", *numbers)
    shop.ok("campaign", "start", "crowd")
    assert shop.preview("crowd")["allowed"] == count
    return numbers


def _start(shop: Shop, *argv: str) -> subprocess.Popen[str]:
    """A command as a process of its own."""
    words = [str(Path(sys.executable).with_name("agi-app")), *argv]
    return subprocess.Popen(
        words,
        cwd=shop.folder,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - a test run in the background ignores it
    )


def _until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.attack("a row of a file of complaints with a fault beside a readable number, and a call to that person")
def test_whoever_stands_in_a_faulty_row_is_not_called_again(shop: Shop, fault: str) -> None:
    """docs/how-to/complaints.md: "A row with a fault opens no case and is named with its line; the others count …
    no number that could be read is called again"."""
    done = _import(shop, FAULTS[fault].format(number=WANG), GOOD)
    assert _still_called(shop) == {ANN}, done
    cases = len(_cases(shop))
    assert (done.code, cases) in ((1, 1), (0, 2)), done  # a fault opens none; what is no fault opens one
    assert done.code == 0 or "complaints.csv:2" in done.said
    assert _whole_numbers(done.said) == []
    assert "Traceback" not in done.said


@pytest.mark.parametrize("cells", CELLS)
@pytest.mark.attack("a row of a file of complaints with too many or too few cells, and a call to that person")
def test_whoever_stands_in_a_row_of_another_length_is_not_called_again(shop: Shop, cells: str) -> None:
    """docs/how-to/complaints.md: "no number that could be read is called again", which the command says, too."""
    done = _import(shop, CELLS[cells].format(number=WANG), GOOD)
    assert (done.code, len(_cases(shop))) in ((1, 1), (0, 2)), done
    assert done.code == 0 or "complaints.csv:2" in done.said
    assert _still_called(shop) == {ANN}, done


@pytest.mark.parametrize("damage", DAMAGED)
@pytest.mark.attack("one damaged row in a file of complaints, and calls to those in the sound rows around it")
def test_a_damaged_file_takes_nothing_and_says_so(shop: Shop, damage: str) -> None:
    """docs/how-to/complaints.md: "If the file cannot be read as a whole … nothing is imported, and the message says
    so"."""
    done = _import(shop, f"{ANN},angry,,,", DAMAGED[damage].format(number=WANG), GOOD)
    assert "Traceback" not in done.said
    assert done.code == 1
    assert "complaints.csv:3" in done.said
    assert _still_called(shop) == {ANN, WANG, BEN}
    assert "NO STOP TAKEN" in done.said


@pytest.mark.parametrize(
    "campaign", ["april", "Reminder", "reminder.yaml", "../reminder", "", " ", "三月", "a\nb", "%", "r" * 5_000]
)
@pytest.mark.attack("a complaint by hand about a campaign that does not exist, and a call to that person")
def test_whoever_complains_about_an_unknown_campaign_is_not_called_again(shop: Shop, campaign: str) -> None:
    """docs/how-to/complaints.md: "A person who complains is not called again. The stop is taken first, as final as any
    other"."""
    done = shop.cli("complaint", "add", ANN, "--text", "angry", "--campaign", campaign)
    assert _still_called(shop) == {WANG, BEN}, done
    assert (done.code, len(_cases(shop))) in ((1, 0), (0, 1)), done
    assert done.code == 1 or not campaign.strip()
    assert _whole_numbers(done.said) == []


OPTIONS = {
    "no text": ("--text", ""),
    "a blank text": ("--text", "  "),
    "a text that nobody sees": ("--text", "\u200b"),
    "a text with an override of direction": ("--text", "an\u202egry"),
    "a time in words": ("--text", "t", "--at", "yesterday"),
    "a time to come": ("--text", "t", "--at", "2099-01-01T10:00:00+08:00"),
    "a time without an offset": ("--text", "t", "--at", "2026-03-02T20:00:00"),
    "a day that does not exist": ("--text", "t", "--at", "2026-02-30T10:00:00+08:00"),
    "the year one": ("--text", "t", "--at", "0001-01-01T00:00:00+14:00"),
    "evidence that is not there": ("--text", "t", "--evidence-file", "nowhere.pdf"),
    "evidence that is a folder": ("--text", "t", "--evidence-file", "campaigns"),
    "evidence with a name of the wrong kind": ("--text", "t", "--evidence-file", "a\u202eb.pdf"),
    "evidence with a name that is too long": ("--text", "t", "--evidence-file", "n" * 230 + ".pdf"),
    "a source that nobody sees": ("--text", "t", "--source", "\u200b"),
    "a blank source": ("--text", "t", "--source", " "),
    "two faults": ("--text", "", "--campaign", "april"),
}


@pytest.mark.parametrize("fault", OPTIONS)
@pytest.mark.attack("a complaint by hand with a fault in an option beside a readable number")
def test_whoever_complains_is_not_called_again_though_an_option_is_wrong(shop: Shop, fault: str) -> None:
    """docs/how-to/complaints.md: "A person who complains is not called again. The stop is taken first, as final as any
    other"."""
    for name in ("a\u202eb.pdf", "n" * 230 + ".pdf"):
        shop.write(name, "a letter")
    done = shop.cli("complaint", "add", ANN, *OPTIONS[fault])
    cases = len(_cases(shop))
    assert "Traceback" not in done.said
    assert (cases == 1) == (done.code == 0), done
    assert _whole_numbers(done.said) == []
    assert _still_called(shop) == {WANG, BEN}, done


TITLE_ROWS = {
    "Chinese": "号码,内容,时间,来源,活动",
    "both languages": "number,内容,time,来源,campaign",
    "capitals and blanks": " Number , TEXT ,Time,Source,Campaign",
    "another word for the number": "手机号,text,time,source,campaign",
    "phone": "phone,text,time,source,campaign",
    "in quotes": '"number","text","time","source","campaign"',
    "a mark of the byte order": "\ufeffnumber,text,time,source,campaign",
}


@pytest.mark.parametrize("titles", TITLE_ROWS)
@pytest.mark.attack("a faulty row under titles in another language or spelling")
def test_titles_in_either_language_lose_nobody(shop: Shop, titles: str) -> None:
    """docs/how-to/complaints.zh-CN.md: "（中文标题：号码、内容、时间、来源、活动）。
    有错的行不立案，并指出行号；其余照常"."""
    done = _import(
        shop,
        f"{WANG},别再打了,,,四月",
        f"{ANN},,昨天,,",
        GOOD,
        titles=TITLE_ROWS[titles],
    )
    assert "Traceback" not in done.said
    assert _still_called(shop) == set(), done
    assert (done.code, len(_cases(shop))) == (1, 1), done


COLUMNS = {
    "a column that is not known": ("number,text,until", "{number},angry,2027-01-01"),
    "a misspelt column": ("number,text,campain", "{number},angry,reminder"),
    "a column without a title": ("number,text,", "{number},angry,note"),
    "the text twice": ("number,text,text", "{number},angry,angrier"),
    "no column for the text": ("number,time", "{number},2026-03-02T20:00:00+08:00"),
    "the number alone": ("number", "{number}"),
    "the name and the number": ("name,number,text", "Ann,{number},angry"),
}


@pytest.mark.parametrize("columns", COLUMNS)
@pytest.mark.attack("a file of complaints with a column too many, or without its text")
def test_a_column_too_many_or_too_few_lets_nobody_be_called_again(shop: Shop, columns: str) -> None:
    """docs/how-to/complaints.md: "no number that could be read is called again"; CHANGELOG.md: "`complaint import`
    takes the stop of every row whose number can be read, also where the row opens no case"."""
    titles, row = COLUMNS[columns]
    done = _import(shop, row.format(number=WANG), row.format(number=BEN), titles=titles)
    assert "Traceback" not in done.said
    assert _whole_numbers(done.said) == []
    cases = len(_cases(shop))
    assert (done.code, cases) in ((0, 2), (1, 0), (1, 1), (1, 2)), done
    assert _still_called(shop) == {ANN} or (done.code == 1 and "NO STOP TAKEN" in done.said), done


@pytest.mark.parametrize("beside", [False, True], ids=["within the table", "a value beside the table"])
@pytest.mark.attack("a workbook whose cells are dates, errors, formulas and numbers, and the people in its rows")
def test_faults_in_a_workbook_let_nobody_be_called_again(shop: Shop, beside: bool) -> None:
    """docs/how-to/complaints.md: "You can also import a list, CSV or XLSX … A row with a fault opens no case and is
    named with its line; the others count"."""
    numbers = _crowd(shop, 8)
    held = io.BytesIO()
    with xlsxwriter.Workbook(held) as book:
        hidden = book.add_worksheet("old")
        sheet = book.add_worksheet("complaints")
        hidden.hide()
        sheet.activate()
        sheet.set_first_sheet()
        day = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet.merge_range(0, 0, 0, 4, "Complaints of March")
        sheet.write_row(1, 0, ["号码", "text", "time", "source", "campaign"])
        for row, number in enumerate(numbers, 2):
            sheet.write_string(row, 0, number)
            if row != 5:
                sheet.write_string(row, 1, "angry")
        sheet.write_datetime(2, 2, datetime(2099, 1, 1, 10), day)  # noqa: DTZ001 - a cell has no zone
        sheet.write_formula(3, 1, "=NA()", value="#N/A")
        sheet.write_string(4, 4, "april")
        sheet.write_boolean(6, 2, True)
        sheet.write_number(7, 2, 46_083.5)
        sheet.write_string(8, 5 if beside else 3, "by letter")
        sheet.write_string(9, 2, "yesterday")
    done = shop.cli("complaint", "import", str(shop.write("complaints.xlsx", held.getvalue())))
    assert shop.preview("crowd")["allowed"] == 0, done
    assert _still_called(shop) == {ANN, WANG, BEN}
    assert done.code == 1
    for row in (4, 5, 6, 10):  # the formula, the campaign, the text, the time in words
        assert f"complaints.xlsx:{row}" in done.said, done
    assert (0 if beside else 1) <= len(_cases(shop)) <= 4  # a column without a title is a fault of every row
    assert [number for number in numbers if number[1:] in done.said] == []


@pytest.mark.parametrize("order", ["faulty first", "faulty last", "faulty twice", "good twice", "two spellings"])
@pytest.mark.attack("two rows of the same number, of which one or both have a fault")
def test_two_complaints_of_one_person_stop_the_calls_and_open_what_is_sound(shop: Shop, order: str) -> None:
    """docs/how-to/complaints.md: "A row with a fault opens no case and is named with its line; the others count"."""
    good, faulty = f"{WANG},angry,,,", f"{WANG},angry,,,april"
    rows, cases = {
        "faulty first": ((faulty, good), 1),
        "faulty last": ((good, faulty), 1),
        "faulty twice": ((faulty, f"{WANG},,,,"), 0),
        "good twice": ((good, f"{WANG},and once more,,,"), 2),
        "two spellings": (("00999 86 (138) 000-1202,angry,,,", "＋９９９８６１３８０００１２０２,,,,"), 1),
    }[order]
    done = _import(shop, *rows)
    assert _still_called(shop) == {ANN, BEN}, done
    assert len(_cases(shop)) == cases, done
    assert (done.code == 0) == (order == "good twice"), done
    assert shop.verify()["ok"]


UNREADABLE = [
    "",
    "abc",
    "12",
    "anonymous",
    "+999",
    "++",
    "0",
    "+1",
    f"{ANN} ext 5",
    f"{ANN}x5",
    "+99986138000１x",
    "1.38E+10",
    "#N/A",
    "=1+1",
    "\u200b",
    "+999861380001101999999",
]


@pytest.mark.parametrize("place", ["first", "between", "last"])
@pytest.mark.attack("rows whose number cannot be read, and those of others around them")
def test_an_unreadable_number_keeps_nobody_else_from_being_stopped(shop: Shop, place: str) -> None:
    """docs/how-to/complaints.md: "A row with a fault opens no case and is named with its line; the others count"."""
    bad = [f"{number},angry,,," for number in UNREADABLE]
    rows = {
        "first": [*bad, f"{WANG},angry,,,april", GOOD],
        "between": [f"{WANG},,,,", *bad, GOOD],
        "last": [f"{WANG},angry,yesterday,,", GOOD, *bad],
    }[place]
    done = _import(shop, *rows)
    assert "Traceback" not in done.said
    assert done.code == 1
    assert not {WANG, BEN} & _still_called(shop), done
    assert len(_cases(shop)) == 1, done
    unnamed = [
        row for row in range(2, len(rows) + 2) if rows[row - 2] != GOOD and f"complaints.csv:{row}" not in done.said
    ]
    assert unnamed == [], done
    assert _whole_numbers(done.said) == []


@pytest.mark.parametrize("between", [" / ", ";", "、", " or ", " 或 "])
@pytest.mark.attack("two numbers in one cell of a file of complaints, of which one is called again without a word")
def test_two_numbers_in_a_cell_are_stopped_or_named(shop: Shop, between: str) -> None:
    """docs/explanation/safety.md: "A line of a list with two numbers stops both. Text that may be a number but is not
    stopped is reported with its place"."""
    done = _import(shop, f'"{ANN}{between}{WANG}",angry,,,', GOOD)
    still = _still_called(shop)
    assert BEN not in still
    assert not still & {ANN, WANG} or (done.code == 1 and "complaints.csv:2" in done.said), done
    assert _whole_numbers(done.said) == []


WRONG_CELLS = {
    "in the campaign": f"{WANG},angry,,,{WANG}",
    "in the campaign, in groups": f"{WANG},angry,,,{WANG[:4]} {WANG[4:6]} {WANG[6:9]} {WANG[9:]}",
    "in the time": f"{WANG},angry,{WANG},,",
    "in the source": f"{WANG},,,{WANG},",
    "in the text": f"angry,{WANG},,,",
    "twice": f"{WANG} {WANG},angry,,,",
    "with an extension": f"{WANG}ext9,angry,,,",
    "with a name": f"王芳 {WANG[1:]},angry,,,",
    "in groups": f"{WANG[:8]} {WANG[8:12]}-{WANG[12:]},angry,2099-01-01T00:00:00Z,,",
    "of a stranger": f"{STRANGER},angry,tomorrow,,",
}


@pytest.mark.parametrize("where", WRONG_CELLS)
@pytest.mark.attack("whole numbers in what is said of faulty complaints, also where a number stands in the wrong cell")
def test_nobody_reads_a_whole_number_in_the_messages(shop: Shop, where: str) -> None:
    """docs/explanation/safety.md: "Logs and errors mask numbers"."""
    for more in ((), ("--json",), ("--no-stop",)):
        done = _import(shop, WRONG_CELLS[where], more=more)
        assert done.code == 1
        assert _whole_numbers(done.said) == [], done


@pytest.mark.parametrize("option", ["--campaign", "--at", "--evidence-file"])
@pytest.mark.attack("a number behind the wrong option of a complaint by hand")
def test_nobody_reads_a_whole_number_of_a_wrong_option(shop: Shop, option: str) -> None:
    """docs/explanation/safety.md: "Logs and errors mask numbers"."""
    done = shop.cli("complaint", "add", ANN, "--text", "angry", option, WANG)
    assert done.code == 1
    assert _whole_numbers(done.said) == [], done


@pytest.mark.attack("--no-stop beside a fault, and what is said about calls to that person")
def test_who_still_wants_calls_is_still_called_and_nobody_says_otherwise(shop: Shop) -> None:
    """docs/how-to/complaints.md: "Use `--no-stop` for people who want your calls but not this one"; "A row with a fault
    opens no case"."""
    done = _import(shop, f"{WANG},angry,,,april", f"{ANN},,,,", GOOD, more=("--no-stop",))
    assert _still_called(shop) == {ANN, WANG, BEN}, done
    assert (done.code, len(_cases(shop))) == (1, 1), done
    assert "called again" not in done.said
    by_hand = shop.cli("complaint", "add", ANN, "--text", "t", "--campaign", "april", "--no-stop")
    assert by_hand.code == 1
    assert "called again" not in by_hand.said
    assert _still_called(shop) == {ANN, WANG, BEN}
    assert shop.cli("complaint", "add", ANN, "--text", "t", "--campaign", "april").code == 1
    assert _still_called(shop) == {WANG, BEN}  # the second complaint had no --no-stop


@pytest.mark.attack("a faulty complaint, and then a new consent, a new list and a new campaign of that person")
def test_a_faulty_complaint_is_as_final_as_any_stop(shop: Shop) -> None:
    """docs/how-to/complaints.md: "The stop is taken first, as final as any other"; stop-and-suppression.md:
    "permanently, even if the number is imported again or there is a new consent"."""
    assert _import(shop, f"{ANN},,,,april", f"{STRANGER},angry,never,,").code == 1
    assert shop.cli("complaint", "add", WANG, "--text", "t", "--campaign", "april").code == 1
    shop.consent(ANN, WANG, BEN, STRANGER)  # the stranger was never heard of before
    titles = "external_id,number,person_id"
    assert shop.called("later", f"A,{ANN},", f"B,{WANG},", f"C,{STRANGER},", titles=titles) == 0
    assert shop.called("control", f"D,{BEN},", titles=titles) == 1
    assert shop.cli("complaint", "add", ANN, "--text", "t", "--no-stop").code == 0
    assert ANN not in _still_called(shop)  # --no-stop takes no stop back


@pytest.mark.attack("a faulty complaint from one number of somebody with two")
def test_a_faulty_complaint_stops_all_numbers_of_the_person(shop: Shop) -> None:
    """docs/how-to/stop-and-suppression.md: "If the person has several numbers (`person_id`), it holds for all of
    them"."""
    first, second = "+999861380006101", "+999861380006201"
    shop.consent(first, second)
    titles = "external_id,number,person_id"
    assert shop.called("family", f"A,{first},P7", f"B,{second},P7", titles=titles) > 0
    assert _import(shop, f"{first},angry,,,april").code == 1
    assert shop.preview("family")["allowed"] == 0


@pytest.mark.parametrize("signal_", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("how", ["add", "import"])
@pytest.mark.attack("a complaint command that is ended while it waits to write its first case")
def test_a_command_that_is_ended_before_its_case_has_taken_the_stops(shop: Shop, how: str, signal_: int) -> None:
    """docs/how-to/complaints.md: "The stop is taken first"; docs/reference/exit-codes.md: "Nothing is half-written … if
    one is interrupted, run it again"; "130 | Interrupted with Ctrl-C"."""
    file = shop.write("complaints.csv", f"{TITLES}\n{WANG},angry,,,april\n{ANN},angry,,,\n{GOOD}\n")
    argv = ("add", ANN, "--text", "angry") if how == "add" else ("import", str(file))
    with psycopg.connect(shop.url) as owner:
        owner.execute("LOCK TABLE complaint IN ACCESS EXCLUSIVE MODE")
        process = _start(shop, "complaint", *argv)
        try:
            _until(
                lambda: shop.sql("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'complaint'::regclass") != []
            )
        finally:
            process.send_signal(signal_)
            try:
                said = process.communicate(timeout=120)[0]
            except subprocess.TimeoutExpired:
                process.kill()
                said = process.communicate()[0] + "(killed: it did not end by itself)"
            owner.rollback()
    assert "it did not end by itself" not in said, said
    assert signal_ != signal.SIGINT or process.returncode == 130, said
    assert _cases(shop) == []
    shop.flush()
    still = _still_called(shop)
    again = shop.cli("complaint", *argv)
    assert (again.code, len(_cases(shop))) == ((0, 1) if how == "add" else (1, 2)), again
    assert _still_called(shop) == ({WANG, BEN} if how == "add" else set()), again
    assert still == ({WANG, BEN} if how == "add" else set()), said


@pytest.mark.parametrize("how", ["add", "add with a fault", "import", "import with faults"])
@pytest.mark.attack("a complaint while the database is away")
def test_a_complaint_while_the_database_is_away_keeps_its_stop(shop: Shop, how: str) -> None:
    """docs/how-to/stop-and-suppression.md: "also while the database is down: the stop waits in the journal on disk";
    complaints.md: "The stop is taken first, as final as any other"."""
    rows = {
        "import": f"{ANN},angry,,,\n",
        "import with faults": f"{ANN},,yesterday,,\n{WANG},angry,,,april\n12,angry,,,\n",
    }
    argv: tuple[str, ...] = ("import", str(shop.write("complaints.csv", f"{TITLES}\n{rows.get(how, '')}")))
    if how.startswith("add"):
        argv = ("add", ANN, "--text", "angry", *(("--campaign", "april") if "fault" in how else ()))
    done = shop.cli("complaint", *argv, env=AWAY)
    assert done.code not in (0, None), done  # no case was opened, and that is said
    assert _whole_numbers(done.said) == []
    shop.flush()
    assert _still_called(shop) == ({BEN} if how == "import with faults" else {WANG, BEN}), done
    assert _cases(shop) == []


@pytest.mark.parametrize("how", ["read-only", "full of locks", "no table"])
@pytest.mark.attack("a complaint while the database answers and takes nothing")
def test_a_database_that_takes_no_case_does_not_lose_the_stop(shop: Shop, how: str) -> None:
    """docs/how-to/complaints.md: "The stop is taken first, as final as any other"."""
    name = psycopg.conninfo.conninfo_to_dict(shop.url)["dbname"]
    file = shop.write("complaints.csv", f"{TITLES}\n{WANG},angry,,,april\n{GOOD}\n")
    with psycopg.connect(shop.url, autocommit=True) as owner:
        if how == "read-only":
            owner.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        elif how == "no table":
            owner.execute("ALTER TABLE complaint RENAME TO elsewhere")
        else:
            owner.autocommit = False
            owner.execute("LOCK TABLE complaint, suppression IN ACCESS EXCLUSIVE MODE")
        add = shop.cli("complaint", "add", ANN, "--text", "angry", seconds=20)
        load = shop.cli("complaint", "import", str(file), seconds=20)
        if how == "read-only":
            owner.execute("SET default_transaction_read_only = off")
            owner.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
        elif how == "no table":
            owner.execute("ALTER TABLE elsewhere RENAME TO complaint")
        else:
            owner.rollback()
    assert add.code != 0
    assert load.code != 0
    shop.flush()
    assert _still_called(shop) == set(), (add, load)


@pytest.mark.parametrize("encoding", ["utf-16", "gb18030", "utf-8-sig"])
@pytest.mark.attack("a file of complaints with faults as another system writes it")
def test_a_file_of_another_system_loses_nobody(shop: Shop, encoding: str) -> None:
    """docs/how-to/import-contacts-and-consent.md: "CSV, separated by comma, semicolon or tab, in UTF-8 (with or without
    BOM), GB18030, or UTF-16 with BOM"; complaints.md: "the others count"."""
    separator, end = {"utf-16": ("\t", "\r\n"), "gb18030": (",", "\r\n"), "utf-8-sig": (";", "\n")}[encoding]
    rows = [
        ["号码", "内容", "活动"],
        [ANN, "别再打了", "四月"],
        [WANG, "", ""],
        ["甲", "别再打了", ""],
        [BEN, "骚扰", ""],
    ]
    text = end.join(separator.join(row) for row in rows) + end
    done = shop.cli("complaint", "import", str(shop.write("complaints.csv", text.encode(encoding))))
    assert _still_called(shop) == set(), done
    assert (done.code, len(_cases(shop))) == (1, 1), done
    assert all(f"complaints.csv:{line}" in done.said for line in (2, 3, 4)), done


@pytest.mark.parametrize("quote", ["never closed", "never closed in the last row", "within the text"])
@pytest.mark.attack("a quotation mark that is never closed, behind a number that can be read")
def test_a_stray_quote_lets_nobody_be_called_again(shop: Shop, quote: str) -> None:
    """docs/how-to/import-contacts-and-consent.md: "An unclosed quote costs only its row"; complaints.md: "A row with a
    fault … is named with its line; the others count … no number that could be read is called again"."""
    rows = {
        "never closed": [f'{WANG},"angry', f"{ANN},angry", f"{BEN},angry"],
        "never closed in the last row": [f"{ANN},angry", f"{BEN},angry", f'{WANG},"angry'],
        "within the text": [f'{WANG},he said "never" again', f'{ANN},5" of paper', f"{BEN},angry"],
    }[quote]
    done = _import(shop, *rows, titles="number,text")
    assert not {ANN, BEN} & _still_called(shop), done
    assert done.code == 0 or "complaints.csv:2" in done.said or "complaints.csv:4" in done.said, done
    assert _still_called(shop) == set(), done


@pytest.mark.attack("hundreds of complaints of which every second has a fault")
def test_of_hundreds_of_complaints_nobody_is_called_again(shop: Shop) -> None:
    """docs/how-to/complaints.md: "A row with a fault opens no case and is named with its line; the others count"."""
    numbers = _crowd(shop, 300)
    faults = [text for text in FAULTS.values() if len(text) < 1_000]
    rows = [
        faults[place // 2 % len(faults)].format(number=number) if place % 2 else f"{number},angry,,,crowd"
        for place, number in enumerate(numbers)
    ]
    done = _import(shop, *rows, more=("--json",))
    assert shop.preview("crowd")["allowed"] == 0, done.said[-2000:]
    assert _still_called(shop) == {ANN, WANG, BEN}
    assert done.code == 1
    assert 150 <= len(_cases(shop)) < 300
    assert [number for number in numbers if number[1:] in done.said] == []


@pytest.mark.attack("a case about calls of others, and a file that is none, as if somebody had complained about us")
def test_who_did_not_complain_about_us_is_still_called(shop: Shop) -> None:
    """docs/how-to/complaints.md: "Such a case has no due date and takes no stop, because the number is not a person
    that you call"."""
    argv = ("--time", "2026-03-01T09:00:00+08:00", "--category", "loans", "--text", f"gave {WANG} as its number")
    shop.cli("complaint", "received", "+442079460001", "--on", ANN, *argv)
    shop.cli("complaint", "received", BEN, "--on", ANN, *argv)
    for text in ("", "\n", "number,text\n", f"text,source\n{WANG},x\n", "PK\x03\x04"):
        done = shop.cli("complaint", "import", str(shop.write("complaints.csv", text)))
        assert "Traceback" not in done.said
        assert done.code in (0, 1)
        assert done.code == 1 or "0 cases" in done.said, done
    assert _still_called(shop) == {ANN, WANG, BEN}


@pytest.mark.attack("what a program is told of an import with faults, against what was done")
def test_the_figures_of_an_import_are_what_was_done(shop: Shop) -> None:
    """docs/how-to/complaints.md: "complaints.csv: 12 cases opened, 0 rows rejected; nobody in it is called again"."""
    rows = [f"{WANG},angry,,,april", "12,angry,,,", GOOD]
    done = _import(shop, *rows)
    assert re.search(r"\b1 cases? opened, 2 rows? rejected", done.said), done
    assert "nobody in it whose number could be read is called again" in done.said
    said = _import(shop, *rows, more=("--json",))
    figures = [value for value in json.loads(said.out).values() if isinstance(value, int)]
    assert 1 in figures
    assert 2 in figures
    assert said.code == 1
    assert _import(shop, GOOD).code == 0
