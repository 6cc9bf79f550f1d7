"""Which files belong to an installation, and which of them are secrets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from agi_app.backup import contents
from agi_app.backup.making import name_for
from agi_app.campaigns.project.new_project import make_project
from agi_app.config.identity import BackupSettings
from agi_app.config.settings import Settings, load_settings
from agi_app.errors import ConfigError
from tests.unit.gate_cases import NOW


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A new project, after some work."""
    folder = tmp_path / "clinic"
    make_project(folder)
    (folder / "ari-password").write_text("secret")
    for name in ("var/postgres/data/x", "console/database-url", ".git/config", "backups/old.backup.age", "var/.1.part"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    (folder / "var" / "evidence" / "aa").mkdir(parents=True)
    (folder / "var" / "evidence" / "aa" / "aa.enc").write_text("x")
    (folder / "elsewhere").symlink_to(tmp_path)
    return load_settings(folder)


def names(settings: Settings, *, keys: bool) -> set[str]:
    """All that a backup would have, but for the database."""
    found = (*contents.data_files(settings, keys=keys), *contents.project_files(settings, keys=keys))
    return {one.name for one in found}


def test_all_but_the_database_and_what_can_be_made_again(settings: Settings) -> None:
    found = names(settings, keys=True)
    assert {"data/suppression.key", "data/audit/key.pem", "data/evidence/aa/aa.enc"} <= found
    assert {"project/agi-app.toml", "project/ari-password", "project/flows/checkup-reminder.yaml"} & found
    assert not [n for n in found if "postgres" in n or "console" in n or ".git/" in n or n.endswith((".age", ".part"))]
    assert not [n for n in found if n.startswith("project/var")]
    assert contents.left_out(settings) == ["elsewhere"]


def test_without_keys_no_secret_is_in_it(settings: Settings) -> None:
    assert names(settings, keys=True) - names(settings, keys=False) == {
        "data/suppression.key",
        "data/audit/key.pem",
        "project/ari-password",
    }


def test_secrets_in_the_settings_are_found(settings: Settings) -> None:
    file = settings.project / "agi-app.toml"
    text = file.read_text().replace('password_file = "ari-password"', 'password = "1234"')
    file.write_text(f'database_url = "postgresql://a:b@c/d"\n{text}\n[agi]\ntoken = ""\n')
    assert sorted(contents.secrets_written_out(settings)) == ["asterisk.password", "database_url"]
    assert not contents.is_secret("database_url", "postgresql:///clinic")
    assert contents.is_secret("database_url", "host=db password=x")


def test_a_backup_is_named_by_its_time_and_kind() -> None:
    assert name_for(NOW, encrypted=True).endswith(".backup.age")
    assert name_for(NOW, encrypted=False).endswith(".backup.tar")
    assert BackupSettings().keep == 14


@pytest.mark.parametrize("name", ["letters", "var/evidence/aa"])
def test_a_folder_that_cannot_be_read_is_named_not_left_out(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Nor is one whose files can be listed but not reached; one that is gone meanwhile hurts nobody."""
    folder = settings.project / name
    folder.mkdir(exist_ok=True)
    (folder / "letter.pdf").write_text("x")
    scandir, lstat = os.scandir, Path.lstat

    def scanned(path: Any) -> Iterator[os.DirEntry[str]]:
        if str(path) == str(folder):
            raise PermissionError(13, "Permission denied", str(path))
        return cast(Any, scandir(path))

    def reached(path: Path) -> os.stat_result:
        if path.parent == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return lstat(path)

    for where, change in ((os, ("scandir", scanned)), (Path, ("lstat", reached))):
        with monkeypatch.context() as patch:
            patch.setattr(where, *change)
            with pytest.raises(ConfigError) as told:
                names(settings, keys=True)
        assert str(told.value).startswith(str(folder))
        assert str(told.value).endswith(": cannot be read: Permission denied")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "lstat", lambda path: lstat(path / "gone"))
        assert names(settings, keys=True) == set()
