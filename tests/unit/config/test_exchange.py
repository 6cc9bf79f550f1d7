"""How `agi-app exchange` is told to reach the database, and what it is told when nobody set that up."""

from __future__ import annotations

from pathlib import Path

import pytest

from agi_app.campaigns.project.new_project import make_project
from agi_app.config.exchange import ExchangeSettings
from agi_app.config.settings import load_settings
from agi_app.errors import ConfigError


def test_the_address_is_not_shown_with_the_settings() -> None:
    assert "s3cret" not in repr(ExchangeSettings(database_url="postgresql://agi_app_exchange:s3cret@h/d"))


def test_the_address_comes_from_the_settings_or_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_project(tmp_path / "clinic")
    settings = load_settings(tmp_path / "clinic")
    with pytest.raises(ConfigError, match="agi-app exchange setup"):
        settings.exchange_database_url()
    settings.exchange_folder.mkdir()
    (settings.exchange_folder / "database-url").write_text("postgresql://u:p@host/d\n")
    assert settings.exchange_database_url() == "postgresql://u:p@host/d"
    (settings.exchange_folder / "database-url").write_text("not an address")
    with pytest.raises(ConfigError, match="run `agi-app exchange setup` again"):
        settings.exchange_database_url()
    monkeypatch.setenv("AGI_APP_EXCHANGE__DATABASE_URL", "postgresql://u:p@elsewhere/d")
    assert load_settings(tmp_path / "clinic").exchange_database_url() == "postgresql://u:p@elsewhere/d"
