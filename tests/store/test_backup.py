"""A backup: on another server and in another folder it is the same installation, held until somebody confirms."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from agi_app.backup.archive import SealedArchive
from agi_app.backup.checking import check
from agi_app.campaigns.project.new_project import make_project
from agi_app.config.settings import load_settings
from agi_app.consent.project_identity import key_of
from tests import forked_commands

pytestmark = pytest.mark.postgres
PASSPHRASE = "correct horse battery staple"
STOPPED, LATER = "+999861380000017", "+999861380000025"


@dataclass
class Home:
    """A project and its database, used by the command line alone."""

    project: Path
    url: str

    def run(self, *words: str, code: int = 0, **environment: str) -> str:
        """A command, which ends as told; what it said."""
        env = {**os.environ, "DATABASE_URL": self.url, **environment}
        done = forked_commands.agi_app(words, cwd=Path(tempfile.gettempdir()), env=env)
        assert done.returncode == code, (words, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def ask(self, *words: str, code: int = 0) -> str:
        """One on this project."""
        return self.run(*words, "--project", str(self.project), code=code)

    def sql(self, query: str) -> list[tuple[object, ...]]:
        """Behind agi-app's back."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file with the passphrase."""
    file = tmp_path / "passphrase"
    file.write_text(PASSPHRASE + "\n")
    return file


@pytest.fixture
def home(tmp_path: Path, database_url: str) -> Home:
    """A new project in which somebody has said stop; its audit is signed."""
    made = Home(tmp_path / "clinic", database_url)
    make_project(made.project)
    (made.project / "ari-password").write_text("planted-ari-secret\n")
    made.ask("stop", STOPPED)
    made.ask("audit", "checkpoint")
    return made


@pytest.fixture
def away(tmp_path: Path, new_url: str) -> Home:
    """Where there is nothing yet."""
    return Home(tmp_path / "elsewhere" / "clinic", new_url)


def test_a_restored_installation_is_the_same_and_held(home: Home, away: Home, secret: Path, tmp_path: Path) -> None:
    """Rows, keys, evidence, files; a stop after the backup comes from the journal; then it is confirmed."""
    file = tmp_path / "all.backup.age"
    said = home.ask("backup", "--output", str(file), "--passphrase-file", str(secret))
    assert "encrypted, with all keys" in said
    assert "restored for a trial" in said
    assert file.stat().st_mode & 0o777 == 0o600
    for name in ("suppression.key", "audit/key.pem"):
        key = (home.project / "var" / name).read_bytes().strip()
        assert key not in file.read_bytes()
    home.ask("stop", LATER)

    said = away.run("restore", str(file), "-p", str(away.project), "--passphrase-file", str(secret))
    assert "agi-app recover" in said
    for name in ("agi-app.toml", "ari-password", "var/suppression.key", "var/audit/key.pem", "flows/checkup.yaml"):
        if (home.project / name).exists():
            assert (away.project / name).read_bytes() == (home.project / name).read_bytes(), name
    assert (away.project / "var" / "suppression.key").stat().st_mode & 0o777 == 0o600
    assert json.loads(away.ask("audit", "verify", "--json"))["ok"]
    assert away.sql("SELECT count(*) FROM suppression") == [(1,)]

    journal = str(home.project / "var" / "refusals.jsonl")
    told = away.ask("recover", "--journal", journal, code=2)
    assert "2 stops, 1 of them not in this database" in told
    assert "nobody is called until you confirm" in told
    told = away.ask("recover", "--journal", journal, "--accept-restored")
    assert "1 stops of the journal were missing" in told
    assert "nobody is called before" in told
    assert away.sql("SELECT count(*) FROM suppression") == [(2,)]
    assert "nothing to recover" in away.ask("recover")
    done = away.sql("SELECT verb FROM action JOIN action_end USING (action_id) WHERE done ORDER BY action_id")
    assert [verb for (verb,) in done][-4:] == ["restore", "recover", "recover accept", "recover"]
    assert json.loads(away.ask("audit", "verify", "--json"))["ok"]


def test_when_no_call_can_be_missing_nobody_waits(home: Home, away: Home, secret: Path, tmp_path: Path) -> None:
    """A move: the workers ended before the backup. A later sign of life is not talked away."""
    file = tmp_path / "move.backup.age"
    before = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() + 1))
    time.sleep(1.1)
    home.ask("backup", "--output", str(file), "--passphrase-file", str(secret))
    away.run("restore", str(file), "-p", str(away.project), "--passphrase-file", str(secret))
    wrong = away.ask("recover", "--accept-restored", "--worked-until", "2020-01-01T00:00+00:00", code=1)
    assert "a worker was at work at" in wrong
    told = away.ask("recover", "--accept-restored", "--worked-until", before)
    assert "no call is missing" in told
    assert away.sql("SELECT count(*) FROM meta WHERE key IN ('hold_until', 'restored_from')") == [(0,)]


def test_a_night_without_a_key_is_a_failure_that_is_told(home: Home) -> None:
    """Nobody can be asked for a passphrase then; nothing is written, and that is noted."""
    told = home.ask("backup", code=1)
    assert "name a public key in [backup] to_keys" in told
    assert not list(home.project.glob("backups/*"))
    assert home.sql("SELECT key FROM meta WHERE key LIKE 'backup%'") == [("backup_failed_at",)]


def test_for_the_owner_of_a_key(home: Home, away: Home, tmp_path: Path) -> None:
    """The public key is in the settings: the machine that makes backups cannot open them."""
    key = tmp_path / "backup-key"
    public = away.run("backup-key", str(key)).splitlines()[0]
    assert key.stat().st_mode & 0o777 == 0o600
    with (home.project / "agi-app.toml").open("a") as settings:
        settings.write(f'\n[backup]\nto_keys = ["{public}"]\nkeep = 2\n')
    for _ in range(3):
        home.ask("backup")
        time.sleep(1.05)
    kept = sorted((home.project / "backups").iterdir())
    assert len(kept) == 2
    assert all(file.name.endswith(".backup.age") for file in kept)
    other = tmp_path / "other-key"
    away.run("backup-key", str(other))
    told = away.run("restore", str(kept[-1]), "-p", str(away.project), "--identity", str(other), code=1)
    assert "was made for other keys" in told
    assert not away.project.exists()
    away.run("restore", str(kept[-1]), "-p", str(away.project), "--identity", str(key))
    assert not (away.project / "backups").exists()  # no backup is in a backup


def test_without_keys_there_is_no_secret_in_it(home: Home, away: Home, tmp_path: Path) -> None:
    """In clear; the keys are put beside it when it is restored."""
    file = tmp_path / "plain.backup.tar"
    home.ask("backup", "--output", str(file), "--without-keys")
    with tarfile.open(file) as tar:
        names = tar.getnames()
    assert "project/agi-app.toml" in names
    assert not [name for name in names if name.endswith((".key", ".pem", "ari-password"))]
    for secret in ("planted-ari-secret", (home.project / "var" / "suppression.key").read_text().strip()):
        assert secret.encode() not in file.read_bytes()
    told = away.run("restore", str(file), "-p", str(away.project), code=1)
    assert "--keys" in told
    told = away.run("restore", str(file), "-p", str(away.project), "--keys", str(home.project / "var"))
    assert "missing: " in told
    assert "ari-password" in told
    assert json.loads(away.ask("audit", "verify", "--json"))["ok"]


def test_a_secret_in_the_settings_is_not_written_in_clear(home: Home, tmp_path: Path) -> None:
    settings = home.project / "agi-app.toml"
    settings.write_text(settings.read_text().replace('password_file = "ari-password"', 'password = "in-the-open"'))
    file = tmp_path / "plain.backup.tar"
    told = home.ask("backup", "--output", str(file), "--without-keys", code=1)
    assert "asterisk.password" in told
    assert "in-the-open" not in told
    assert not file.exists()


@pytest.fixture
def kept(home: Home, secret: Path, tmp_path: Path) -> Path:
    """A backup in a folder of its own."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    home.ask("backup", "--output", str(folder / "one.backup.age"), "--passphrase-file", str(secret))
    return folder / "one.backup.age"


def nothing_restored(away: Home) -> bool:
    """Neither a file nor a row."""
    left = [*away.project.parent.glob("*"), *away.project.parent.glob(".*")] if away.project.parent.exists() else []
    return not left and away.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda b: b[:-1], "damaged or cut short"),
        (lambda b: b[: len(b) // 2], "damaged or cut short"),
        (lambda b: b[:300] + bytes([b[300] ^ 1]) + b[301:], "damaged or cut short"),
        (lambda b: b[: len(b) // 2] + bytes([b[len(b) // 2] ^ 4]) + b[len(b) // 2 + 1 :], "damaged or cut short"),
        (lambda b: b[:60] + bytes([b[60] ^ 1]) + b[61:], "first lines"),
        (lambda _: b"", "damaged"),
        (lambda _: b"PGDMP and so on" * 100, "damaged"),
    ],
)
def test_a_file_that_is_not_whole_restores_nothing(
    away: Home, kept: Path, secret: Path, spoil: Callable[[bytes], bytes], words: str
) -> None:
    kept.write_bytes(spoil(kept.read_bytes()))
    told = away.run("restore", str(kept), "-p", str(away.project), "--passphrase-file", str(secret), code=1)
    assert words in told
    assert "Traceback" not in told
    assert nothing_restored(away)


def test_a_clear_file_with_a_flipped_bit(home: Home, away: Home, tmp_path: Path) -> None:
    file = tmp_path / "plain.backup.tar"
    home.ask("backup", "--output", str(file), "--without-keys")
    whole = file.read_bytes()
    with tarfile.open(file) as tar:
        for name in ("database/000000", "data/refusals.jsonl", "project/agi-app.toml", "SHA256SUMS"):
            at = tar.getmember(name).offset_data + 5
            file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            words = ("restore", str(file), "-p", str(away.project), "--keys", str(home.project / "var"))
            told = away.run(*words, code=1)
            assert (
                f"{'backup.json' if name == 'SHA256SUMS' else name} in it is damaged" in told
            )  # the first that differs
            assert nothing_restored(away)
        end = tar.getmember("SHA256SUMS").offset
    file.write_bytes(whole[:end])
    assert "cut short" in away.run("restore", str(file), "-p", str(away.project), code=1)
    assert nothing_restored(away)


def test_a_wrong_passphrase(away: Home, kept: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("another horse battery\n")
    told = away.run("restore", str(kept), "-p", str(away.project), "--passphrase-file", str(wrong), code=1)
    assert "the passphrase is wrong" in told
    assert nothing_restored(away)


def test_what_is_there_is_not_written_over(home: Home, away: Home, kept: Path, secret: Path) -> None:
    before = home.sql("SELECT count(*) FROM suppression")
    told = home.ask("restore", str(kept), "--passphrase-file", str(secret), code=1)
    assert "is not an empty folder" in told
    away.url = home.url
    told = away.run("restore", str(kept), "-p", str(away.project), "--passphrase-file", str(secret), code=1)
    assert "is not empty" in told
    assert not away.project.exists()
    assert home.sql("SELECT count(*) FROM suppression") == before


def test_only_the_database_was_lost(home: Home, away: Home, kept: Path, secret: Path, tmp_path: Path) -> None:
    """The files of the node are newer: its journal, its note and its checkpoints stay, and tell what is missing."""
    home.ask("stop", LATER)
    home.ask("audit", "checkpoint")
    home.url = away.url
    home.ask("restore", str(kept), "--database-only", "--passphrase-file", str(secret))
    told = home.ask("recover", code=2)
    assert "were signed at" in told
    assert "1 of them not in this database" in told
    home.ask("recover", "--accept-restored")
    home.ask("audit", "checkpoint")
    found = json.loads(home.ask("audit", "verify", "--json"))
    assert found["ok"]
    assert any("were given up" in note for note in found["notes"])
    assert home.sql("SELECT count(*) FROM suppression") == [(2,)]


def test_a_backup_of_another_project(away: Home, kept: Path, secret: Path) -> None:
    away.project.parent.mkdir()
    make_project(away.project)
    told = away.ask("restore", str(kept), "--database-only", "--passphrase-file", str(secret), code=1)
    assert "is a backup of project" in told
    assert away.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


def test_no_room_for_the_file(home: Home, secret: Path, tmp_path: Path) -> None:
    """The file may not grow; nothing half-written stays, and what failed is in the audit."""
    folder = tmp_path / "full"
    folder.mkdir()
    words = [
        "backup",
        "--output",
        str(folder / "one.backup.age"),
        "--passphrase-file",
        str(secret),
        "-p",
        str(home.project),
    ]
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50000, 50000));"
        "from agi_app.cli.main import main; sys.argv[1:] = sys.argv[1:]; main()"
    )
    env = {**os.environ, "DATABASE_URL": home.url}
    done = subprocess.run([sys.executable, "-c", code, *words], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr  # as when the folder for temporary files is full
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert [*folder.iterdir()] == []
    assert home.sql("SELECT done FROM action JOIN action_end USING (action_id) WHERE verb = 'backup'") == [(False,)]


def test_killed_in_the_middle(home: Home, away: Home, secret: Path, tmp_path: Path) -> None:
    """kill -9 while it is made: no file of that name, and the next one takes away what was left."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    file = folder / "one.backup.age"
    words = ["backup", "--output", str(file), "--passphrase-file", str(secret), "-p", str(home.project)]
    env = {**os.environ, "DATABASE_URL": home.url}
    process = subprocess.Popen([sys.executable, "-m", "agi_app.cli.main", *words], env=env)
    while not [*folder.glob(".*.part")]:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not file.exists()
    home.ask("backup", "--output", str(file), "--passphrase-file", str(secret))
    assert [*folder.iterdir()] == [file]
    away.run("restore", str(file), "-p", str(away.project), "--passphrase-file", str(secret))


def test_restore_killed_in_the_middle(away: Home, kept: Path, secret: Path) -> None:
    """At every moment: afterwards either nothing is there, and it can be done again, or all of it is."""
    words = ["restore", str(kept), "--passphrase-file", str(secret), "-p", str(away.project)]
    env = {**os.environ, "DATABASE_URL": away.url}
    for after in (0.7, 1.2, 1.7):
        process = subprocess.Popen(
            [sys.executable, "-m", "agi_app.cli.main", *words], env=env, stderr=subprocess.DEVNULL
        )
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if away.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") != [(0,)]:
            break
        assert not away.project.exists()
    with psycopg.connect(away.url, autocommit=True) as connection:
        if not away.project.exists():
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
    if not away.project.exists():
        away.run(*words)
    assert json.loads(away.ask("audit", "verify", "--json"))["ok"]


def test_a_short_passphrase_is_refused(home: Home, tmp_path: Path) -> None:
    short = tmp_path / "short"
    short.write_text("12345\n")
    told = home.ask("backup", "--output", str(tmp_path / "x.backup.age"), "--passphrase-file", str(short), code=1)
    assert "at least 12 characters" in told
    assert not (tmp_path / "x.backup.age").exists()


async def test_a_snapshot_while_others_write(home: Home, away: Home, secret: Path, tmp_path: Path) -> None:
    """Stops come in all the while: the copy is of one moment, and its journal has at least what the database has."""
    file = tmp_path / "busy.backup.age"
    stop = asyncio.Event()

    async def go_on() -> int:
        number = 0
        while not stop.is_set():
            await asyncio.to_thread(home.ask, "stop", f"+99986138{number:07d}")
            number += 3
        return number

    going = asyncio.create_task(go_on())
    await asyncio.to_thread(home.ask, "backup", "--output", str(file), "--passphrase-file", str(secret))
    stop.set()
    assert await going
    await asyncio.to_thread(away.run, "restore", str(file), "-p", str(away.project), "--passphrase-file", str(secret))
    assert json.loads(away.ask("audit", "verify", "--json"))["ok"]
    ((stops,),) = away.sql("SELECT count(*) FROM suppression")
    lines = (away.project / "var" / "refusals.jsonl").read_text().splitlines()
    assert 1 <= stops <= len(lines)  # type: ignore[operator]
    assert len(lines) <= len((home.project / "var" / "refusals.jsonl").read_text().splitlines())


def test_of_a_database_whose_audit_is_not_whole(home: Home, away: Home, secret: Path, tmp_path: Path) -> None:
    """A true copy is kept, and says what is wrong: nobody can keep a database from being backed up by damaging it."""
    with psycopg.connect(home.url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE suppression SET reason = 'another reason'")
    file = tmp_path / "bad.backup.age"
    told = home.ask("backup", "--output", str(file), "--passphrase-file", str(secret), code=1)
    assert "the audit is not whole in it" in told
    assert "suppression 1" in told
    told = away.run("restore", str(file), "-p", str(away.project), "--passphrase-file", str(secret), code=1)
    assert "suppression 1" in told
    assert away.sql("SELECT reason FROM suppression") == [("another reason",)]


async def test_a_backup_can_be_tried_again(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when it was made; the trial leaves nothing, and changes nothing here."""
    monkeypatch.setenv("DATABASE_URL", home.url)
    file, trials = tmp_path / "plain.backup.tar", Path(tempfile.mkdtemp())  # near the root: sockets have short paths
    monkeypatch.setattr(tempfile, "tempdir", str(trials))
    home.ask("backup", "--output", str(file), "--without-keys")
    settings = load_settings(home.project)
    report = await check(settings, key_of(settings), SealedArchive(file, None), lambda _done, _all: None)
    assert report.ok
    assert os.listdir(trials) == []
