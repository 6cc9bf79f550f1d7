"""The folder of a feed: which file is taken when, and where it goes."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
from pathlib import Path

import pytest

from agi_app.errors import ExchangeError
from agi_app.exchange.feed_folder import LARGEST, FeedFolder, as_text, content_of
from agi_app.exchange.feed_folder_source import AS_IT_WAS
from agi_app.exchange.feed_query import as_table
from agi_app.messages import speak, speaking

NOW = 1_000_000.0
NO_ID = "is empty; each contact needs its own id"


@pytest.fixture
def folder(tmp_path: Path) -> FeedFolder:
    made = FeedFolder(tmp_path)
    made.prepare()
    return made


def put(tmp_path: Path, name: str, age: float = 10, text: str = "a\n1\n") -> Path:
    file = tmp_path / name
    file.write_text(text)
    os.utime(file, (NOW - age, NOW - age))
    return file


def names(found: list[Path]) -> list[str]:
    return [path.name for path in found]


def test_a_file_is_whole_when_it_has_rested_since_the_look_before(tmp_path: Path, folder: FeedFolder) -> None:
    file = put(tmp_path, "a.csv")
    assert folder.whole(NOW) == [], "seen for the first time"
    assert names(folder.whole(NOW)) == ["a.csv"]
    file.write_text("a\n1\n2\n")
    os.utime(file, (NOW - 10, NOW - 10))
    assert folder.whole(NOW) == [], "it has grown"
    assert names(folder.whole(NOW)) == ["a.csv"]
    put(tmp_path, "b.csv", age=1)
    folder.whole(NOW)
    assert names(folder.whole(NOW)) == ["a.csv"], "two seconds are not over"
    assert names(folder.whole(NOW + 2)) == ["a.csv", "b.csv"], "the newest last"


def test_unfinished_and_foreign_files_are_left_alone(tmp_path: Path, folder: FeedFolder) -> None:
    for name in ("a.csv.part", ".b.csv", "c.tmp", "~$d.xlsx", "e.docx", "f.csv~", "g.csv.rejects.csv", "h.filepart"):
        put(tmp_path, name)
    (tmp_path / "i.csv").mkdir()
    os.symlink("/etc/passwd", tmp_path / "j.csv")
    os.mkfifo(tmp_path / "k.csv")
    folder.whole(NOW)
    assert folder.whole(NOW) == []


def test_a_taken_file_has_a_key_and_is_in_one_place(tmp_path: Path, folder: FeedFolder) -> None:
    put(tmp_path, "list.csv", age=60)
    taken = folder.take(tmp_path / "list.csv")
    found = folder.taken()
    assert found is not None
    assert found == dataclasses.replace(taken, came_at=found.came_at)
    assert (taken.name, taken.written_at) == ("list.csv", NOW - 60)
    again = folder.take(taken.path)
    assert (again.name, again.key == taken.key) == ("list.csv", False)
    found = folder.taken()
    assert found is not None
    assert found.key == again.key
    target = folder.finish(again, {"state": "done"}, done=True)
    assert target == tmp_path / "done" / "list.csv"
    assert json.loads(target.with_name("list.csv.result.json").read_text()) == {"state": "done"}
    assert folder.taken() is None
    put(tmp_path, "list.csv")
    other = folder.finish(folder.take(tmp_path / "list.csv"), {"state": "done"}, done=True)
    assert other.name.startswith("list.1970-01-12" if "-" in other.name else "list.1970")
    assert target.exists(), "what was kept before stays"


def test_rejected_rows_are_told_and_no_formula_is_written(tmp_path: Path, folder: FeedFolder) -> None:
    put(tmp_path, "list.csv")
    faults = [
        {"line": 3, "column": 1, "text": "=cmd|' /C calc'!A0 is no number"},
        {"line": 4, "column": 2, "text": "x"},
    ]
    target = folder.finish(folder.take(tmp_path / "list.csv"), {"state": "refused", "faults": faults}, done=False)
    rows = list(csv.reader(target.with_name("list.csv.rejects.csv").read_text("utf-8-sig").splitlines()))
    assert rows[1] == ["3", "1", "'=cmd|' /C calc'!A0 is no number"]
    assert names([folder.newest_refused() or Path()]) == ["list.csv"], "and not the file of what was rejected"


def test_why_rows_were_rejected_is_told_in_the_language_of_the_process(tmp_path: Path, folder: FeedFolder) -> None:
    """What reads the folder speaks English inside; people of the office read this file."""
    put(tmp_path, "list.csv")
    result = {"state": "done", "faults": [{"line": 3, "column": 2, "text": NO_ID}]}
    speak("zh")
    try:
        with speaking("en"):
            target = folder.finish(folder.take(tmp_path / "list.csv"), result, done=True)
    finally:
        speak("en")
    (_, told) = csv.reader(target.with_name("list.csv.rejects.csv").read_text("utf-8-sig").splitlines())
    assert told == ["3", "2", "是空的；每个联系人都要有自己的编号"]
    assert NO_ID in target.with_name("list.csv.result.json").read_text(), "programs read this one"


@pytest.mark.parametrize("text", ["=1+1", "+86", "-1", "@x", "\tx", "\rx"])
def test_what_a_spreadsheet_would_run_is_text(text: str) -> None:
    assert as_text(text) == f"'{text}"
    assert as_text("plain = text") == "plain = text"


def test_old_files_are_deleted(tmp_path: Path, folder: FeedFolder) -> None:
    put(tmp_path, "list.csv")
    target = folder.finish(folder.take(tmp_path / "list.csv"), {"state": "done"}, done=True)
    assert folder.forget(target.lstat().st_ctime - 1) == 0
    assert folder.forget(target.lstat().st_ctime + 1) == 2
    assert [*(tmp_path / "done").iterdir()] == []


def test_a_link_or_a_large_file_is_not_read(tmp_path: Path) -> None:
    os.symlink("/etc/passwd", tmp_path / "link")
    with pytest.raises(ExchangeError, match="cannot be read"):
        content_of(tmp_path / "link")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(ExchangeError, match="more than 32 MiB"):
        content_of(tmp_path / "large")


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match="it must be there"):
        FeedFolder(tmp_path / "no").prepare()
    (tmp_path / "done").symlink_to(tmp_path)
    with pytest.raises(ExchangeError, match="is no folder"):
        FeedFolder(tmp_path).prepare()


def test_rows_become_a_table() -> None:
    table = as_table(["a", "b"], [("x,y", None), ('"q"', "two\nlines")]).decode()
    assert list(csv.reader(table.splitlines(keepends=True))) == [["a", "b"], ["x,y", ""], ['"q"', "two\nlines"]]
    assert "dropped" in AS_IT_WAS


def test_a_file_of_the_future_does_not_wait_unseen(tmp_path: Path, folder: FeedFolder) -> None:
    for name, age in (("a.csv", 5.0), ("b.csv", -30.0), ("c.csv", -61.0)):
        put(tmp_path, name, age=age)
    folder.whole(NOW)
    assert names(folder.whole(NOW)) == ["a.csv", "c.csv"], "some seconds ahead pass by themselves"
    ahead, soon = folder.look_at(tmp_path / "c.csv"), folder.look_at(tmp_path / "b.csv")
    assert (ahead.age_known_at(NOW), soon.age_known_at(NOW)) == (False, True)
    os.utime(tmp_path / "a.csv", (at := os.lstat(tmp_path / "a.csv").st_ctime + 3600, at))
    wrong = folder.look_at(tmp_path / "a.csv")
    assert not wrong.age_known_at(at + 7200), "also when that time is over: it was written before it came"
    assert wrong.facts_at == wrong.came_at


def test_the_older_ones_are_those_that_are_no_newer(tmp_path: Path, folder: FeedFolder) -> None:
    for name, age in (("a.csv", 60), ("b.csv", 50), ("newest.csv", 40), ("later.csv", 30)):
        put(tmp_path, name, age=age)
    taken = folder.take(tmp_path / "newest.csv")
    assert [one.name for one in folder.older_than(taken)] == ["a.csv", "b.csv"]


def test_the_file_that_was_taken_last_is_known_by_its_name(tmp_path: Path, folder: FeedFolder) -> None:
    assert folder.newest_taken() is None
    put(tmp_path, "a.csv")
    folder.take(tmp_path / "a.csv")
    assert folder.newest_taken() == "a.csv", "also while it is imported"
    taken = folder.taken()
    assert taken is not None
    folder.finish(taken, {"state": "done", "faults": [{"line": 1, "column": 1, "text": "x"}]}, done=True)
    assert folder.newest_taken() == "a.csv", "and not what is beside it"
