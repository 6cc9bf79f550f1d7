"""What doctor warns of: lists of people and secrets that every user of the machine can read."""

from __future__ import annotations

from pathlib import Path

from agi_app.backup.private_files import readable_by_all
from agi_app.campaigns.project.new_project import make_project
from agi_app.config.settings import load_settings


def project(tmp_path: Path) -> Path:
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(0o711)
    make_project(tmp_path / "clinic")
    return tmp_path / "clinic"


def test_a_new_project_has_none(tmp_path: Path) -> None:
    """The group, which is that of the console, reads them still; Asterisk reads the prompts."""
    folder = project(tmp_path)
    (folder / "ari-password").write_text("secret\n")
    (folder / "ari-password").chmod(0o640)
    assert readable_by_all(load_settings(folder)) == []
    assert (folder / "contacts.csv").stat().st_mode & 0o070 >= 0o040
    assert (folder / "prompts").stat().st_mode & 0o001


def test_what_was_opened_is_told(tmp_path: Path) -> None:
    folder = project(tmp_path)
    (folder / "ari-password").write_text("secret\n")
    opened = [folder / "ari-password", folder / "contacts.csv"]
    for file in (*opened, folder / "agi-app.toml"):
        file.chmod(0o644)
    assert readable_by_all(load_settings(folder)) == opened
    settings = (folder / "agi-app.toml").read_text()
    (folder / "agi-app.toml").write_text(settings.replace('password_file = "ari-password"', 'password = "open"'))
    assert folder / "agi-app.toml" in readable_by_all(load_settings(folder))
    folder.chmod(0o700)
    assert readable_by_all(load_settings(folder)) == []
