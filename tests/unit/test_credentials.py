"""Secrets that systemd gives a service as files, in the place of settings and of the key in the data folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agi_app.config.needed_settings import load_needed
from agi_app.config.settings import load_settings, source_of_database
from agi_app.consent.number_hashes import KEY_FILE, load_key, make_suppression_key
from agi_app.errors import ConfigError

IDENTITY = (
    '[identity]\nproject = "0123456789abcdef0123456789abcdef"\nsuppression_key = "0123456789abcdef0123456789abcdef"\n'
)
Give = Callable[..., Path]


@pytest.fixture
def give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Give:
    """Puts credentials into the folder of this process."""
    folder = tmp_path / "credentials"
    folder.mkdir()

    def make(**secrets: str) -> Path:
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
        for name, text in secrets.items():
            (folder / name.replace("__", ".").replace("agi_app", "agi-app")).write_text(f"{text}\n")
        return folder

    return make


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "agi-app.toml").write_text('[asterisk]\npassword_file = "not-there"\n[ami]\nusername = "agi-app"\n')
    return folder


def test_a_credential_is_a_setting(give: Give, project: Path) -> None:
    """Before the file's, and after the environment's."""
    give(
        agi_app__asterisk__password="from systemd",
        agi_app__ami__password="keys",
        agi_app__database_url="postgresql:///a",
    )
    settings = load_settings(project)
    assert (settings.ari_password(), settings.ami_password()) == ("from systemd", "keys")
    assert settings.database_url == "postgresql:///a"
    assert source_of_database() == "the credential agi-app.database_url"


def test_a_service_without_credentials_has_none(project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """systemd names the folder also where `ImportCredential=` found nothing, and then makes none."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials" / "agi-app.service"))
    assert load_settings(project).ami.password == ""
    (tmp_path / "credentials").write_text("")
    with pytest.raises(ConfigError, match=r"^CREDENTIALS_DIRECTORY="):
        load_settings(project)


def test_the_environment_goes_before_a_credential(give: Give, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    give(agi_app__ami__password="credential", agi_app__database_url="postgresql:///a")
    monkeypatch.setenv("AGI_APP_AMI__PASSWORD", "environment")
    monkeypatch.setenv("DATABASE_URL", "postgresql:///b")
    settings = load_settings(project)
    assert settings.ami_password() == "environment"
    assert settings.database_url == "postgresql:///b"


def test_a_feed_has_its_own(give: Give, project: Path) -> None:
    (project / "feeds").mkdir()
    with (project / "agi-app.toml").open("a") as file:
        file.write('[feeds.visits]\ncampaign = "spring"\nquery_file = "feeds/visits.sql"\nmost_a_day = 10\n')
        file.write('[feeds.visits.columns]\nid = "id"\nnumber = "mobile"\n')
    give(agi_app__feeds__visits__database_url="postgresql://feeds@db.example/clinic")
    assert load_settings(project).feed_database_url("visits") == "postgresql://feeds@db.example/clinic"


def test_one_of_a_feed_that_was_removed_is_left_out(give: Give, project: Path) -> None:
    give(agi_app__feeds__gone__database_url="postgresql://feeds@db.example/clinic")
    assert load_settings(project).feeds == {}


def test_a_fault_names_the_credential_and_not_what_is_in_it(give: Give, project: Path) -> None:
    give(agi_app__database_url="postgresql://agi:p@ss@host/db")
    with pytest.raises(ConfigError) as error:
        load_settings(project)
    assert str(error.value).startswith("the credential agi-app.database_url: database_url: must be written ")
    assert "p@ss" not in str(error.value)
    assert error.value.problems == ()


@pytest.mark.parametrize(
    "name", ["agi_app__ami__pasword", "agi_app__ami__host", "agi_app__ami", "agi_app__feeds__a__b__c"]
)
def test_an_unknown_credential_is_refused(give: Give, project: Path, name: str) -> None:
    """It would else be a password that nobody uses."""
    give(**{name: "secret"})
    with pytest.raises(ConfigError) as error:
        load_settings(project)
    assert "is no secret of agi-app" in str(error.value)
    assert "did you mean" in str(error.value) or not name.endswith("pasword")


def test_an_empty_or_unreadable_credential_is_refused(give: Give, project: Path) -> None:
    (give(agi_app__ami__password="") / "agi-app.asterisk.password").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"the credential agi-app\.ami\.password: is empty"):
        load_settings(project)
    give(agi_app__ami__password="x")
    with pytest.raises(ConfigError, match=r"the credential agi-app\.asterisk\.password: cannot be read"):
        load_settings(project)


def test_credentials_of_others_are_left_alone(give: Give, project: Path) -> None:
    give(**{"tls-key": "x", "postgres__password": "y"})
    assert load_settings(project).ami.password == ""


def test_a_file_of_the_settings_may_be_a_credential(give: Give, project: Path) -> None:
    give(**{"ari-secret": "from systemd"})
    (project / "agi-app.toml").write_text('[asterisk]\npassword_file = "$CREDENTIALS_DIRECTORY/ari-secret"\n')
    assert load_settings(project).ari_password() == "from systemd"


def test_a_command_beside_the_service_is_told_who_has_the_credential(project: Path) -> None:
    (project / "agi-app.toml").write_text('[asterisk]\npassword_file = "$CREDENTIALS_DIRECTORY/ari-secret"\n')
    with pytest.raises(
        ConfigError, match=r"only the service has this credential: see docs/how-to/run-as-a-service\.md"
    ):
        load_settings(project).ari_password()


def test_a_stop_finds_the_database_of_a_credential(give: Give, project: Path) -> None:
    """Also while another part of the file has a fault: a stop in the wrong database would be lost."""
    (project / "agi-app.toml").write_text(IDENTITY + '[asterisk]\nurl = "nonsense"\n')
    give(agi_app__database_url="postgresql:///a")
    settings, fault = load_needed(project)
    assert fault is not None
    assert settings.database_url == "postgresql:///a"
    give(agi_app__nonsense="x")
    with pytest.raises(ConfigError):
        load_needed(project)


def test_the_suppression_key_may_be_a_credential(give: Give, tmp_path: Path) -> None:
    """Then the data folder has none, and nobody looks for it there."""
    give(agi_app__suppression_key="ab" * 32)
    data = tmp_path / "var"
    assert make_suppression_key(data).check_value == load_key(data).check_value
    assert not (data / KEY_FILE).exists()


def test_a_damaged_key_in_a_credential_is_told(give: Give, tmp_path: Path) -> None:
    give(agi_app__suppression_key="ab")
    with pytest.raises(ConfigError, match=r"agi-app\.suppression_key: the suppression key must be the 64 hex digits"):
        load_key(tmp_path)
