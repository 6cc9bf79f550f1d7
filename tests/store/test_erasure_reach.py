"""How far an erasure reaches: into the files of the database and its log, and what is said of the rest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from agi_app.campaigns.project.new_project import make_project
from agi_app.prompts.prepared_cache import FOLDER, PEOPLE
from tests.store.test_audit_commands import agi_app

pytestmark = pytest.mark.postgres

NUMBER = "+999861380998877"
NAME, EXTERNAL = "Zacharias Quillfeather", "PATIENT-90817263"
TRACES = (NUMBER.encode(), NAME.encode(), EXTERNAL.encode())


@pytest.fixture
def project(tmp_path: Path, database_url: str) -> Path:
    """A project with one person in it, sampled by the planner, changed once, and called by name on this node."""
    folder = tmp_path / "clinic"
    make_project(folder)
    consent = f"number,purpose,wording,method,time,source\n{NUMBER},survey,yes,{NAME} signed,2026-01-05,{EXTERNAL}\n"
    (folder / "one.csv").write_text(consent)
    for version in ("", " jr"):
        (folder / "people.csv").write_text(f"external_id,number,name\n{EXTERNAL},{NUMBER},{NAME}{version}\n")
        run(folder, database_url, "contacts", "import", "march-checkup", "people.csv")
    run(folder, database_url, "consent", "import", "one.csv")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ANALYZE")
        connection.execute("CHECKPOINT")
    return folder


def run(folder: Path, database_url: str, *arguments: str) -> str:
    done = agi_app(folder, database_url, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def files_with_traces(database_url: str) -> set[str]:
    """Files of the server that hold the number, the name or the id in clear."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
        database = connection.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()
    assert row
    assert database
    root = Path(row[0])
    places = [*(root / "base" / str(database[0])).iterdir(), *(root / "pg_wal").glob("0*")]
    return {str(file.relative_to(root)) for file in places if any(trace in file.read_bytes() for trace in TRACES)}


@pytest.mark.attack("row 14: names and numbers in heap and log after an erasure")
def test_after_a_rewrite_nothing_of_the_person_is_left_in_the_databases_files(project: Path, database_url: str) -> None:
    assert files_with_traces(database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:  # what came by the service, and was done
        connection.execute("SELECT enter_stop(%s, NULL, now(), 'x', NULL, NULL, NULL, 'anna')", (NUMBER,))
        ask = "SELECT add_ask('erasure', 'erase', '1', '{}', 'anna', '{}', NULL, 'api', NULL, NULL, 'x', %s, NULL)"
        connection.execute(ask, (json.dumps({"number": NUMBER}),))
        connection.execute("DELETE FROM entered_stop")
        connection.execute("DELETE FROM open_ask")
        connection.execute("CHECKPOINT")
    said = run(project, database_url, "erase", NUMBER, "--reason", "letter")
    assert "stays: old versions of the rows in the database's files, until other rows are written over them" in said
    assert "stays: the database's write-ahead log, until its segments are written over" in said
    assert "stays: backups, exports, reports, rejects files" in said
    assert "stays: texts spoken on other nodes and in rehearsals, until 20" in said
    done = run(project, database_url, "purge", "--rewrite")
    assert "stays: old versions" not in done
    assert "stays: the database's write-ahead log" not in done
    assert files_with_traces(database_url) == set()


@pytest.mark.attack("row 14: spoken names that outlive an erasure")
def test_spoken_names_go_with_the_person_and_no_others(project: Path, database_url: str) -> None:
    key = (project / "var" / "suppression.key").read_text()
    code = (
        "import sys; from agi_app.consent.number_hashes import SuppressionKey;"
        " from agi_app.prompts.prepared_cache import *;"
        " print(folder_of(SuppressionKey(bytes.fromhex(sys.argv[1])).hash_number(sys.argv[2])))"
    )
    command = [sys.executable, "-c", code, key.strip(), NUMBER]
    whose = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    people = project / "prompts" / FOLDER / PEOPLE
    for folder in (whose, "0" * 32):
        (people / folder).mkdir(parents=True)
        (people / folder / "k.wav").write_bytes(NAME.encode())
    erased = json.loads(run(project, database_url, "erase", NUMBER, "--reason", "letter", "--json"))
    assert erased["erased"]["spoken text"] == 1
    assert {one["where"].split()[0] for one in erased["stays"]} == {"old", "the", "texts", "backups,"}
    assert os.listdir(people) == ["0" * 32]
