"""What an upgrade would do, told before; tried on a copy; and done only with a backup and without a worker."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path

import psycopg
import pytest

from agi_app.backup.upgrade_trial import try_migrations
from agi_app.campaigns.project.new_project import make_project
from agi_app.config.settings import load_settings
from agi_app.consent.project_identity import key_of
from agi_app.store.database import migrate, upgrade_plan, versions
from agi_app.store.database.pool import Store
from agi_app.store.database.upgrade_plan import statements
from tests import forked_commands
from tests.store.conftest import open_store

pytestmark = pytest.mark.postgres
BEFORE = 84  # the number of the last migration of the older version


@pytest.fixture
async def older(new_url: str, tmp_path: Path) -> str:
    """A database of an older version."""
    folder = tmp_path / "older-schema"
    folder.mkdir()
    for migration in versions.known():
        if migration.number <= BEFORE:
            (folder / f"{migration.name}.sql").write_text(migration.text, encoding="utf-8")
    store = await open_store(new_url, check_schema=False)
    await migrate.migrate(store, folder)
    await store.close()
    return new_url


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "clinic"
    make_project(folder)
    return folder


def upgrade(project: Path, url: str, *words: str, code: int = 0) -> str:
    """The command; what it said."""
    env = {**os.environ, "DATABASE_URL": url}
    done = forked_commands.agi_app(("upgrade", "-p", str(project), *words), cwd=project, env=env)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def number_of(url: str) -> object:
    """The last migration of the database."""
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT max(number) FROM schema_version").fetchone()


async def test_what_is_missing_is_told_and_nothing_changes(project: Path, older: str) -> None:
    newest = versions.known()[-1]
    told = upgrade(project, older, "--check")
    assert f"from {BEFORE} to {newest.number}" in told
    assert "0085_results: new table result_target" in told
    assert "0086_feed_clock: functions and rules only" in told
    assert "index on consent" in told
    assert "no backup was made" in told
    assert number_of(older) == (BEFORE,)
    found = json.loads(upgrade(project, older, "--check", "--json").splitlines()[0])
    assert [one["name"] for one in found["migrations"]][:1] == ["0085_results"]
    assert found["seconds"] > 0


async def test_from_a_version_that_may_not_be_skipped_it_refuses(project: Path, new_url: str, tmp_path: Path) -> None:
    """The oldest that may is tried by the check of the package; here, that it is let through."""
    oldest = versions.releases().migrations[versions.releases().oldest]
    folder = tmp_path / "first-schema"
    folder.mkdir()
    for number in (oldest - 1, oldest):
        for migration in versions.known():
            if migration.number <= number:
                (folder / f"{migration.name}.sql").write_text(migration.text, encoding="utf-8")
        store = await open_store(new_url, check_schema=False)
        await migrate.migrate(store, folder)
        await store.close()
        for words in (("--check",), ("--without-backup",)):
            if number < oldest:
                told = upgrade(project, new_url, *words, code=2)
                assert f"upgrade it by agi-app {versions.releases().oldest} first" in told
                assert number_of(new_url) == (number,)
    assert "of agi-app 0.1.0 or of a state after it" in upgrade(project, new_url, "--check")


def test_each_release_has_migrations_of_its_own() -> None:
    """A release that is missing would be told as the one before it."""
    found = versions.releases()
    numbers = list(found.migrations.values())
    assert numbers == sorted(set(numbers))
    assert numbers[-1] <= versions.known()[-1].number
    assert found.oldest in found.migrations
    assert [found.too_old(number) for number in (0, 1, 23, 24)] == [False, True, True, False]
    assert [found.of(number) for number in (23, 24, 86, 87, 90)] == ["", "0.1.0", "0.1.0", "0.2.0", "0.2.0"]


async def test_a_trial_leaves_the_database_as_it_is(project: Path, older: str) -> None:
    told = upgrade(project, older, "--check", "--trial")
    assert "tried on a copy" in told
    assert "the audit is whole after it" in told
    assert number_of(older) == (BEFORE,)


async def test_without_a_backup_it_refuses_and_with_one_it_goes_on(project: Path, older: str) -> None:
    told = upgrade(project, older, code=2)
    assert "there is no backup of the last day" in told
    assert number_of(older) == (BEFORE,)
    old = dt.datetime.now(dt.UTC) - dt.timedelta(days=2)
    with psycopg.connect(older) as connection:
        connection.execute("INSERT INTO meta VALUES ('backup_made_at', %s)", [old.isoformat()])
    upgrade(project, older, code=2)
    with psycopg.connect(older) as connection:
        connection.execute(
            "UPDATE meta SET value = %s WHERE key = 'backup_made_at'", [dt.datetime.now(dt.UTC).isoformat()]
        )
    assert "applied: 0085_results" in upgrade(project, older)
    assert number_of(older) == (versions.known()[-1].number,)
    assert "is up to date" in upgrade(project, older)


async def test_a_worker_at_work_is_not_pulled_the_tables_from_under(project: Path, older: str) -> None:
    with psycopg.connect(older) as connection:
        connection.execute("INSERT INTO node (entityid, name) VALUES ('e', 'node-1')")
        connection.execute("UPDATE node SET seen_at = clock_timestamp() + interval '1 minute'")
    told = upgrade(project, older, "--without-backup", code=2)
    assert "node-1" in told
    assert number_of(older) == (BEFORE,)


async def test_a_newer_database_is_refused(project: Path, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO schema_version (number, name, sha256) VALUES (9999, '9999_later', 'x')")
    assert "made by a newer agi-app" in upgrade(project, database_url, "--check", code=2)


async def test_a_new_database_has_all_to_come(project: Path, new_url: str) -> None:
    assert f"from 0 to {versions.known()[-1].number}" in upgrade(project, new_url, "--check", "--trial")


async def test_the_estimate_grows_with_the_tables(older: str) -> None:
    store = await open_store(older, check_schema=False)
    small = (await upgrade_plan.plan(store)).seconds
    with psycopg.connect(older) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "INSERT INTO consent"
            " (person_id, purpose, wording_id, method, given_at, source, content_hash, stamp, recorded_by)"
            " SELECT 1, 'transactional', 1, 'web form', now(), repeat('x', 200), sha256(convert_to(g::text, 'UTF8')),"
            " '\\x00', 'admin' FROM generate_series(1, 20000) AS g"
        )
    with psycopg.connect(older, autocommit=True) as connection:
        connection.execute("ANALYZE consent")
    assert (await upgrade_plan.plan(store)).seconds > small
    await store.close()


async def test_a_trial_by_itself(store: Store, project: Path) -> None:
    """A database that is up to date: nothing is applied, and the audit is whole."""
    settings = load_settings(project)
    tried = await try_migrations(settings, key_of(settings), store, lambda _done, _all: None)
    assert tried.applied == ()
    assert tried.audit.ok


def test_what_statements_say() -> None:
    """Comments and the bodies of functions are none, and a trigger is no change of rows."""
    text = """
    -- UPDATE old SET x = 1;
    CREATE TABLE new (x int); UPDATE contact SET a = 1 WHERE b;
    CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN DELETE FROM hidden; END $$ LANGUAGE plpgsql;
    CREATE TRIGGER t BEFORE UPDATE OR DELETE ON action EXECUTE FUNCTION f();
    ALTER TABLE attempt ADD COLUMN y int; CREATE UNIQUE INDEX i ON person (e164); DROP TABLE IF EXISTS gone;
    """
    assert [name for _, _, name in statements(text)] == ["new", "contact", "attempt", "person", "gone"]
