"""A campaign that does not exist, in every command that is told of one: it says which there are, and does nothing."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from agi_app.campaigns.project.new_project import make_project
from tests.store.test_audit_commands import agi_app

pytestmark = [pytest.mark.postgres, pytest.mark.slow]
NUMBER = "+999861380000101"
KNOWN = "known here: march-checkup"


@pytest.fixture
def project(tmp_path: Path, database_url: str) -> Path:
    folder = tmp_path / "clinic"
    make_project(folder)
    done = agi_app(folder, database_url, "contacts", "import", "march-checkup", "contacts.csv")
    assert done.returncode == 0, done.stderr
    return folder


def written(database_url: str) -> list[int]:
    tables = ("complaint", "revocation", "suppression", "access_log")
    with psycopg.connect(database_url) as connection:
        found = [connection.execute(f"SELECT count(*) FROM {name}").fetchone() for name in tables]
    return [row[0] for row in found if row is not None]


def test_an_unknown_campaign_is_named_and_nothing_is_written(project: Path, database_url: str) -> None:
    before = written(database_url)
    for command in (
        ("complaint", "add", NUMBER, "--text", "x", "--no-stop"),
        ("rules", "replay"),
        ("audit", "export", "--output", "out", "--whole-numbers"),
    ):
        done = agi_app(project, database_url, *command, "--campaign", "april")
        end = "no case was opened" if command[0] == "complaint" else "nothing was done"
        told = f"--campaign april: there is no campaign 'april' in the database; {KNOWN}; {end}\n"
        assert (done.returncode, done.stderr) == (1, told), command
    assert not (project / "out").exists()
    for typed in ("report", "campaign status", "campaign preview", "campaign stop"):
        done = agi_app(project, database_url, *typed.split(), "三月体检")
        assert done.returncode == 1
        assert KNOWN in done.stderr, typed
    assert written(database_url) == before
    replayed = agi_app(project, database_url, "rules", "replay", "--campaign", "march-checkup")
    assert (replayed.returncode, replayed.stderr) == (0, "")


def test_a_complaint_about_a_campaign_that_does_not_exist_is_a_stop_all_the_same(
    project: Path, database_url: str
) -> None:
    before = written(database_url)
    done = agi_app(project, database_url, "complaint", "add", NUMBER, "--text", "x", "--campaign", "april")
    assert done.returncode == 1
    assert f"{KNOWN}; no case was opened; " in done.stderr
    after = written(database_url)
    assert (after[0], after[2]) == (before[0], before[2] + 1)  # no case, one number on the list of stops


def test_a_row_of_complaints_about_no_campaign_opens_no_case_and_stops_the_calls(
    project: Path, database_url: str
) -> None:
    rows = f"number,text,campaign\n{NUMBER},too often,april\n+999861380000202,too late,march-checkup\n"
    (project / "c.csv").write_text(rows, encoding="utf-8")
    before = written(database_url)
    done = agi_app(project, database_url, "complaint", "import", "c.csv")
    assert done.returncode == 1
    assert f'c.csv:2:28: complaints/campaign campaign "april" is not a campaign; {KNOWN}' in done.stderr
    assert "1 case opened, 1 row rejected" in done.stdout
    after = written(database_url)
    assert (after[0], after[2]) == (before[0] + 1, before[2] + 2)
