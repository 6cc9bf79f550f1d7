"""One day's file: whole lines alone, no key twice, and nothing but what it is written for."""

from __future__ import annotations

import fcntl
import os
import resource
from pathlib import Path

import pytest

from agi_app.errors import ExchangeError, ExchangeFault
from agi_app.exchange.results_file import ResultsFile

TITLE = "key,id"


def line(n: int, text: str = "x") -> tuple[str, str]:
    key = f"11111111-2222-3333-4444-{n:012d}"
    return key, f"{key},{text}"


def keys(path: Path) -> list[int]:
    """The numbers of the lines below the title."""
    title, *rest = path.read_text().splitlines()
    assert title == TITLE
    return [int(one[24:36]) for one in rest]


def test_lines_are_added_below_one_title(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    file = ResultsFile(path, TITLE)
    assert file.add([line(1), line(2)]) == 2
    assert file.add([line(3)]) == 1
    assert ResultsFile(path, TITLE).add([line(4)]) == 1
    assert keys(path) == [1, 2, 3, 4]


def test_a_key_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    file = ResultsFile(path, TITLE)
    file.add([line(1)])
    assert file.add([line(1), line(2), line(2)]) == 1
    assert ResultsFile(path, TITLE).add([line(2), line(3)]) == 1
    assert keys(path) == [1, 2, 3]


@pytest.mark.parametrize("cut", [1, 20, 37, 3_000_000])
def test_a_line_that_was_cut_off_is_taken_away_and_can_be_written_again(tmp_path: Path, cut: int) -> None:
    """By a crash, at whatever place; also one of three million characters."""
    path = tmp_path / "a.csv"
    long = line(2, "y" * 3_000_100)
    ResultsFile(path, TITLE).add([line(1), long])
    os.truncate(path, path.stat().st_size - cut)
    assert ResultsFile(path, TITLE).add([long, line(3)]) == 2
    assert keys(path) == [1, 2, 3]
    assert path.read_text().splitlines()[2] == long[1]


def test_a_title_that_was_cut_off_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("key,")
    ResultsFile(path, TITLE).add([line(1)])
    assert keys(path) == [1]


def test_a_file_that_the_office_took_away_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    file = ResultsFile(path, TITLE)
    file.add([line(1)])
    path.rename(tmp_path / "taken.csv")
    file.add([line(2)])
    assert keys(path) == [2]
    assert keys(tmp_path / "taken.csv") == [1]


def test_lines_of_json_have_no_title(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    made = [(key, f'{{"key": "{key}", "id": "{n}"}}') for n in (1, 2) for key, _ in [line(n)]]
    ResultsFile(path, "").add(made[:1])
    ResultsFile(path, "").add(made)
    assert path.read_text() == f"{made[0][1]}\n{made[1][1]}\n"


@pytest.mark.attack("a name in the results folder that leads to a file of somebody else")
def test_it_writes_into_no_other_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("mine")
    for name, make in (
        ("link.csv", lambda path: path.symlink_to(secret)),
        ("hard.csv", lambda path: os.link(secret, path)),
        ("pipe.csv", os.mkfifo),
        ("folder.csv", Path.mkdir),
    ):
        make(tmp_path / name)
        with pytest.raises(ExchangeError) as told:
            ResultsFile(tmp_path / name, TITLE).add([line(1)])
        assert told.value.kind == ExchangeFault.FOLDER
    assert secret.read_text() == "mine"


def test_a_folder_that_is_not_there_and_a_locked_file_are_told(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match="the folder must be there"):
        ResultsFile(tmp_path / "gone" / "a.csv", TITLE).add([line(1)])
    path = tmp_path / "a.csv"
    with path.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(ExchangeError, match="another program has locked it"):
            ResultsFile(path, TITLE).add([line(1)])


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """In a process of its own, whose files may have so many bytes."""
    path = tmp_path / "a.csv"
    ResultsFile(path, TITLE).add([line(1)])
    before = path.read_bytes()
    if (child := os.fork()) == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 60, len(before) + 60))
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        try:
            ResultsFile(path, TITLE).add([line(2), line(3)])
        except ExchangeError as error:
            os._exit(0 if error.kind == ExchangeFault.FOLDER else 1)
        os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert path.read_bytes() == before
    ResultsFile(path, TITLE).add([line(2)])
    assert keys(path) == [1, 2]
