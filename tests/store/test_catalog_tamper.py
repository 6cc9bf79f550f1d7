"""Whoever owns the database can make its objects lie: each such change is named, and nobody is dialled on it.

Each case runs in a transaction that is rolled back, against the description that `audit verify`, `doctor` and the
worker compare with.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from agi_app.errors import SafetyError
from agi_app.store.database import catalog
from agi_app.store.database.pool import Store
from tests.store.audit_site import Site
from tests.store.conftest import Cluster, open_store

pytestmark = pytest.mark.postgres

LIAR = "CREATE FUNCTION public.liar() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
HONEST_TO_READERS = """
ALTER TABLE suppression RENAME TO suppression_kept;
CREATE VIEW suppression AS SELECT * FROM suppression_kept WHERE current_setting('transaction_read_only') = 'on'
"""
CASES = {
    "a view in a table's place": (HONEST_TO_READERS, "view suppression"),
    "a foreign table in a table's place": (
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; ALTER TABLE revocation RENAME TO r2;"
        "CREATE FOREIGN TABLE revocation (revocation_id bigint) SERVER s",
        "foreign table revocation",
    ),
    "a partitioned table in a table's place": (
        "ALTER TABLE revocation RENAME TO r2; CREATE TABLE revocation (LIKE r2) PARTITION BY LIST (person_id);"
        "CREATE TABLE kept PARTITION OF revocation DEFAULT",
        "partitioned table revocation",
    ),
    "a child table that adds rows": (
        "CREATE SCHEMA other; CREATE TABLE other.more () INHERITS (consent)",
        "inheritance other.more of consent",
    ),
    "a materialized view beside": ("CREATE MATERIALIZED VIEW m AS SELECT 1", "materialized view m"),
    "a rule that drops deletes and inserts": (
        "CREATE RULE lost AS ON INSERT TO suppression DO INSTEAD NOTHING",
        "rule suppression.lost",
    ),
    "row security": ("ALTER TABLE revocation ENABLE ROW LEVEL SECURITY", "table revocation"),
    "row security for the owner, too": ("ALTER TABLE suppression FORCE ROW LEVEL SECURITY", "table suppression"),
    "a policy": (
        "CREATE POLICY blind ON suppression USING (current_user <> 'agi_app')",
        "row security policy suppression.blind",
    ),
    "an unlogged table, empty after a crash": ("ALTER TABLE access_log SET UNLOGGED", "table access_log"),
    "group_of() replaced": (
        "CREATE OR REPLACE FUNCTION group_of(head bigint) RETURNS SETOF bigint LANGUAGE sql STABLE ROWS 2"
        " AS 'SELECT head'",
        "function group_of(head bigint)",
    ),
    "a function that is more to the point than ours": (
        "CREATE FUNCTION public.group_of(head integer) RETURNS SETOF bigint LANGUAGE sql AS 'SELECT 1::bigint'",
        "function group_of(head integer)",
    ),
    "a setting of a function": (
        "ALTER FUNCTION group_of(bigint) SET search_path = evil, public",
        "function group_of(head bigint)",
    ),
    "a function that runs as its owner": (
        "ALTER FUNCTION lock_head(bigint) SECURITY DEFINER",
        "function lock_head(wanted bigint)",
    ),
    "a trigger that undoes": (
        f"{LIAR}; CREATE TRIGGER undo BEFORE INSERT ON suppression FOR EACH ROW EXECUTE FUNCTION liar()",
        "trigger suppression.undo",
    ),
    "a trigger with a function of another schema": (
        "CREATE SCHEMA other; "
        "CREATE FUNCTION other.liar() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
        "CREATE TRIGGER undo BEFORE INSERT ON revocation FOR EACH ROW EXECUTE FUNCTION other.liar()",
        "trigger revocation.undo",
    ),
    "the trigger that queues rows disabled": (
        "ALTER TABLE revocation DISABLE TRIGGER audit_queued",
        "trigger revocation.audit_queued",
    ),
    "all triggers disabled, those of foreign keys, too": (
        "ALTER TABLE consent DISABLE TRIGGER ALL",
        "trigger consent.consent_append_only",
    ),
    "a trigger dropped": (
        "DROP TRIGGER revocation_append_only ON revocation",
        "trigger revocation.revocation_append_only",
    ),
    "a trigger that only fires for replicas": (
        "ALTER TABLE suppression ENABLE REPLICA TRIGGER audit_queued",
        "trigger suppression.audit_queued",
    ),
    "a trigger with another condition": (
        "DROP TRIGGER attempt_result ON attempt; CREATE TRIGGER attempt_result AFTER UPDATE ON attempt FOR EACH ROW"
        " WHEN (NEW.outcome = 'never') EXECUTE FUNCTION keep_result()",
        "trigger attempt.attempt_result",
    ),
    "an operator of ours in front": (
        "CREATE FUNCTION public.same(bytea, bytea) RETURNS boolean LANGUAGE sql AS 'SELECT false';"
        "CREATE OPERATOR public.<> (LEFTARG = bytea, RIGHTARG = bytea, FUNCTION = public.same)",
        "operator <>(bytea,bytea)",
    ),
    "a cast": (
        "CREATE FUNCTION public.as_date(text) RETURNS date LANGUAGE sql AS 'SELECT DATE ''2000-01-01''';"
        "CREATE CAST (text AS date) WITH FUNCTION public.as_date(text) AS IMPLICIT",
        "cast text to date",
    ),
    "a domain over a column": (
        'CREATE DOMAIN public.when_given AS timestamptz; ALTER TABLE revocation ALTER reason TYPE text COLLATE "C"',
        "domain when_given",
    ),
    "another collation": ('ALTER TABLE campaign ALTER flow_file TYPE text COLLATE "C"', "column campaign.flow_file"),
    "a collation of theirs": (
        'CREATE COLLATION public.any_case FROM "C"',
        "collation any_case",
    ),
    "a default that answers for the program": (
        "ALTER TABLE revocation ALTER recorded_at SET DEFAULT '2000-01-01'",
        "column revocation.recorded_at",
    ),
    "a generated column": (
        "ALTER TABLE suppression ADD COLUMN also bytea GENERATED ALWAYS AS (number_hash) STORED",
        "column suppression.also",
    ),
    "a column of another type": ("ALTER TABLE attempt ALTER cause TYPE smallint", "column attempt.cause"),
    "a column that need not be there": ("ALTER TABLE consent ALTER source DROP NOT NULL", "column consent.source"),
    "a check dropped": (
        "ALTER TABLE verification_call DROP CONSTRAINT verification_call_proves_check",
        "constraint verification_call.verification_call_proves_check",
    ),
    "a foreign key that deletes": (
        "CREATE TABLE bomb (person_id bigint PRIMARY KEY);"
        "ALTER TABLE guard_vote ADD CONSTRAINT c FOREIGN KEY (caller_id) REFERENCES guard_caller ON DELETE CASCADE",
        "constraint guard_vote.c",
    ),
    "the index that keeps two calls apart dropped": ("DROP INDEX attempt_one_open", "index attempt.attempt_one_open"),
    "an index with another condition": (
        "DROP INDEX attempt_one_open;CREATE UNIQUE INDEX attempt_one_open ON attempt (person_id) WHERE state = 'never'",
        "index attempt.attempt_one_open",
    ),
    "an index whose function lies": (
        "CREATE FUNCTION public.f(bigint) RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT 1::bigint';"
        "CREATE INDEX lies ON revocation (public.f(person_id))",
        "index revocation.lies",
    ),
    "a sequence that runs backwards": (
        "ALTER SEQUENCE decision_decision_id_seq INCREMENT -1 MINVALUE -5",
        "sequence decision_decision_id_seq",
    ),
    "an event trigger": (
        "CREATE FUNCTION public.ev() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
        "CREATE EVENT TRIGGER watcher ON ddl_command_end EXECUTE FUNCTION public.ev()",
        "event trigger watcher",
    ),
    "an operator class that compares otherwise": (
        "CREATE FUNCTION public.c(bytea, bytea) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 1';"
        "CREATE OPERATOR CLASS public.odd FOR TYPE bytea USING btree AS"
        " OPERATOR 3 =, FUNCTION 1 public.c(bytea, bytea)",
        "operator class odd",
    ),
    "a table that catches a temporary one of ours": (
        "CREATE TABLE import_consent (e164 text)",
        "table import_consent",
    ),
    "an aggregate": (
        "CREATE AGGREGATE public.max(bigint) (SFUNC = int8pl, STYPE = bigint)",
        "aggregate max(bigint)",
    ),
    "triggers put out of force for our sessions": (
        "SET session_replication_role = replica",
        "setting session_replication_role",
    ),
    "an extension's objects among ours": (
        "CREATE FUNCTION public.evil() RETURNS int LANGUAGE sql AS 'SELECT 1';"
        "ALTER EXTENSION plpgsql ADD FUNCTION evil()",
        "function evil()",
    ),
}


@pytest.fixture(scope="module")
def migrated(cluster: Cluster) -> str:
    """A database that nothing here changes for good."""
    cluster.run("CREATE DATABASE catalog TEMPLATE agi_app_template")
    return cluster.url("catalog")


@pytest.fixture
async def store(migrated: str) -> AsyncIterator[Store]:
    opened = await open_store(migrated)
    yield opened
    await opened.close()


@pytest.mark.attack("row 3: the database's objects lie")
@pytest.mark.parametrize("case", CASES)
async def test_a_changed_object_is_named(store: Store, case: str) -> None:
    statements, named = CASES[case]
    async with store.connection() as connection, connection.transaction(force_rollback=True):
        assert await catalog.differences(connection) == []
        await connection.execute(sql.SQL(statements))
        await connection.execute("SET LOCAL search_path = public, pg_temp")
        found = dict(await catalog.differences(connection))
    assert named in found


@pytest.mark.attack("row 3: search_path set for the role and the database")
async def test_no_search_path_of_others_is_used(store: Store, migrated: str) -> None:
    """Whoever may alter the role or the database puts a schema of theirs in front."""
    evil = "CREATE SCHEMA evil; CREATE FUNCTION evil.sha256(bytea) RETURNS bytea LANGUAGE sql AS $$SELECT ''::bytea$$"
    paths = (
        "ALTER ROLE agi_app SET search_path = evil, pg_temp, public",
        "ALTER DATABASE catalog SET search_path = evil",
    )
    with psycopg.connect(migrated, autocommit=True) as owner:
        for statement in (evil, *paths):
            owner.execute(sql.SQL(statement))
    other = await open_store(migrated)
    try:
        async with other.connection() as connection:
            row = await (await connection.execute("SELECT current_schemas(true)::text[] AS path")).fetchone()
            assert row is not None
            assert row["path"][:2] == ["pg_catalog", "public"]
            assert await catalog.differences(connection) == []
    finally:
        await other.close()
        with psycopg.connect(migrated, autocommit=True) as owner:
            owner.execute("ALTER ROLE agi_app RESET search_path")
            owner.execute("ALTER DATABASE catalog RESET search_path")


async def test_a_temporary_table_never_stands_in_for_one_of_ours(store: Store) -> None:
    async with store.connection() as connection, connection.transaction(force_rollback=True):
        await connection.execute("CREATE TEMPORARY TABLE suppression (number_hash bytea)")
        row = await (
            await connection.execute("SELECT 'suppression'::regclass::oid = 'public.suppression'::regclass AS ours")
        ).fetchone()
        assert row is not None
        assert row["ours"]


async def test_objects_of_others_in_schemas_of_their_own_are_nobodys_business(store: Store) -> None:
    """Reports over our tables, and extensions, when they are not in public."""
    async with store.connection() as connection, connection.transaction(force_rollback=True):
        await connection.execute(
            "CREATE SCHEMA reports; CREATE VIEW reports.calls AS SELECT * FROM attempt;"
            "CREATE FUNCTION reports.day() RETURNS date LANGUAGE sql AS 'SELECT current_date'"
        )
        assert await catalog.differences(connection) == []


@pytest.mark.attack("row 3: an operator and a forged consent")
async def test_a_forged_consent_is_found_whatever_operators_there_are(database_url: str, tmp_path: Path) -> None:
    """An operator that calls everything the same, put in front of PostgreSQL's own."""
    store = await open_store(database_url)
    site = Site(store, database_url, tmp_path)
    await site.people(1, 2)
    await site.seal()
    site.attack(
        "CREATE FUNCTION public.never(bytea, bytea) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT false'",
        "CREATE OPERATOR public.<> (LEFTARG = bytea, RIGHTARG = bytea, FUNCTION = public.never)",
        "UPDATE consent SET expires_at = 'infinity' WHERE consent_id = 2",
    )
    with psycopg.connect(database_url, autocommit=True) as owner:
        database = owner.info.dbname
        owner.execute(
            sql.SQL("ALTER DATABASE {} SET search_path = public, pg_catalog").format(sql.Identifier(database))
        )
    await store.close()
    again = await open_store(database_url)
    try:
        site.store = again
        found = {(fault.kind, fault.row) for fault in await site.faults()}
        assert ("changed", 2) in found
        assert "catalog" in {kind for kind, _ in found}
    finally:
        await again.close()


@pytest.mark.attack("row 3: views that are honest to readers only")
async def test_no_worker_starts_on_views_that_are_honest_to_readers_only(database_url: str, tmp_path: Path) -> None:
    store = await open_store(database_url)
    try:
        site = Site(store, database_url, tmp_path)
        await site.people(1)
        await site.seal()
        site.attack(*HONEST_TO_READERS.split(";"))
        with pytest.raises(SafetyError, match="view suppression does not belong to agi-app"):
            await catalog.check(store)
        assert ("catalog", "table suppression") in {(fault.kind, fault.table) for fault in await site.faults()}
    finally:
        await store.close()


async def test_the_description_is_what_the_migrations_make(store: Store) -> None:
    async with store.connection() as connection:
        text = catalog.text_of(await catalog.describe(connection))
    assert await asyncio.to_thread(catalog.FILE.read_text, encoding="utf-8") == text, "run scripts/catalog"
