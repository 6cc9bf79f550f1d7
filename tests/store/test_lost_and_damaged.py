"""What a project does whose keys, journal or database are damaged, lost or another project's: it says so."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from agi_app.campaigns.project.new_project import make_project
from agi_app.clock import Clock
from agi_app.consent.opt_out_journal import Journal
from tests.store.test_backup import LATER, Home, away, home, secret

pytestmark = pytest.mark.postgres
__all__ = ["away", "home", "secret"]


@pytest.fixture
def proved(home: Home, tmp_path: Path) -> Home:
    """It holds evidence."""
    letter = tmp_path / "letter.txt"
    letter.write_text("never again")
    home.ask("stop", LATER, "--evidence-file", str(letter))
    return home


@pytest.mark.parametrize("spoil", [lambda f: f.unlink(), lambda f: f.write_text("0" * 64 + "\n")])
def test_a_backup_without_the_key_of_its_evidence_is_not_complete(
    proved: Home, away: Home, secret: Path, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    """It is kept, and says so; the good one before it is not removed; so do doctor and restore."""
    with (proved.project / "agi-app.toml").open("a") as settings:
        settings.write("\n[backup]\nkeep = 1\n")
    words = ("backup", "--passphrase-file", str(secret))
    assert "encrypted, with all keys" in proved.ask(*words)
    (good,) = (proved.project / "backups").iterdir()
    spoil(proved.project / "var" / "evidence.key")
    told = proved.ask(*words, code=1)
    assert "NOT complete" in told
    assert "evidence.key" in told
    assert "with all keys" not in told
    kept = sorted((proved.project / "backups").iterdir())
    assert kept[0] == good
    assert len(kept) == 2
    assert "evidence.key" in proved.ask("doctor", code=2)
    told = away.run("restore", str(kept[1]), "-p", str(away.project), "--passphrase-file", str(secret), code=1)
    assert "NOT complete" in told
    shutil.rmtree(away.project)


def test_a_key_that_is_not_there_and_that_nothing_needs_is_named(
    home: Home, secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is made automatically where that is possible; where it is not, no backup says that it has all keys."""
    words = ("backup", "--passphrase-file", str(secret))
    key = home.project / "var" / "recordings.key"
    key.unlink()
    assert "encrypted, with all keys" in home.ask(*words)
    key.unlink()
    key.symlink_to(home.project / "nowhere" / "recordings.key")
    noted = home.project / "var" / "backups-made"
    noted.unlink()
    noted.mkdir()  # the data folder takes nothing: the backup is told as it is all the same
    told = home.ask(*words, code=1)
    assert "with its keys; recordings.key: not here, and nothing that is kept needs it" in told
    assert "with all keys" not in told
    assert f"no older backup is deleted, nor this one later: {noted}: cannot be written: Is a directory" in told
    assert len([*(home.project / "backups").iterdir()]) == 2


def test_keys_beside_a_backup_are_tried(proved: Home, away: Home, tmp_path: Path) -> None:
    """One that is missing among those that --keys names is told."""
    file, keys = tmp_path / "plain.backup.tar", tmp_path / "keys"
    proved.ask("backup", "--output", str(file), "--without-keys")
    shutil.copytree(proved.project / "var", keys)
    (keys / "evidence.key").unlink()
    told = away.run("restore", str(file), "-p", str(away.project), "--keys", str(keys), code=1)
    assert "NOT complete" in told
    assert str(away.project / "var" / "evidence.key") in told


@pytest.mark.parametrize("name", ["evidence.key", "recordings.key"])
def test_a_stop_is_taken_whatever_keys_it_does_not_need(home: Home, name: str) -> None:
    (home.project / "var" / name).chmod(0o644)
    home.ask("stop", LATER)
    assert home.sql("SELECT count(*) FROM suppression") == [(2,)]


def test_a_stop_that_was_not_taken_says_so(home: Home, tmp_path: Path) -> None:
    """And one whose proof cannot be kept holds."""
    letter = tmp_path / "letter.txt"
    letter.write_text("never again")
    (home.project / "var" / "evidence.key").chmod(0o644)
    told = home.ask("stop", LATER, "--evidence-file", str(letter), code=1)
    assert "the stop holds, but its proof is not kept" in told
    assert home.sql("SELECT count(*) FROM suppression") == [(2,)]
    (home.project / "var" / "suppression.key").chmod(0o644)
    assert "the stop was NOT taken" in home.ask("stop", "+999861380000033", code=2)


def test_the_audit_key_damaged_or_gone(home: Home) -> None:
    """One message; and no new one is put in its place, also without the checkpoints."""
    key = home.project / "var" / "audit" / "key.pem"
    whole = key.read_bytes()
    for place in (35, 40, 45, 60):
        key.write_bytes(whole[:place] + bytes([whole[place] ^ 2]) + whole[place + 1 :])
        assert "Traceback" not in home.ask("audit", "verify", code=2)
    key.unlink()
    (home.project / "var" / "audit" / "checkpoints").unlink()
    assert "the audit key is gone, but this database" in home.ask("audit", "verify", code=2)
    assert not key.exists()


def test_a_damaged_journal_is_not_accepted_unseen(home: Home, away: Home, secret: Path, tmp_path: Path) -> None:
    """Its places are named; only who says that these stops are lost goes on."""
    file = tmp_path / "all.backup.age"
    home.ask("backup", "--output", str(file), "--passphrase-file", str(secret))
    for number in (LATER, "+999861380000033"):
        home.ask("stop", number)
    away.run("restore", str(file), "-p", str(away.project), "--passphrase-file", str(secret))
    journal = home.project / "var" / "refusals.jsonl"
    text = journal.read_text()
    place = text.index('"hash": "', text.index("\n")) + len('"hash": "')
    journal.write_text(text[:place] + ("1" if text[place] == "0" else "0") + text[place + 1 :])
    words = ("recover", "--journal", str(home.project / "var"))
    named = f"{journal}:2: is damaged"
    told = away.ask(*words, code=2)
    assert named in told
    confirmed = f"agi-app recover --journal {home.project / 'var'} --accept-restored --accept-lost-stops"
    assert f"To confirm: {confirmed}\n" in told  # a shorter one would be refused
    told = away.ask(*words, "--accept-restored", code=1)
    assert named in told
    assert "--accept-lost-stops" in told
    assert away.sql("SELECT count(*) FROM meta WHERE key = 'restored_from'") == [(1,)]
    away.ask(*words, "--accept-restored", "--accept-lost-calls", code=1)
    away.ask(*words, "--accept-restored", "--accept-lost-stops")
    (done,) = away.sql(
        "SELECT object FROM action JOIN action_end USING (action_id) WHERE done AND verb = 'recover accept'"
    )
    assert str(done[0]).endswith("stops lost")


def test_a_journal_without_its_end_is_not_accepted_unseen(home: Home, away: Home, secret: Path, tmp_path: Path) -> None:
    """Not that of another worker, nor this node's own, though its database is up to date."""
    file, var = tmp_path / "all.backup.age", home.project / "var"
    home.ask("backup", "--output", str(file), "--passphrase-file", str(secret))
    for number in (LATER, "+999861380000033"):
        home.ask("stop", number)
    away.run("restore", str(file), "-p", str(away.project), "--passphrase-file", str(secret))
    (var / "dialled.ends").touch()  # its worker called nobody
    journal = var / "refusals.jsonl"
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:-1]))
    (var / "refusals.end").unlink()
    told = away.ask("recover", "--journal", str(var), "--accept-restored", code=1)
    assert f"{journal}: how far it was written is not known" in told
    assert away.sql("SELECT count(*) FROM meta WHERE key = 'restored_from'") == [(1,)]
    told = home.ask("recover", code=2)
    assert "Its worker calls nobody" in told
    assert f"{journal}: how far it was written is not known" in told
    home.ask("recover", "--accept-restored", code=1)
    home.ask("recover", code=2)
    home.ask("recover", "--accept-restored", "--accept-lost-stops")
    assert "nothing to recover" in home.ask("recover")


def test_a_journal_that_is_gone_with_its_end_is_not_accepted_unseen(home: Home, away: Home) -> None:
    """The database knows that a worker kept one here; and that of another worker, which has been at work, is named."""
    var = home.project / "var"
    place = Journal(var, Clock()).place
    with psycopg.connect(home.url) as connection:
        insert = "INSERT INTO worker_journal (entityid, bytes, last_line, place) VALUES ('e', 0, '', %s)"
        connection.execute(insert, [place])
    assert "nothing to recover" in home.ask("recover")
    for name in ("refusals.jsonl", "refusals.end"):
        (var / name).unlink()
    told = home.ask("recover", code=2)
    assert "refusals.jsonl: is missing, and the database knows that worker e has kept one since" in told
    assert "Its worker calls nobody" in told
    assert "refusals.jsonl: is missing" in home.ask("recover", "--accept-restored", code=1)
    home.ask("recover", "--accept-restored", "--accept-lost-stops")
    assert "nothing to recover" in home.ask("recover")
    for name in ("refusals.jsonl", "refusals.end"):
        (var / name).unlink()
    assert "Its worker calls nobody" in home.ask("recover", code=2)
    home.ask("forget-node", "e")
    assert "nothing to recover" in home.ask("recover")
    other = away.project / "var"
    other.mkdir(parents=True)
    (other / "checkpoint.json").write_text("{}")
    told = home.ask("recover", "--journal", str(other), code=2)
    assert f"{other / 'refusals.jsonl'}: is missing" in told


def test_the_data_folder_of_another_project_is_no_journal(home: Home, tmp_path: Path) -> None:
    other = tmp_path / "other"
    make_project(other)
    (other / "var" / "refusals.jsonl").write_text("")
    told = home.ask("recover", "--journal", str(other / "var"), code=1)
    assert "another project" in told


def test_a_new_database_beside_the_journal(home: Home, away: Home) -> None:
    """The old one is lost for good, without a backup: what was said holds, and the proof begins again."""
    (home.project / "var" / "checkpoint.json").write_text(
        '{"database_id": "of the lost one", "decisions": 7, "at": "2026-03-03T09:00:00+00:00"}'
    )
    (home.project / "var" / "dialled.ends").touch()  # its worker called nobody
    old = (home.project / "var" / "audit" / "checkpoints").read_text()
    home.url = away.url
    home.ask("migrate")
    home.ask("adopt")
    assert "another database" in home.ask("recover", code=2)
    told = home.ask("recover", "--accept-restored")
    assert "1 stops of the journal were missing" in told
    assert home.sql("SELECT count(*) FROM suppression") == [(1,)]
    home.ask("audit", "checkpoint")
    home.ask("audit", "verify")
    assert "nothing to recover" in home.ask("recover")
    (kept,) = (home.project / "var" / "audit").glob("checkpoints.*")
    assert kept.read_text() == old
