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
