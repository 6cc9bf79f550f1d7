"""What is approved of a feed: all that matters, and no password."""

from __future__ import annotations

from pathlib import Path

import pytest

from agi_app.config.feed_definition import FeedDefinition
from agi_app.config.settings import load_settings
from agi_app.errors import ConfigError, InputError
from agi_app.exchange.feed_definition import definition_of

SETTINGS = """\
[feeds.a]
campaign = "checkup"
database_url_file = "db"
query_file = "q.sql"
"""


def defined(tmp_path: Path, settings: str = SETTINGS, **files: str) -> FeedDefinition:
    given = {"db": "postgresql://reader:geheim@127.0.0.1/clinic", "q.sql": "SELECT 1\n"} | {
        name.replace("_", "."): text for name, text in files.items()
    }
    for name, text in {"agi-app.toml": settings, **given}.items():
        (tmp_path / name).write_text(text)
    return definition_of(load_settings(tmp_path), "a")


def test_the_same_settings_are_the_same_definition(tmp_path: Path) -> None:
    first = defined(tmp_path)
    assert first.source == "reader@127.0.0.1:5432/clinic"
    assert first.query == "SELECT 1"
    assert defined(tmp_path).fingerprint == first.fingerprint
    assert defined(tmp_path, db="postgresql://reader:other@127.0.0.1/clinic").fingerprint == first.fingerprint
    assert defined(tmp_path, SETTINGS + 'every = "1min"\nkeep_days = 5\n').fingerprint == first.fingerprint
    assert "geheim" not in first.as_json()


@pytest.mark.parametrize(
    ("more", "files"),
    [
        ("most_a_day = 201\n", {}),
        ('max_age = "2h"\n', {}),
        ('columns = {number = "mobile"}\n', {}),
        ("", {"q_sql": "SELECT 2"}),
        ("", {"db": "postgresql://reader:geheim@127.0.0.1/other"}),
        ("", {"db": "postgresql://writer:geheim@127.0.0.1/clinic"}),
        ("", {"db": "postgresql://reader:geheim@127.0.0.2/clinic"}),
    ],
)
def test_whatever_matters_makes_another_one(tmp_path: Path, more: str, files: dict[str, str]) -> None:
    assert defined(tmp_path, SETTINGS + more, **files).fingerprint != defined(tmp_path).fingerprint


def test_what_cannot_be_read_is_said_without_the_password(tmp_path: Path) -> None:
    defined(tmp_path)
    for name, content, words in (
        ("q.sql", "", "is empty; write the SELECT"),
        ("db", "postgresql://reader:geheim@db.example.com/clinic?sslmode=disable", "verify-full"),
        ("db", "", "is empty"),
    ):
        before = (tmp_path / name).read_text()
        (tmp_path / name).write_text(content)
        with pytest.raises(ConfigError, match=words) as told:
            definition_of(load_settings(tmp_path), "a")
        assert "geheim" not in str(told.value)
        (tmp_path / name).write_text(before)
    (tmp_path / "q.sql").unlink()
    with pytest.raises(ConfigError, match="no such file"):
        definition_of(load_settings(tmp_path), "a")
    with pytest.raises(InputError, match="there is no feed 'b'"):
        definition_of(load_settings(tmp_path), "b")


FOLDER = '[feeds.a]\ncampaign = "checkup"\nfolder = "{}"\n'


@pytest.mark.parametrize(
    ("written", "approved"),
    [
        ("out", "out"),
        ("./out/", "out"),
        ("a/../out//in", "out/in"),
        ("/srv//out/", "/srv/out"),
        ("//srv/out", "/srv/out"),
    ],
)
def test_a_folder_is_approved_as_it_is_written(tmp_path: Path, written: str, approved: str) -> None:
    """Wherever a node has the project."""
    (elsewhere := tmp_path / "elsewhere").mkdir()
    found = defined(tmp_path, FOLDER.format(written))
    assert found.source == f"folder {approved}"
    assert defined(elsewhere, FOLDER.format(approved)).fingerprint == found.fingerprint
    assert defined(tmp_path, FOLDER.format("other")).fingerprint != found.fingerprint


@pytest.mark.parametrize("written", ["../out", "out/../../elsewhere", ".", "out/..", ""])
def test_a_folder_that_climbs_out_of_the_project_is_refused(tmp_path: Path, written: str) -> None:
    with pytest.raises(
        ConfigError, match=r"agi-app\.toml:3:1: feeds\.a\.folder: .*a folder of its own below the project"
    ):
        defined(tmp_path, FOLDER.format(written))


@pytest.mark.attack("a link leads a feed to another folder than the approved one")
@pytest.mark.parametrize("written", ["out", "out/in", "{}/out", "{}/out/in", "real/../out"])
def test_a_folder_behind_a_link_is_refused(tmp_path: Path, written: str) -> None:
    (tmp_path / "real" / "in").mkdir(parents=True)
    defined(tmp_path, FOLDER.format("real/in"))
    (tmp_path / "out").symlink_to(tmp_path / "real")
    with pytest.raises(ConfigError, match="out is a symbolic link, and no approval covers where it leads"):
        defined(tmp_path, FOLDER.format(written.format(tmp_path)))
    defined(tmp_path, FOLDER.format("not-there-yet"))


def test_a_link_on_the_way_to_the_project_is_no_fault(tmp_path: Path) -> None:
    (project := tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(project)
    assert defined(tmp_path / "link", FOLDER.format("out")).source == "folder out"
