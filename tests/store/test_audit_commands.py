"""The commands `agi-app audit …` as an operator runs them, on a real database."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from agi_app.audit.signing_key import load_or_make
from agi_app.campaigns.project.new_project import make_project
from tests import forked_commands

pytestmark = [pytest.mark.postgres, pytest.mark.slow]
NUMBER = "+999861380000101"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def project(tmp_path: Path, database_url: str) -> Path:
    """A new project with a witness folder, three consents and a stop, sealed and signed."""
    folder = tmp_path / "clinic"
    make_project(folder)
    (tmp_path / "witness").mkdir()
    with (folder / "agi-app.toml").open("a") as settings:
        settings.write('\n[audit]\nwitness = "../witness"\n')
    for command in (["consent", "import", "consent.csv"], ["stop", NUMBER], ["audit", "checkpoint"]):
        done = agi_app(folder, database_url, *command)
        assert done.returncode == 0, done.stderr
    return folder


def agi_app(folder: Path, database_url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One command."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("AGI_APP_")} | {"DATABASE_URL": database_url}
    return forked_commands.agi_app(arguments, cwd=folder, env=env)


def verified(folder: Path, database_url: str, code: int) -> dict[str, Any]:
    done = agi_app(folder, database_url, "audit", "verify", "--json")
    assert done.returncode == code, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_verify_says_ok_and_after_tampering_where(project: Path, database_url: str) -> None:
    found = verified(project, database_url, 0)
    assert found["ok"] is True
    assert found["entries"] == found["checkpoint"]["size"] > 0
    assert found["not_yet_covered"] == 0
    with psycopg.connect(database_url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("DELETE FROM revocation")
    found = verified(project, database_url, 1)
    assert found["ok"] is False
    (fault,) = found["faults"]
    assert (fault["kind"], fault["table"], fault["row"]) == ("removed", "revocation", 1)
    assert isinstance(fault["leaf"], int)
    said = agi_app(project, database_url, "audit", "verify")
    assert said.returncode == 1
    assert "revocation 1" in said.stderr
    assert "NOT OK" in said.stdout


def test_the_witness_file_can_be_named(project: Path, database_url: str) -> None:
    (witness,) = (project.parent / "witness").iterdir()
    kept = project.parent / "copy"
    shutil.copy(witness, kept)
    witness.unlink()
    (project / "var/audit/checkpoints").unlink()
    with psycopg.connect(database_url) as connection:
        connection.execute("DELETE FROM meta WHERE key LIKE '%audit%'")  # a new one knows no key yet
        connection.execute("TRUNCATE audit_checkpoint")
    done = agi_app(project, database_url, "audit", "verify", "--json", "--witness", str(kept))
    assert [f["kind"] for f in json.loads(done.stdout)["faults"]] == ["checkpoint rolled back"]
    assert agi_app(project, database_url, "audit", "verify", "--witness", "nowhere").returncode == 1


def test_prove_and_export_are_checked_by_the_file_that_they_bring(project: Path, database_url: str) -> None:
    key = agi_app(project, database_url, "audit", "key").stdout.strip()
    done = agi_app(project, database_url, "audit", "prove", NUMBER, "--output", "p.json", "--with-verifier", "v.py")
    assert done.returncode == 0, done.stderr
    assert (project / "p.json").stat().st_mode & 0o777 == 0o600
    assert check(project, "v.py", "p.json", "--key", key).returncode == 0
    done = agi_app(
        project, database_url, "audit", "export", "--output", "ex", "--whole-numbers", "--reason", "asked for"
    )
    assert done.returncode == 0, done.stderr
    assert check(project, "ex/verify.py", "ex", "--key", key).returncode == 0
    assert NUMBER in (project / "ex/tables/person.csv").read_text(encoding="utf-8-sig")
    with psycopg.connect(database_url) as connection:
        looks = connection.execute("SELECT command, numbers, reason FROM access_log ORDER BY access_id").fetchall()
    assert looks[-2:] == [("audit prove", 1, None), ("audit export", 3, "asked for")]


def test_somebody_who_kept_a_mailed_checkpoint_sees_that_nothing_changed_since(
    project: Path, database_url: str
) -> None:
    monday = agi_app(project, database_url, "audit", "checkpoint", "--mail")
    assert monday.returncode == 0, monday.stderr
    assert max(map(len, monday.stdout.splitlines())) < 160
    (project / "monday.txt").write_text("".join(f"> {line}\r\n" for line in monday.stdout.splitlines()))
    agi_app(project, database_url, "stop", "+999861380000102")
    done = agi_app(
        project, database_url, "audit", "export", "--output", "ex", "--whole-numbers", "--reason", "asked for"
    )
    assert done.returncode == 0, done.stderr
    done = check(project, "ex/verify.py", "ex", "--since", "monday.txt")
    assert done.returncode == 0, done.stderr
    assert "nothing changed since the checkpoint of " in done.stdout.splitlines()[-1]


def check(folder: Path, verifier: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", verifier, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_masked_numbers_need_no_note_in_the_access_log(project: Path, database_url: str) -> None:
    assert agi_app(project, database_url, "audit", "export", "--output", "ex").returncode == 0
    assert NUMBER not in "".join(f.read_text("utf-8-sig") for f in (project / "ex").rglob("*.csv"))
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM access_log WHERE command = 'audit export'").fetchone() == (0,)


@pytest.mark.parametrize("command", [["audit", "verify"], ["audit", "checkpoint"], ["audit", "key"]])
def test_a_key_that_others_can_read_is_refused(project: Path, database_url: str, command: list[str]) -> None:
    (project / "var/audit/key.pem").chmod(0o644)
    done = agi_app(project, database_url, *command)
    assert done.returncode == 2
    assert "chmod 600" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_node_with_another_key_is_refused(project: Path, database_url: str) -> None:
    shutil.rmtree(project / "var/audit")
    done = agi_app(project, database_url, "audit", "verify")
    assert done.returncode == 2
    assert "the audit key is gone, but this database" in done.stderr
    load_or_make(project / "var")
    done = agi_app(project, database_url, "audit", "verify")
    assert done.returncode == 2
    assert "not the one this database was signed with" in done.stderr


def test_an_erased_person_is_gone_and_the_tree_still_verifies(project: Path, database_url: str) -> None:
    done = agi_app(project, database_url, "erase", NUMBER, "--reason", "asked for it")
    assert done.returncode == 0, done.stderr
    assert agi_app(project, database_url, "audit", "checkpoint").returncode == 0
    found = verified(project, database_url, 0)
    assert found["erased"] >= 3  # the person, the consent and the revocation at least
    done = agi_app(project, database_url, "audit", "prove", NUMBER, "--output", "p.json")
    assert done.returncode == 1
    assert not (project / "p.json").exists()
    with psycopg.connect(database_url) as connection:
        (left,) = connection.execute("SELECT count(*) FROM audit_leaf WHERE nonce IS NULL").fetchone() or (0,)
    assert left == found["erased"]
    assert agi_app(project, database_url, "audit", "export", "--output", "ex").returncode == 0
    done = check(project, "ex/verify.py", "ex")
    assert done.returncode == 3, done.stderr
    assert done.stdout.splitlines()[-1] == "NOT CHECKED: tables/person.csv"  # its numbers are masked


@pytest.mark.parametrize(
    "command", [("complaint", "add", "--text", "They call at night."), ("erase", "--reason", "a letter")]
)
def test_a_stop_waits_for_no_role(
    project: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """Somebody without an account can open no case and erase nobody; the person is not called again all the same."""
    monkeypatch.setenv("SUDO_UID", str(pwd.getpwnam("daemon").pw_uid))
    word, *rest = command
    place = 2 if word == "complaint" else 1
    done = agi_app(project, database_url, *command[:place], "+999861380000103", *command[place:])
    assert done.returncode == 1, rest
    assert "the user daemon has no account that is enabled" in done.stderr
    assert "; the stop was taken" in done.stderr
    with psycopg.connect(database_url) as connection:
        found = connection.execute("SELECT (SELECT count(*) FROM complaint), (SELECT count(*) FROM erasure)").fetchone()
        stopped = connection.execute("SELECT count(*) FROM suppression").fetchone()
    assert (found, stopped) == ((0, 0), (2,))


def test_restart_only_when_asked_and_when_something_is_lost(project: Path, database_url: str) -> None:
    assert "--accept-lost" in agi_app(project, database_url, "audit", "restart").stderr
    done = agi_app(project, database_url, "audit", "restart", "--accept-lost")
    assert done.returncode == 1
    assert "nothing to restart" in done.stderr


def test_a_wrong_database_is_not_said_to_know_nobody(project: Path, database_url: str) -> None:
    """A worker of this data folder has noted another database: an empty answer would be a false one."""
    unknown = "+999861380000999"
    assert "nothing is known" in agi_app(project, database_url, "consent", "show", unknown).stdout
    note = {"database_id": "another", "decisions": 7, "at": "2026-03-03T10:00:00+08:00"}
    (project / "var" / "checkpoint.json").write_text(json.dumps(note))
    for command in (["show", unknown], ["evidence", unknown, "--output", "files"]):
        said = agi_app(project, database_url, "consent", *command)
        assert said.returncode == 2, said.stdout
        assert "this is another database than the one this data folder belongs to" in said.stderr
        assert "nothing is known" not in said.stdout
    assert "WHAT THEY AGREED TO" in agi_app(project, database_url, "consent", "show", NUMBER).stdout


def test_checkpoints_of_another_database_are_told_once(project: Path, database_url: str) -> None:
    """Not once each, and with what may be wrong; it is a fault all the same."""
    assert agi_app(project, database_url, "stop", "+999861380000202").returncode == 0
    assert agi_app(project, database_url, "audit", "checkpoint").returncode == 0
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE meta SET value = 'another' WHERE key = 'database_id'")
        connection.execute("DELETE FROM meta WHERE key LIKE '%audit%'")  # a new one knows no key yet
        connection.execute("TRUNCATE audit_checkpoint")
    found = verified(project, database_url, 1)
    told = [fault["text"] for fault in found["faults"] if fault["kind"] == "forged checkpoint"]
    assert len(told) == 1
    assert told[0].endswith("each of 2 checkpoints is not a checkpoint of agi-app/another")
    assert any("is it the right one" in note for note in found["notes"])
