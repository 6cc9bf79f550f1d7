"""A support bundle: whatever was planted, in every place that is looked at, is not in it; what helps is."""

from __future__ import annotations

import base64
import json
import os
import re
import tarfile
from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest

from agi_app.campaigns.project.new_project import make_project
from agi_app.store.database.pool import Store
from agi_app.store.service import support
from agi_app.support import bundle
from tests import forked_commands
from tests.store.world import World, campaign

pytestmark = pytest.mark.postgres
NUMBERS = ("+8613812345678", "138-1234-5678", "(010) 6552 1234", "0086 139 8765 4321", "０１０７７８８９９００")
NAMES = ("Zhang Wei", "张伟", "Mark Will", "欧阳娜娜", "Jürgen Groß")
MAIL = ("zhang.wei@example.com", "娜娜@example.cn")
ARI, AMI, AGI, DATABASE, FEED = (
    "ari-Secret-1",
    "ami-Secret-2",
    "agitoken3abcdefghijklmnop",
    "db-Secret-4",
    "feed-Secret-5",
)
WEBHOOK = base64.b64encode(b"webhook secret number six").decode()
API, TRUNK = "agi_7f83b1657ff1fc53b92dc18148a1d65d", "trunk-Secret-7"


@pytest.fixture
def project(tmp_path: Path, database_url: str) -> Path:
    """One with secrets in its settings and files, and people in its database."""
    folder = tmp_path / "clinic"
    make_project(folder)
    settings = (folder / "agi-app.toml").read_text()
    settings = settings.replace('password_file = "ari-password"', f'password = "{ARI}"')
    feed = (
        f'[feeds.clinic]\ncampaign = "march-checkup"\ndatabase_url = "postgresql://office:{FEED}@127.0.0.1:1/x"\n'
        'query_file = "query.sql"\nmode = "whole"\nevery = "5min"\n'
    )
    (folder / "query.sql").write_text("SELECT 1")
    (folder / "agi-app.toml").write_text(f"{settings}\n[agi]\ntoken = '{AGI}'\n{feed}")
    (folder / "ami-password").write_text(f"{AMI}\n")
    rows = [f"p{n},{number},{name}" for n, (number, name) in enumerate(zip(NUMBERS[:1], NAMES[:1], strict=True))]
    (folder / "people.csv").write_text("external_id,number,name\n" + "\n".join(rows) + "\n", encoding="utf-8")
    with psycopg.connect(database_url) as connection:
        for n, name in enumerate(NAMES):
            connection.execute(
                "INSERT INTO person (e164, number_hash, region, zones) VALUES (%s, %s, 'CN', '{Asia/Shanghai}')",
                [f"+8613900000{n:03d}", bytes([n]) * 32],
            )
            connection.execute(
                "INSERT INTO campaign (name, spec, flow_file, flow_text) VALUES"
                " ('c', '{\"purpose\": \"transactional\", \"caller_id\": \"+99986210000001\"}', 'f', 'f')"
                " ON CONFLICT DO NOTHING"
            )
            connection.execute(
                "INSERT INTO contact (campaign, external_id, person_id, fields, due_at)"
                " SELECT 'c', %s, max(person_id), jsonb_build_object('name', %s::text), now() FROM person",
                [f"x{n}", name],
            )
    return folder


def planted(project: Path) -> list[str]:
    """Everything that must not be in the bundle, and parts of it."""
    keys = [(project / "var" / name).read_text().strip() for name in ("suppression.key",)]
    pem = "".join(
        line for line in (project / "var" / "audit" / "key.pem").read_text().splitlines() if "-----" not in line
    )
    digits = [re.sub(r"\D", "", number) for number in NUMBERS]
    words = [word for name in NAMES for word in name.split() if word not in ("Will",)]
    secrets = [ARI, AMI, AGI, DATABASE, FEED, WEBHOOK, API, TRUNK, pem, *keys, keys[0][:16]]
    return [*NUMBERS, *digits, *(d[-8:] for d in digits), *words, *MAIL, "zhang.wei", "example.com", *secrets]


def log_lines() -> Sequence[str]:
    """What a worker, PostgreSQL, Asterisk and a traceback could have said."""
    lines = [
        f"2026-03-03 09:30:00 UTC [1234] ERROR: nobody is dialled until the database is well: {n}" for n in NUMBERS
    ]
    lines += [
        json.dumps({"level": "info", "event": f"call to {n} ended", "name": n, n: 1}, ensure_ascii=False) for n in NAMES
    ]
    lines += [json.dumps({"event": "x", "number": int(re.sub(r"\D", "", n))}) for n in NUMBERS]
    lines += [f"mail to {one}" for one in MAIL]
    lines += [
        f"http://agi-app:{ARI}@127.0.0.1:8088/ari",
        f"secret = {AMI}",
        f"connection to postgresql://a:{DATABASE}@db/x",
    ]
    lines += [
        f"webhook-signature whsec_{WEBHOOK}",
        f"authorization: Bearer {API}",
        f"password={TRUNK}",
        f"line {FEED} {AGI}",
    ]
    return lines


def test_nothing_that_was_planted_is_in_it(project: Path, database_url: str, tmp_path: Path) -> None:
    """In settings, files, database and logs: numbers, names, addresses, secrets of every kind. 0 are found."""
    log, out = tmp_path / "worker.log", tmp_path / "bundle.tar.gz"
    keys = [(project / "var" / "suppression.key").read_text().strip()]
    log.write_text(
        "\n".join([*log_lines(), *keys, (project / "var" / "audit" / "key.pem").read_text()]), encoding="utf-8"
    )
    env = {**os.environ, "DATABASE_URL": database_url, "AGI_APP_AMI__PASSWORD": AMI}
    words = ("support-bundle", "-p", str(project), "--output", str(out), "--log", str(log))
    done = forked_commands.agi_app(words, cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    assert "look through it" in done.stdout
    assert out.stat().st_mode & 0o777 == 0o600
    with tarfile.open(out) as tar:
        texts = {m.name: tar.extractfile(m).read().decode() for m in tar}  # type: ignore[union-attr]
    everything = "\n".join(f"{name}\n{text}" for name, text in texts.items())
    assert [one for one in planted(project) if one in everything] == []
    assert not re.search(
        r"\d[\s().-]?\d[\s().-]?\d[\s().-]?\d[\s().-]?\d[\s().-]?\d[\s().-]?\d",
        texts["agi-app-support/logs/1.log"].replace("2026-03-03 09:30:00", ""),
    )

    assert "nobody is dialled until the database is well" in everything
    found = {name.removeprefix("agi-app-support/"): text for name, text in texts.items()}
    assert json.loads(found["settings.json"])["file"]["asterisk"]["password"] == "(set)"
    database = json.loads(found["database.json"])
    assert {"contact", "person"} <= {table["name"] for table in database["tables"]}
    assert all(isinstance(table["bytes"], int) for table in database["tables"])
    assert any(one["check"] == "database" for one in json.loads(found["doctor.json"]))
    assert json.loads(found["versions.json"])["packages"]["agi-app"]


def test_it_is_made_while_the_database_is_away(project: Path, tmp_path: Path) -> None:
    out = tmp_path / "bundle.tar.gz"
    env = {**os.environ, "DATABASE_URL": f"postgresql://a:{DATABASE}@127.0.0.1:1/x", "PATH": str(tmp_path)}
    done = forked_commands.agi_app(("support-bundle", "-p", str(project), "--output", str(out)), cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    assert "the database was not looked at" in done.stderr
    assert "the logs of the services are not in it" in done.stderr
    with tarfile.open(out) as tar:
        everything = "".join(tar.extractfile(m).read().decode() for m in tar)  # type: ignore[union-attr]
    assert DATABASE not in everything


def test_it_is_made_of_settings_that_are_wrong(project: Path, tmp_path: Path) -> None:
    """Then, too, a secret in them is one."""
    with (project / "agi-app.toml").open("a") as settings:
        settings.write("\n[nonsense]\nx = 1\n")
    out = tmp_path / "bundle.tar.gz"
    words = ("support-bundle", "-p", str(project), "--output", str(out))
    done = forked_commands.agi_app(words, cwd=tmp_path, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    with tarfile.open(out) as tar:
        everything = "".join(tar.extractfile(m).read().decode() for m in tar)  # type: ignore[union-attr]
    assert not [one for one in (ARI, AMI, AGI, FEED) if one in everything]


def test_a_file_that_is_there_stays_as_it_is(project: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.tar.gz"
    out.write_text("mine")
    words = ("support-bundle", "-p", str(project), "--output", str(out))
    done = forked_commands.agi_app(words, cwd=tmp_path, env=dict(os.environ))
    assert done.returncode == 1
    assert "is there already" in done.stderr
    assert out.read_text() == "mine"


def test_a_log_that_is_not_there(project: Path, tmp_path: Path) -> None:
    words = ("support-bundle", "-p", str(project), "--output", str(tmp_path / "x"), "--log", str(tmp_path / "no.log"))
    done = forked_commands.agi_app(words, cwd=tmp_path, env=dict(os.environ))
    assert done.returncode == 1
    assert "there is no such file" in done.stderr
    assert not (tmp_path / "x").exists()


async def test_figures_and_words_of_people(store: Store, world: World) -> None:
    await world.running(campaign(), [1, 2])
    figures = await support.figures(store)
    assert figures["campaigns"] == {"running": 1}
    assert "Person" in await support.personal_words(store)
    assert bundle.bundle_name().endswith(".tar.gz")
