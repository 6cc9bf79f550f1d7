"""`agi-app doctor` on a real Asterisk and a real database: it finds what is wrong and says how to mend it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from agi_app.campaigns.project.new_project import make_project
from agi_app.config.identity import IdentitySettings
from agi_app.consent.number_hashes import SuppressionKey
from agi_app.doctor import examine
from agi_app.model.finding import Finding
from agi_app.store.database import embedded
from sandbox.asterisk import Asterisk
from sandbox.capture import Capture
from sandbox.world import line_toml, settings_toml
from tests.asterisk.client import TRUNK

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

KEY = "ab" * 32
IDENTITY = IdentitySettings(project="1d" * 16, suppression_key=SuppressionKey(bytes.fromhex(KEY)).check_value).toml


@dataclass
class Patient:
    """A project on the embedded database."""

    folder: Path
    settings: str

    async def examine(self, settings: str | None = None) -> dict[str, Finding]:
        """The findings by name, with these settings."""
        text = self.settings if settings is None else settings
        (self.folder / "agi-app.toml").write_text(f"{text}\n{IDENTITY}", "utf-8")
        return {f.check: f for f in await examine(self.folder)}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.EmbeddedServer]:
    """The data folder's own server, kept running over the tests."""
    server = embedded.acquire(tmp_path_factory.mktemp("patient"))
    yield server
    server.release()


@pytest.fixture
def patient(
    tmp_path: Path, asterisk: Asterisk, cluster: embedded.EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> Patient:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("AGI_APP_SUPPRESSION_KEY", KEY)
    make_project(tmp_path / "mine")
    assert asterisk.prompts_dir is not None
    shutil.copytree(tmp_path / "mine" / "prompts", asterisk.prompts_dir, dirs_exist_ok=True)
    data = cluster.folder.parent
    settings = f"{settings_toml(asterisk, trunk='sandbox')}\n{line_toml(tmp_path / 'mine', {'front-desk': 'answers'})}"
    return Patient(tmp_path / "mine", f'data_folder = "{data}"\n{settings}')


async def test_a_new_project_lacks_only_its_worker(patient: Patient) -> None:
    """The tables of the embedded database are made by the way, as every command does."""
    found = await patient.examine()
    assert {name for name, f in found.items() if not f.well} == {"worker"}
    assert "screening" not in found, "the same cause is reported once"
    assert "agi-app run" in found["worker"].fix
    assert found["Asterisk"].text.startswith("22.")
    assert found["trunk sandbox"].text.startswith("leads to sip:127.0.0.1:")
    assert {"settings", "project files", "data folder", "database", "clocks", "calling rules"} <= set(found)
    assert found["prompts play"].text.startswith("Asterisk played ")
    assert found["lines"].text == "1 number is answered by flows"


async def test_every_fault_is_found_in_one_look(patient: Patient) -> None:
    """A wrong password, a broken flow and an unreachable database do not hide each other."""
    (patient.folder / "flows" / "torn.yaml").write_text("flow: [")
    wrong = patient.settings.replace('password = "', 'password = "x')
    found = await patient.examine(f'database_url = "postgresql://agi_app@127.0.0.1:1/agi_app"\n{wrong}')
    assert {name for name, f in found.items() if not f.well} == {"project files", "database", "Asterisk", "AMI"}
    assert "flows/torn.yaml:" in found["project files"].text
    assert "password" in found["Asterisk"].text
    assert all(f.fix for f in found.values() if not f.well)


async def test_a_trunk_that_asterisk_lacks(patient: Patient) -> None:
    found = await patient.examine(patient.settings.replace(f"{{number}}@{TRUNK}", "{number}@nowhere"))
    bad = found["trunk sandbox"]
    assert not bad.well
    assert "'nowhere'" in bad.text


async def test_a_prompt_is_really_played_and_nobody_is_rung(
    patient: Patient, asterisk: Asterisk, capture: Capture
) -> None:
    """Asterisk sees another folder, then a file in a format that it cannot read; it says why both times."""
    before = len(capture.calls())
    bad = (await patient.examine(patient.settings.replace(asterisk.prompts_path, "/srv/elsewhere")))["prompts play"]
    assert not bad.well
    assert "/srv/elsewhere" in bad.text
    assert "prompts_path" in bad.fix
    assert asterisk.prompts_dir is not None
    for wav in asterisk.prompts_dir.glob("*/**/*.wav"):
        sound = wav.read_bytes()
        wav.write_bytes(sound[:24] + (16000).to_bytes(4, "little") + sound[28:])
    assert not (await patient.examine())["prompts play"].well
    shutil.copytree(patient.folder / "prompts", asterisk.prompts_dir, dirs_exist_ok=True)
    assert (await patient.examine())["prompts play"].well
    assert len(capture.calls()) == before


async def test_no_asterisk_there(patient: Patient, asterisk: Asterisk) -> None:
    found = await patient.examine(patient.settings.replace(asterisk.ari_url, "http://127.0.0.1:1/ari"))
    assert "No Asterisk answers at http://127.0.0.1:1/ari" in found["Asterisk"].text


async def test_settings_that_cannot_be_read_end_the_look(patient: Patient) -> None:
    found = await patient.examine("[asterisk\n")
    assert list(found) == ["settings"]
    assert not found["settings"].well


async def test_another_suppression_key_is_found(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    await patient.examine()
    monkeypatch.setenv("AGI_APP_SUPPRESSION_KEY", "cd" * 32)
    found = await patient.examine()
    assert "suppression_key does not match the key in" in found["data folder"].text


async def test_a_caller_id_is_judged_by_rules_time(patient: Patient, cluster: embedded.EmbeddedServer) -> None:
    """In a sandbox that lives in March a proof until April has weeks to go, whatever the real date is."""
    await patient.examine()
    with psycopg.connect(cluster.url) as connection:
        connection.execute(
            "INSERT INTO caller_id_proof (e164, kind, entered_by, proved_at, expires_at)"
            " VALUES ('+999862155500001', 'letter', 'Ann', '2020-03-01', '2020-04-10')"
        )
        connection.execute(
            "INSERT INTO campaign (name, spec, flow_file, flow_text, state)"
            " VALUES ('c', %s, '', '', 'running') ON CONFLICT DO NOTHING",
            (
                '{"name": "c", "purpose": "survey", "flow": "f", "trunk": "t", "caller_id": "+999862155500001",'
                ' "jurisdictions": ["CN"]}',
            ),
        )
    in_march = await patient.examine(f'{patient.settings}\n[sandbox]\nclock = "2020-03-03T10:00:00+08:00"\n')
    assert "filled by the real clock" in in_march["database"].text
    with psycopg.connect(cluster.url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("INSERT INTO database_fact (name, value) VALUES ('clock', 'sandbox')")
    in_march = await patient.examine(f'{patient.settings}\n[sandbox]\nclock = "2020-03-03T10:00:00+08:00"\n')
    assert in_march["caller ID"].well
    assert "good for 37 days" in in_march["caller ID"].text
    with psycopg.connect(cluster.url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE database_fact SET value = 'system'")
    now = await patient.examine()
    assert "the proof has expired on 2020-04-10" in now["caller ID"].text
    assert "agi-app callerid prove +999862155500001" in now["caller ID"].fix


async def test_the_dialplan_has_another_token(patient: Patient, asterisk: Asterisk) -> None:
    """Somebody answers on the port; whether Asterisk shows the same token is asked of Asterisk."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", asterisk.agi_port)
    async with server:
        assert (await patient.examine())["screening"].well
        wrong = (await patient.examine(patient.settings.replace(asterisk.agi_token, "0" * 48)))["screening"]
        assert "another one" in wrong.text
        off = await patient.examine(patient.settings.replace(f'token = "{asterisk.agi_token}"', ""))
        assert "screening" not in off


async def test_machine_detection_is_tried_where_a_campaign_asks_for_it(patient: Patient, asterisk: Asterisk) -> None:
    """A module and the dialplan, each by name; and no telephone rings."""
    (campaign,) = (patient.folder / "campaigns").glob("*.yaml")
    assert "machine detection" not in await patient.examine()
    campaign.write_text(f"{campaign.read_text('utf-8')}\nmachine_detection: {{action: hang_up}}\n", "utf-8")
    assert (await patient.examine())["machine detection"].well
    for spoil, word in (
        ("module unload app_amd.so", "app_amd"),
        ("dialplan remove context agi-app-amd", "agi-app-amd"),
    ):
        asterisk.cli(spoil)
        found = (await patient.examine())["machine detection"]
        asterisk.cli("module load app_amd.so")
        asterisk.cli("dialplan reload")
        assert not found.well
        assert word in found.text
