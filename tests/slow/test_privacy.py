"""No whole number in what goes wrong: whoever reads a log or an error learns nobody's number."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from agi_app.campaigns.project.new_project import make_project
from agi_app.cli.main import main

pytestmark = pytest.mark.slow  # runs whole commands: not part of the fast unit tests

NUMBERS = ("+999861380001202", "+12015550101", "+447700900123")
NOTHING_LISTENS = "postgresql://agi_app@127.0.0.1:1/agi_app"
# Seven digits in a row of any of them, with or without what people put between.
DIGITS = [re.sub(r"\D", "", number) for number in NUMBERS]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    make_project(tmp_path / "mine")
    monkeypatch.setenv("DATABASE_URL", NOTHING_LISTENS)
    yield tmp_path / "mine"
    structlog.reset_defaults()


def _files(folder: Path) -> None:
    """Files whose every line is wrong, and has somebody's number in it."""
    wrong = [f"{number}x7" for number in NUMBERS] + [f"{number} ext. 12" for number in NUMBERS]
    (folder / "stops.txt").write_text("\n".join(wrong), "utf-8")
    (folder / "list.txt").write_text("\n".join(wrong), "utf-8")


COMMANDS = [
    ("consent", "show", "{number}x"),
    ("stop", "{number}x"),
    ("consent", "evidence", "{number}x", "--output", "out"),
    ("consent", "add", "{number}x", "--purpose", "survey", "--method", "m", "--source", "s", "--wording", "a/1"),
    ("stop", "{number}"),
    ("consent", "show", "{number}"),
    ("consent", "withdraw", "{number}", "--purpose", "survey"),
    ("stop", "--file", "stops.txt"),
    ("erase", "{number}x", "--reason", "letter"),
    ("erase", "{number}", "--reason", "letter"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("number", NUMBERS)
def test_a_command_that_fails_repeats_no_number(
    command: tuple[str, ...],
    number: str,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With a number that is none, and with a good one while the database is away."""
    monkeypatch.chdir(project)
    _files(project)
    monkeypatch.setattr(sys, "argv", ["agi-app", *(word.format(number=number) for word in command)])
    with pytest.raises(SystemExit):
        main()
    said = capsys.readouterr()
    assert said.out + said.err
    shown = re.sub(r"[\s().-]", "", said.out + said.err)
    assert not [digits for digits in DIGITS if digits in shown], said
