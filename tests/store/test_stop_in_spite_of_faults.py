"""A fault elsewhere in agi-app.toml keeps no stop and no pause away."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from agi_app.campaigns.project.new_project import make_project
from tests.store.test_audit_commands import agi_app

pytestmark = [pytest.mark.postgres, pytest.mark.slow]
NUMBER = "+999861380000101"


def stops(database_url: str) -> int:
    with psycopg.connect(database_url) as connection:
        found = connection.execute("SELECT count(*) FROM suppression").fetchone()
    return 0 if found is None else int(found[0])


@pytest.mark.attack("a stop is refused because of a setting that has nothing to do with it")
def test_a_stop_and_a_pause_are_taken(tmp_path: Path, database_url: str) -> None:
    project, file = tmp_path / "clinic", tmp_path / "clinic" / "agi-app.toml"
    make_project(project)
    assert agi_app(project, database_url, "contacts", "import", "march-checkup", "contacts.csv").returncode == 0
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE campaign SET state = 'running'")
    whole = file.read_text(encoding="utf-8")
    for taken, fault in enumerate(
        ('[feeds.x]\nfodler = "out"\n', "[lines.x\n", "[speech]\nengine = whisper\n"), start=1
    ):
        file.write_text(f"{whole}\n{fault}", encoding="utf-8")
        done = agi_app(project, database_url, "stop", f"{NUMBER[:-1]}{taken}")
        assert (done.returncode, stops(database_url)) == (0, taken), done.stderr
        assert "will never be called again" in done.stdout
        assert "agi-app.toml:" in done.stderr
        assert "correct it" in done.stderr
        assert agi_app(project, database_url, "campaign", "resume", "march-checkup").returncode == 2, "no call by that"
    listed = tmp_path / "stops.txt"
    listed.write_text("+999861380000201\n", encoding="utf-8")
    assert agi_app(project, database_url, "stop", "--file", str(listed)).returncode == 0
    assert stops(database_url) == 4
    for command in (("pause", "--all"), ("campaign", "pause", "march-checkup")):
        done = agi_app(project, database_url, *command)
        assert done.returncode == 0, done.stderr
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT state FROM campaign").fetchall() == [("paused",)]
    file.write_text(whole.replace("[identity]", "[identity"), encoding="utf-8")
    done = agi_app(project, database_url, "stop", "+999861380000901")
    assert (done.returncode, stops(database_url)) == (2, 4), "whose database it is must be certain"
