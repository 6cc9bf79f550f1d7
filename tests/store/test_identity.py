"""Lost data is never taken for a new project's: an id and a fingerprint stand apart from the data folder."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from agi_app.campaigns.project.new_project import make_project
from agi_app.config.settings import SETTINGS_FILE, Settings, load_settings
from agi_app.consent import project_identity
from agi_app.errors import AgiAppError, ConfigError, SafetyError
from agi_app.installation import installation, migrate_database

pytestmark = pytest.mark.postgres
NUMBER = "+999861380001101"


@pytest.fixture
def project(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new project on a server of its own, with a stop."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    make_project(tmp_path / "mine")
    return tmp_path / "mine"


async def _open(project: Path) -> Settings:
    settings = load_settings(project)
    async with installation(settings) as inst:
        await asyncio.to_thread(inst.journal.append, inst.store.hash_number(NUMBER), "command line")
    return settings


async def _refused(project: Path, words: str, kind: type[AgiAppError] = SafetyError) -> None:
    with pytest.raises(kind, match=words) as caught:
        await _open(project)
    assert caught.value.exit_code == 2


@pytest.mark.attack("a data folder on a disk that is not mounted")
async def test_a_data_folder_that_is_gone_is_not_made_anew(project: Path, tmp_path: Path) -> None:
    """An empty place where the disk should be; then no place at all; then everything is back."""
    settings = await _open(project)
    shutil.move(settings.data, tmp_path / "disk")
    await _refused(project, r"data folder with everybody's stops is not there; nobody is called: mount its disk")
    assert not settings.data.exists()
    settings.data.mkdir()
    await _refused(project, "the suppression key is gone")
    assert not list(settings.data.iterdir()), "no key, no database and no journal was made there"
    settings.data.rmdir()
    shutil.move(tmp_path / "disk", settings.data)
    await _open(project)


async def test_another_projects_data_are_told(project: Path, tmp_path: Path) -> None:
    settings = await _open(project)
    make_project(tmp_path / "other")
    shutil.rmtree(settings.data)
    shutil.copytree(tmp_path / "other" / "var", settings.data)
    await _refused(project, r"identity\.suppression_key does not match the key in")


async def test_another_projects_database_is_told(project: Path, tmp_path: Path) -> None:
    """The same key, as on nodes of one installation, and another project's database."""
    settings = await _open(project)
    text = (project / SETTINGS_FILE).read_text("utf-8")
    known = project_identity.identity_of(settings).project
    (project / SETTINGS_FILE).write_text(text.replace(known, "0" * 32), "utf-8")
    await _refused(project, rf"belongs to project {known}, agi-app\.toml is of {'0' * 32}")


async def test_a_database_that_begins_anew_beside_a_journal_is_not_taken(
    project: Path, new_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistyped DATABASE_URL, or a lost server; who says that it is lost for good goes on with the journal."""
    settings = await _open(project)
    monkeypatch.setenv("DATABASE_URL", new_url)
    await migrate_database(load_settings(project))
    await _refused(project, r"is empty, but .*refusals\.jsonl shows that this project has been in use")
    assert await project_identity.adopt(load_settings(project)) == settings.identity
    await _open(project)


async def test_a_project_from_before_is_adopted_once(project: Path) -> None:
    """It has a key and a database that knows it, and no id yet."""
    settings = await _open(project)
    file, told = project / SETTINGS_FILE, project_identity.identity_of(settings)
    text = file.read_text("utf-8").replace(told.toml, "").replace("\n[asterisk]\n", "\n# ours\n[asterisk]\n")
    file.write_text(text, "utf-8")
    await _refused(project, r"has no \[identity\].*agi-app adopt", ConfigError)
    assert await project_identity.adopt(load_settings(project)) == told, "the id is that of the database"
    assert file.read_text("utf-8") == f"{text.rstrip()}\n\n{told.toml}"
    await _open(project)


async def test_adopting_makes_no_key_where_something_was_lost(project: Path) -> None:
    settings = await _open(project)
    file = project / SETTINGS_FILE
    text = file.read_text("utf-8").replace(project_identity.identity_of(settings).toml, "")
    file.write_text(text, "utf-8")
    (settings.data / "suppression.key").unlink()
    for new in (False, True):
        with pytest.raises(SafetyError, match="the suppression key is gone"):
            await project_identity.adopt(load_settings(project), new=new)
    shutil.rmtree(settings.data)
    with pytest.raises(SafetyError, match=r"data folder is not there.*agi-app adopt --new"):
        await project_identity.adopt(load_settings(project))
    with pytest.raises(SafetyError, match="not the one this database was filled with"):
        await project_identity.adopt(load_settings(project), new=True)
    assert file.read_text("utf-8") == text, "nothing half-written"
