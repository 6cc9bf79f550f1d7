"""Whatever is wrong around it or in its files: one clear message, the right exit code, no traceback."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from agi_app.store.database.embedded import EmbeddedServer
from sandbox.commands import AgiApp
from sandbox.project import write_settings
from tests.system.site import CALLER_ID, CLOCK, LETTER, Site, people

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

WRONG_INPUT, WRONG_ENVIRONMENT = 1, 2
CAMPAIGN = "spring"


@pytest.fixture(scope="module")
def sound(new_site: Callable[..., Site]) -> Site:
    """A project that is well, with a campaign ready to start."""
    site = new_site("sound")
    numbers = people(1, 1)
    site.consent(numbers)
    site.write_campaign(CAMPAIGN)
    site.app.ask("contacts", "import", CAMPAIGN, site.write_contacts(numbers))
    site.app.ask("callerid", "list")
    return site


def in_chinese(said: str) -> bool:
    """Whether a message is Chinese, without an English sentence but for code and what another program says."""
    ours = re.sub(r"`[^`]*`|（[^（）]*）|“[^”]*”|\S*[/@:=]\S*", "", said)
    if found := re.search(r"[A-Za-z']{2,}[ ,]+[a-z']{2,}[ ,]+[a-z']{2,}", ours):
        raise AssertionError(f"English {found[0]!r} in {said!r}")
    return re.search("[\u4e00-\u9fff]", said) is not None


class Project:
    """A copy of the project for a test to break; it shares the database."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site = site
        self.folder = folder / "project"
        shutil.copytree(site.project, self.folder)

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace a text of a file that must be in it."""
        path = self.folder / file
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    def fails(self, code: int, *arguments: str, env: dict[str, str] | None = None) -> str:
        """Run a command that must end with this code and one message, in both languages; returns what it said."""
        assert in_chinese(self._fails("zh", code, *arguments, env=env))
        return self._fails("en", code, *arguments, env=env)

    def _fails(self, language: str, code: int, *arguments: str, env: dict[str, str] | None) -> str:
        known = {**os.environ, "DATABASE_URL": self.site.database_url, "AGI_APP_LANG": language, **(env or {})}
        done = AgiApp(self.folder, self.folder, env=known).run(*arguments)
        said = done.stdout + done.stderr
        assert "Traceback" not in said
        assert done.returncode == code, said
        messages = [line for line in said.strip().splitlines() if "[info " not in line]  # no log
        assert len(messages) == 1, f"not one message:\n{said}"
        assert self.site.asterisk.ari_password not in said
        return said


@pytest.fixture
def project(sound: Site, tmp_path: Path) -> Project:
    """A project to break; the database knows of no worker that had its journal elsewhere."""
    with psycopg.connect(sound.database_url) as connection:
        connection.execute("DELETE FROM worker_journal")
    return Project(sound, tmp_path)


# ---------------------------------------------------------------- the environment: exit 2


def test_asterisk_unreachable(project: Project) -> None:
    """The address is in the message."""
    project.edit("agi-app.toml", project.site.asterisk.ari_url, "http://127.0.0.1:1/ari")
    assert "No Asterisk answers at http://127.0.0.1:1/ari" in project.fails(WRONG_ENVIRONMENT, "run")


def test_wrong_ari_password(project: Project) -> None:
    """The message says where the right one stands, and does not repeat the wrong one."""
    project.edit("agi-app.toml", project.site.asterisk.ari_password, "not-it")
    said = project.fails(WRONG_ENVIRONMENT, "run")
    assert "refuses the ARI user 'agi-app' or its password" in said
    assert "ari.conf" in said
    assert "not-it" not in said


@pytest.mark.parametrize("command", [("run",), ("report", CAMPAIGN), ("consent", "import", "consent.csv")])
def test_database_unreachable(project: Project, command: tuple[str, ...]) -> None:
    """Every command says so in the same way, without the password."""
    said = project.fails(WRONG_ENVIRONMENT, *command, env={"DATABASE_URL": "postgresql://me:hush@127.0.0.1:1/calls"})
    assert "me@127.0.0.1:1/calls: nothing listens there" in said
    assert "hush" not in said


def test_wrong_database_password(project: Project, cluster: EmbeddedServer) -> None:
    """Told as such."""
    hba = cluster.folder / "data" / "pg_hba.conf"
    hba.write_text("local all guest scram-sha-256\n" + hba.read_text())
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute("CREATE ROLE guest LOGIN PASSWORD 'right'")
        connection.execute("SELECT pg_reload_conf()")
    url = psycopg.conninfo.make_conninfo(project.site.database_url, user="guest", password="hush")
    said = project.fails(WRONG_ENVIRONMENT, "run", env={"DATABASE_URL": url})
    assert "the password is wrong: correct it in the environment variable DATABASE_URL" in said
    assert "hush" not in said


def test_database_without_tables(project: Project, new_database: Callable[[], str]) -> None:
    """The command that makes them is in the message."""
    assert "agi-app migrate" in project.fails(WRONG_ENVIRONMENT, "run", env={"DATABASE_URL": new_database()})


def test_no_settings_file(project: Project) -> None:
    """How to make a project is in the message."""
    (project.folder / "agi-app.toml").unlink()
    said = project.fails(WRONG_ENVIRONMENT, "run")
    assert "agi-app.toml: there is no such file" in said
    assert "agi-app init" in said


def test_malformed_settings(project: Project) -> None:
    """With line and column."""
    project.edit("agi-app.toml", "[asterisk]", "[asterisk")
    said = project.fails(WRONG_ENVIRONMENT, "run")
    assert "agi-app.toml:2:10: is not valid TOML: put a table's name in brackets" in said


def test_a_setting_that_does_not_exist(project: Project) -> None:
    """A misspelt setting is not passed over."""
    project.edit("agi-app.toml", "concurrent =", "concurent =")
    said = project.fails(WRONG_ENVIRONMENT, "run")
    assert "trunks.sandbox.concurent: there is no such setting" in said


def test_sandbox_clock_with_a_real_trunk(project: Project) -> None:
    """Nobody real is called at a time that is not the real one."""
    project.edit("agi-app.toml", "sandbox = true", "sandbox = false")
    said = project.fails(WRONG_ENVIRONMENT, "run")
    assert "sandbox.clock is accepted only if every trunk is marked sandbox = true; these are not: sandbox" in said


def test_sandbox_trunk_that_leads_off_this_machine(project: Project) -> None:
    """The worker asks Asterisk where the trunk leads before it calls anybody."""
    asterisk = project.site.asterisk
    trunks = asterisk.run_dir / "etc" / "pjsip_trunks.conf"
    before = trunks.read_text()
    endpoint = (
        "[abroad]\ntype=endpoint\naors=abroad\ntransport=transport-udp\ndisallow=all\nallow=ulaw\nidentify_by=ip\n"
    )
    trunks.write_text(f"{before}\n{endpoint}[abroad]\ntype=aor\ncontact=sip:192.0.2.1:5060\nqualify_frequency=0\n")
    asterisk.cli("module reload res_pjsip.so")
    try:
        project.edit("agi-app.toml", "@sandbox-carrier", "@abroad")
        said = project.fails(WRONG_ENVIRONMENT, "run")
    finally:
        trunks.write_text(before)
        asterisk.cli("module reload res_pjsip.so")
    assert "trunk sandbox: it is marked sandbox but may lead to sip:192.0.2.1:5060" in said


def test_another_suppression_key(project: Project) -> None:
    """With it nobody who said stop would be recognised."""
    said = project.fails(WRONG_ENVIRONMENT, "run", env={"AGI_APP_SUPPRESSION_KEY": "ab" * 32})
    assert "identity.suppression_key does not match the key in" in said


def test_data_folder_that_cannot_be_written(project: Project) -> None:
    """Here a file is in its place; root may write everywhere else."""
    (project.folder / "taken").write_text("")
    write_settings(project.folder, f'data_folder = "taken"\n{project.site.settings()}')
    said = project.fails(WRONG_ENVIRONMENT, "run", env={"DATABASE_URL": ""})
    assert f"{project.folder}/taken" in said


# ---------------------------------------------------------------- the input: exit 1


@pytest.mark.parametrize(
    "command",
    [
        ("campaign", "status", "sprinng"),
        ("campaign", "start", "sprinng"),
        ("campaign", "pause", "sprinng"),
        ("report", "sprinng"),
        ("contacts", "import", "sprinng", "contacts.csv"),
    ],
)
def test_unknown_campaign(project: Project, command: tuple[str, ...]) -> None:
    """Its name is repeated."""
    assert "there is no campaign 'sprinng'" in project.fails(WRONG_INPUT, *command)


def test_malformed_campaign(project: Project) -> None:
    """File, line and column."""
    project.edit(f"campaigns/{CAMPAIGN}.yaml", "purpose: transactional", "purpose: [transactional")
    said = project.fails(WRONG_INPUT, "campaign", "start", CAMPAIGN)
    assert said.startswith(f"campaigns/{CAMPAIGN}.yaml:3:14: yaml/syntax")


def test_unknown_purpose(project: Project) -> None:
    """File, line, column, and what would be right."""
    project.edit(f"campaigns/{CAMPAIGN}.yaml", "purpose: transactional", "purpose: transactionall")
    said = project.fails(WRONG_INPUT, "campaign", "start", CAMPAIGN)
    assert said.startswith(f"campaigns/{CAMPAIGN}.yaml:2:1: campaign/purpose")
    assert 'did you mean "transactional"?' in said


def test_missing_prompt(project: Project) -> None:
    """The file that is missing, and where it is used."""
    (project.folder / "prompts" / "en" / "key.wav").unlink()
    (project.folder / "flows" / "bulk.yaml").unlink()  # it uses the same prompt
    said = project.fails(WRONG_INPUT, "campaign", "start", CAMPAIGN)
    assert said.startswith("flows/patient.yaml:")
    assert "prompts/en/key" in said


def test_bad_contact_row(project: Project) -> None:
    """The row is named and kept with its reason; the good ones are imported."""
    good, other = people(1, 1)
    (project.folder / "new.csv").write_text(f"external_id,number\nA1,{good}\nA2,hello\nA3,{other}\n", "utf-8")
    with_database = {**os.environ, "DATABASE_URL": project.site.database_url}
    done = AgiApp(project.folder, project.folder, env=with_database).run("contacts", "import", CAMPAIGN, "new.csv")
    assert done.returncode == WRONG_INPUT
    assert "Traceback" not in done.stdout + done.stderr
    assert "new.csv:3:4:" in done.stderr
    assert "3 rows: 2 added, 0 updated, 0 unchanged, 1 rejected" in done.stdout
    rejects = (project.folder / "new.csv.rejects.csv").read_text("utf-8-sig")
    assert "A2,hello" in rejects
    assert "A1" not in rejects


def test_contacts_file_absent(project: Project) -> None:
    """Which file."""
    said = project.fails(WRONG_INPUT, "contacts", "import", CAMPAIGN, "nowhere.csv")
    assert "nowhere.csv" in said


def test_start_without_contacts(project: Project) -> None:
    """The command that adds them is in the message."""
    text = (project.folder / "campaigns" / f"{CAMPAIGN}.yaml").read_text("utf-8")
    (project.folder / "campaigns" / "empty.yaml").write_text(text.replace(CAMPAIGN, "empty"), "utf-8")
    assert "agi-app contacts import empty FILE" in project.fails(WRONG_INPUT, "campaign", "start", "empty")


def test_start_without_a_proof_of_the_caller_id(project: Project) -> None:
    """The command that records one is in the message."""
    project.edit(f"campaigns/{CAMPAIGN}.yaml", CALLER_ID, "+999862155500002")
    said = project.fails(WRONG_INPUT, "campaign", "start", CAMPAIGN)
    assert "caller_id +999862155500002: has no ownership proof; `agi-app callerid prove" in said


def test_start_with_an_expired_proof(project: Project) -> None:
    """A proof holds to the end of its last day, by the clock that the rules go by."""
    number = "+999862155500003"
    letter = project.folder / "letter.txt"
    letter.write_text(LETTER.read_text("utf-8").replace(CALLER_ID, number), "utf-8")
    with_database = {**os.environ, "DATABASE_URL": project.site.database_url}
    app = AgiApp(project.folder, project.folder, env=with_database)
    app.ask("callerid", "prove", number, "--letter", "letter.txt", "--expires", "2026-03-04")
    project.edit(f"campaigns/{CAMPAIGN}.yaml", CALLER_ID, number)
    project.edit("agi-app.toml", CLOCK, "2026-03-05T17:30:00+08:00")
    said = project.fails(WRONG_INPUT, "campaign", "start", CAMPAIGN)
    assert f"caller_id {number}: the proof has expired" in said


def test_a_letter_about_another_number(project: Project) -> None:
    """It proves only the number that stands in it."""
    said = project.fails(WRONG_INPUT, "callerid", "prove", "+999862155500004", "--letter", str(LETTER))
    assert "does not name +999862155500004" in said


def test_a_number_that_is_none(project: Project) -> None:
    """A stop for a mistyped number must not pass as taken."""
    assert "+12: " in project.fails(WRONG_INPUT, "stop", "+12")
