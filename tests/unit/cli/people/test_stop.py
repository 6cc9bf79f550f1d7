"""A stop given on the command line is never refused because the database is away."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from agi_app.campaigns.project.new_project import make_project
from agi_app.cli.main import main
from agi_app.consent.number_hashes import load_key

NUMBER = "+999861380001101"
NOTHING_LISTENS = "postgresql://agi_app@127.0.0.1:1/agi_app"


@pytest.fixture(scope="module")
def unwritten(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which no test may write."""
    project = tmp_path_factory.mktemp("unwritten") / "mine"
    make_project(project)
    return project


@pytest.mark.parametrize("given", ["number", "file"])
def test_a_stop_is_on_disk_while_the_database_is_away(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It goes into the journal, the command succeeds, and says where the stop is."""
    project = tmp_path / "mine"
    make_project(project)
    (tmp_path / "stops.txt").write_text(f"{NUMBER}\n", encoding="utf-8")
    arguments = [NUMBER] if given == "number" else ["--file", str(tmp_path / "stops.txt")]
    monkeypatch.setenv("DATABASE_URL", NOTHING_LISTENS)
    monkeypatch.setattr(sys, "argv", ["agi-app", "stop", *arguments, "--project", str(project)])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 0
    (line,) = (project / "var" / "refusals.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["hash"] == load_key(project / "var").hash_number(NUMBER).hex()
    said = capsys.readouterr()
    assert "safe in the journal" in said.err
    assert "never be called again" in said.out


@pytest.mark.parametrize(
    ("options", "note"),
    [
        (("--reason", "letter"), "--reason is for a single number; the stops of the list are taken without it"),
        (
            ("--at", "not a time", "--evidence-file", "not-there.pdf"),
            "--at and --evidence-file are for a single number; the stops of the list are taken without them",
        ),
        (
            ("--method", "letter", "--source", "desk", "--evidence", "L 7"),
            "--method, --source and --evidence are for a single number; the stops of the list are taken without them",
        ),
    ],
)
def test_no_stop_of_a_list_is_lost_for_an_option(
    options: tuple[str, ...],
    note: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The stops are taken first; then it is said which options a list does not keep."""
    project = tmp_path / "mine"
    make_project(project)
    (tmp_path / "stops.txt").write_text(f"{NUMBER}\n", encoding="utf-8")
    monkeypatch.setenv("DATABASE_URL", NOTHING_LISTENS)
    arguments = ["stop", "--file", str(tmp_path / "stops.txt"), *options, "--project", str(project)]
    monkeypatch.setattr(sys, "argv", ["agi-app", *arguments])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 0
    (line,) = (project / "var" / "refusals.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["hash"] == load_key(project / "var").hash_number(NUMBER).hex()
    assert capsys.readouterr().err.rstrip().endswith(note)


def test_a_withdrawal_for_one_purpose_needs_the_database(unwritten: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no stop: the journal has no place for it, so the command says that it failed."""
    monkeypatch.setenv("DATABASE_URL", NOTHING_LISTENS)
    arguments = ["consent", "withdraw", NUMBER, "--purpose", "survey", "--project", str(unwritten)]
    monkeypatch.setattr(sys, "argv", ["agi-app", *arguments])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 2
    assert not (unwritten / "var" / "refusals.jsonl").exists()


@pytest.mark.attack("row 21: two numbers in one cell, of which one is read, or a third made of both")
@pytest.mark.parametrize("command", [["stop"], ["suppression", "add"], ["consent", "revoke"]])
@pytest.mark.parametrize(
    ("number", "why"),
    [
        (f"{NUMBER} / +999861380001202", "more than one number"),
        (f"{NUMBER};+999861380001202", "more than one number"),
        (f"{NUMBER}转5", "extension"),
        ("1-800-FLOWERS", "letters"),
    ],
)
def test_a_stop_is_not_half_taken(
    command: list[str],
    number: str,
    why: str,
    unwritten: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One number by hand is one number: the others are said to be there, and nothing is written."""
    monkeypatch.setenv("DATABASE_URL", NOTHING_LISTENS)
    monkeypatch.setattr(sys, "argv", ["agi-app", *command, number, "--project", str(unwritten)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    told = capsys.readouterr().err
    assert why in told
    assert ("is called `agi-app stop` now" in told) == (command != ["stop"])
    assert not (unwritten / "var" / "refusals.jsonl").exists()
