"""What the package does with the database when it is upgraded: a backup first, and all or nothing."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest

from agi_app.campaigns.project.new_project import make_project
from agi_app.store.database.migrate import migrate
from agi_app.store.database.postgres_programs import binaries
from agi_app.store.database.versions import FOLDER, known
from release import bring_up_to_date
from tests.store.conftest import open_store

pytestmark = pytest.mark.postgres
NEWEST = known()[-1].name


@pytest.fixture
async def before(new_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database of the version before the newest migration, and the folder for backups."""
    older = tmp_path / "schema"
    older.mkdir()
    for file in FOLDER.glob("*.sql"):
        if file.stem < NEWEST:
            shutil.copy(file, older)
    store = await open_store(new_url, check_schema=False)
    await migrate(store, older)
    await store.close()
    make_project(tmp_path / "project")
    backups = tmp_path / "backups"
    backups.mkdir()
    environment = tmp_path / "agi-app.env"
    environment.write_text(f"# a comment\nAGI_APP_PROJECT={tmp_path / 'project'}\nDATABASE_URL='{new_url}'\n")
    for name in ("AGI_APP_PROJECT", "DATABASE_URL"):
        monkeypatch.setenv(name, "")  # set back after the test
    words = ["bring_up_to_date.py", str(backups), str(environment), str(tmp_path / "no-such.env")]
    monkeypatch.setattr("sys.argv", words)
    return backups


def test_it_backs_up_then_migrates_and_needs_neither_again(
    before: Path, new_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    umask = os.umask(0o022)
    assert bring_up_to_date.main() == 0
    assert os.umask(umask) == 0o022  # the process's own is left alone
    (backup,) = before.iterdir()
    assert backup.stat().st_mode & 0o777 == 0o600
    listed = subprocess.run([binaries() / "pg_restore", "--list", backup], capture_output=True, text=True, check=True)
    assert "TABLE DATA public suppression" in listed.stdout
    assert f"applied: {NEWEST}" in capsys.readouterr().out
    assert bring_up_to_date.main() == 0
    assert "up to date" in capsys.readouterr().out
    assert [*before.iterdir()] == [backup]
    assert _applied(new_url)[-1] == NEWEST


def test_a_migration_that_fails_changes_nothing_and_the_backup_stays(
    before: Path, new_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(new_url) as connection:
        connection.execute("UPDATE schema_version SET sha256 = 'x' WHERE number = 1")
    assert bring_up_to_date.main() == 2
    assert "was applied with another text" in capsys.readouterr().err
    assert NEWEST not in _applied(new_url)
    assert len([*before.iterdir()]) == 1


def test_without_a_backup_nothing_is_changed(before: Path, new_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(before)
    assert bring_up_to_date.main() == 2
    assert "No such file or directory" in capsys.readouterr().err
    assert NEWEST not in _applied(new_url)


def test_three_backups_are_kept(before: Path) -> None:
    for day in range(1, 6):
        (before / f"before-upgrade-2026010{day}T000000Z.dump").touch()
    assert bring_up_to_date.main() == 0
    names = sorted(path.name for path in before.iterdir())
    assert [name[:23] for name in names[:2]] == ["before-upgrade-20260104", "before-upgrade-20260105"]
    assert len(names) == 3


def test_where_there_is_no_project_yet_it_is_content(before: Path) -> None:
    shutil.rmtree(before.parent / "project")
    assert bring_up_to_date.main() == 0
    assert not [*before.iterdir()]


def _applied(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM schema_version ORDER BY number")]


def test_a_folder_that_the_services_user_may_not_enter_is_told_with_its_remedy(
    before: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As /etc/agi-app with mode 0700; the database is not changed."""

    def refused(file: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(Path, "is_file", refused)
    assert bring_up_to_date.main() == 2
    said = capsys.readouterr()
    assert f"agi-app.env: the user {pwd.getpwuid(os.geteuid()).pw_name}, as whom the services run" in said.err
    assert f"chmod o+x {before.parent}" in said.err
    assert (said.out, [*before.iterdir()]) == ("", [])
