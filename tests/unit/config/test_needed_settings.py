"""What a stop needs of agi-app.toml is read in spite of other faults, and never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from agi_app.config.needed_settings import load_needed
from agi_app.errors import ConfigError

IDENTITY = f'[identity]\nproject = "{"a" * 32}"\nsuppression_key = "{"b" * 32}"\n'
ADDRESS = 'database_url = "postgresql://db.example/clinic"\n'


def written(folder: Path, text: str) -> Path:
    (folder / "agi-app.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)


def test_without_a_fault_they_are_all_settings(tmp_path: Path) -> None:
    settings, fault = load_needed(
        written(tmp_path, f'{ADDRESS}[trunks.a]\nendpoint = "PJSIP/{{number}}@a"\n{IDENTITY}')
    )
    assert (fault, list(settings.trunks)) == (None, ["a"])


@pytest.mark.parametrize(
    "text",
    [
        f"{ADDRESS}[trunks.a]\nendpoint = 7\n{IDENTITY}",
        f"{ADDRESS}[trunks.a\nendpoint = 7\n{IDENTITY}",
        f"{ADDRESS}[trunks.a]\nendpoint = PJSIP\n{IDENTITY}",
        f"{ADDRESS}{IDENTITY}[feeds.x]\ndatabase_url = 7\n",
        f"{ADDRESS}approve_above = many\n{IDENTITY}",
        f"{ADDRESS}no_setting = 1\n{IDENTITY}[nothing]\nx = 1\n",
        f"{IDENTITY}[trunks.a]\nx = 1\n[trunks.a]\nx = 2\n".replace(IDENTITY, f"{ADDRESS}{IDENTITY}"),
    ],
)
def test_a_fault_elsewhere_keeps_none_of_them_away(tmp_path: Path, text: str) -> None:
    settings, fault = load_needed(written(tmp_path, text))
    assert fault is not None
    assert "agi-app.toml:" in str(fault)
    assert settings.database_url == "postgresql://db.example/clinic"
    assert settings.identity is not None
    assert (settings.identity.project, settings.data) == ("a" * 32, tmp_path / "var")
    assert (settings.trunks, settings.feeds) == ({}, {})


@pytest.mark.parametrize(
    "text",
    [
        f"[asterisk]\n{ADDRESS}{IDENTITY}",  # the database is not where it belongs: another one would be taken
        f"database_url = postgresql://db.example/clinic\n{IDENTITY}",
        f"{ADDRESS}{ADDRESS}{IDENTITY}",
        f"{ADDRESS}data_folder = /srv/data\n{IDENTITY}",
        f"{ADDRESS}[identity]\nproject = a\n[trunks.a\n",
        f"{ADDRESS}[trunks.a\n",
        f'{ADDRESS}{IDENTITY}[sandbox]\nclock = "soon"\n',
        f"{ADDRESS}{IDENTITY}{IDENTITY}",
    ],
)
def test_what_cannot_be_told_for_certain_is_not_guessed(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"agi-app\.toml"):
        load_needed(written(tmp_path, text))


def test_a_variable_names_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://other.example/x")
    monkeypatch.setenv("AGI_APP_NO_SETTING", "1")
    settings, fault = load_needed(written(tmp_path, f"[asterisk]\n{ADDRESS}{IDENTITY}"))
    assert (settings.database_url, fault is not None) == ("postgresql://other.example/x", True)
