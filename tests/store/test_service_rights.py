"""What a hostile service can do with its database role: read what it may, and cause nothing but what it may ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from psycopg import errors as pg
from psycopg.rows import dict_row

from agi_app.errors import InputError, StoreError
from agi_app.model.actors import Actor, Role
from agi_app.store.database import service_login, service_rights
from agi_app.store.database.migrate import migrate
from agi_app.store.database.pool import Store
from agi_app.store.ledger import accounts, actions
from agi_app.store.people import looks
from agi_app.store.people.access_log import Access, log_access, os_user
from tests.store.conftest import Cluster, open_store
from tests.store.world import World, campaign, number

pytestmark = pytest.mark.postgres
CONSENT = "person_id, purpose, wording_id, method, given_at, source, content_hash, recorded_by"
ACTION = "account, roles, via, verb, object"
REFUSED = {
    "a number": "SELECT e164 FROM person",
    "all of a person": "SELECT * FROM person",
    "a number by the whole row": "SELECT p FROM person p",
    "a number by a condition": "SELECT person_id FROM person WHERE e164 > '+9'",
    "numbers by a join": "SELECT 1 FROM entered_stop",
    "a keyed hash": "SELECT number_hash FROM suppression",
    "a nonce, which would confirm a guess": "SELECT nonce FROM audit_leaf",
    "the code that a telephone was told": "SELECT code_hash FROM verification_call",
    "what is asked about a person": "SELECT private FROM open_ask",
    "the statistics of numbers": "SELECT stavalues1 FROM pg_statistic",
    "an attempt": "UPDATE attempt SET state = 'claimed'",
    "a new attempt": "INSERT INTO attempt (attempt_id) VALUES ('x')",
    "a decision": "INSERT INTO decision (allowed) VALUES (true)",
    "a changed decision": "UPDATE decision SET allowed = true",
    "a consent": f"INSERT INTO consent ({CONSENT}) VALUES (1, 'survey', 1, 'x', now(), 'x', '', 'x')",
    "a consent's end": "DELETE FROM consent",
    "a withdrawal taken back": "DELETE FROM revocation",
    "a withdrawal past its function": "INSERT INTO revocation (person_id, at, reason, via) VALUES (1, now(), 'x', 'x')",
    "the suppression list emptied": "TRUNCATE suppression",
    "a number off the list": "DELETE FROM suppression",
    "a row of the audit": "INSERT INTO audit_leaf (leaf, kind, row_id, hash) VALUES (0, 'consent', 1, '')",
    "a leaf changed": "UPDATE audit_leaf SET hash = ''",
    "a checkpoint": "INSERT INTO audit_checkpoint (size, note) VALUES (1, 'x')",
    "a queue without rows": "DELETE FROM audit_queue",
    "a campaign started": "UPDATE campaign SET state = 'running'",
    "a pause ended": "INSERT INTO calling_pause (at, paused, reason, entered_by) VALUES (now(), false, 'x', 'x')",
    "a contact": "UPDATE contact SET due_at = now()",
    "a proof of a caller ID": "INSERT INTO caller_id_proof (e164) VALUES ('+1')",
    "a rehearsal": "INSERT INTO rehearsal_call (person_id, trunk, entered_by) VALUES (1, 'carrier', 'x')",
    "an agent's call": "INSERT INTO agent_call (campaign) VALUES ('x')",
    "a report for another account": "INSERT INTO job (kind, format, asked_by) VALUES ('calls', 'csv', 'x')",
    "a report that was made": "UPDATE job SET state = 'done'",
    "a report taken away past its function": "DELETE FROM job",
    "the token of who asked for a report": "SELECT sealed FROM job",
    "a number on the guard's list": "SELECT pattern FROM guard_list",
    "an entry on the guard's list": "DELETE FROM guard_list",
    "an ask past its function": "INSERT INTO ask (kind) VALUES ('campaign')",
    "an answer of a worker": "INSERT INTO ask_answer (ask_id, state, answer, node) VALUES (1, 'done', '{}', 'x')",
    "an ask hidden": "DELETE FROM open_ask",
    "a look by no account": "SELECT note_look(1, 'nobody.such', 'curious')",
    "a look by an account that is not enabled": "SELECT note_look(1, 'gone', 'curious')",
    "a look by an account without the role": "SELECT note_look(1, 'zhao', 'curious')",
    "a search by no account": "SELECT note_search('+1', 'nobody.such', 'curious')",
    "a search by an agent": "SELECT note_search('+1', 'agent-7', 'curious')",
    "a look past its function": "SELECT keep_look(1, 'wang.li', 'curious', ARRAY['compliance'])",
    "a note of a command": f"INSERT INTO action ({ACTION}) VALUES ('wang.li', '{{compliance}}', 'cli', 'stop', 'x')",
    "a note of a worker": f"INSERT INTO action ({ACTION}) VALUES ('agi-app', '{{}}', 'worker', 'stop', 'x')",
    "the end of a command": "INSERT INTO action_end (action_id, done) VALUES (1, false)",
    "a credential to guess at": "SELECT credential FROM account",
    "the secret of a second factor": "SELECT totp FROM account",
    "a credential set": "UPDATE account SET credential = 'x'",
    "a role given": "UPDATE account SET roles = '{admin}'",
    "a session made": (
        "INSERT INTO console_session (session_id, account, sha256) VALUES ('abcdefgh', 'wang.li', sha256('x'))"
    ),
    "a session that does not end": "UPDATE console_session SET expires_at = 'infinity'",
    "a session of somebody else": "UPDATE console_session SET account = 'wang.li'",
    "wrong tries forgotten": "DELETE FROM sign_in_try",
    "a link made": "INSERT INTO sign_in_link VALUES (sha256('x'), 'wang.li', 'infinity')",
    "a link read": "SELECT * FROM sign_in_link",
    "which names are accounts' by their salts": "SELECT secret FROM sign_in_decoy",
    "a password compared past the count": "SELECT sign_in_fits('wang.li', 'x')",
    "a passkey made": "INSERT INTO passkey (account, credential_id, rp_id) VALUES ('wang.li', 'x', 'localhost')",
    "a passkey's key": "UPDATE passkey SET public_key = 'x'",
    "what others are to sign": "SELECT challenge FROM passkey_challenge",
    "whose handle it is": "SELECT user_handle FROM account",
    "a challenge past the session": "SELECT new_passkey_challenge('add', 'abcdefgh', NULL, NULL)",
    "marks": "SELECT mark_attempts(ARRAY['x'], 'node-1')",
    "a lock of a person": "SELECT lock_head(1)",
    "more rights": "GRANT SELECT ON person TO agi_app_console",
    "the power of the owner": "SET ROLE agi_app",
    "to be superuser": "ALTER ROLE agi_app_console SUPERUSER",
    "a superuser made": "CREATE ROLE worse SUPERUSER",
    "a program run": "COPY (SELECT 1) TO PROGRAM 'id'",
    "a file written": "COPY (SELECT 1) TO '/tmp/x'",
    "a file read": "SELECT pg_read_file('PG_VERSION')",
    "a file read into a table": "CREATE TEMP TABLE f (t text); COPY f FROM '/etc/passwd'",
    "a file by a large object": "SELECT lo_import('/etc/passwd')",
    "an untrusted language": "DO LANGUAGE plpython3u 'pass'",
    "an extension": "CREATE EXTENSION file_fdw",
    "a setting of the server": "ALTER SYSTEM SET listen_addresses = '*'",
    "a library": "LOAD 'auto_explain'",
    "triggers off": "SET session_replication_role = replica",
    "another schema": "SELECT * FROM private.secret",
    "a function in front of ours": "CREATE FUNCTION public.now() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "a table of ours": "CREATE TABLE public.mine (a int)",
    "a trigger": "CREATE TRIGGER t BEFORE INSERT ON ask EXECUTE FUNCTION refuse_change()",
    "rows that cannot be sealed, so that nobody is dialled": (
        "CREATE TEMP TABLE ev (access_id bigint); CREATE TRIGGER t AFTER INSERT ON ev REFERENCING NEW TABLE AS written"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_queue_access(); INSERT INTO ev VALUES (999999)"
    ),
    "a table under audit": "SELECT audit_watch('x', 'contact', 'contact_id')",
    "another's session ended": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'agi_app'",
    "another's statements": "SELECT 1 / count(*) FROM pg_stat_activity WHERE usename = 'agi_app' AND query ~ 'secret'",
}


@pytest.fixture
def service_url(cluster: Cluster, database_url: str) -> Iterator[str]:
    """The database as the service's role sees it."""
    cluster.run("ALTER ROLE agi_app_console LOGIN")
    yield psycopg.conninfo.make_conninfo(database_url, user=service_rights.CONSOLE.name)
    cluster.run("ALTER ROLE agi_app_console NOLOGIN")


@pytest.fixture
async def service(service_url: str) -> AsyncIterator[Store]:
    """A store of the service."""
    opened = await open_store(service_url)
    yield opened
    await opened.close()


async def test_each_role_has_what_its_table_says_and_nothing_else(store: Store) -> None:
    """Every table, view and function of the schema."""
    async with store.connection() as connection:
        assert await service_rights.held(connection, service_rights.CONSOLE) == dict(
            service_rights.wanted(service_rights.CONSOLE)
        )
        assert await service_rights.faults(connection, service_rights.CONSOLE) == []


async def test_a_right_too_many_is_named_and_taken_back(store: Store) -> None:
    async with store.connection() as connection:
        await connection.execute(
            "GRANT SELECT (e164) ON person TO PUBLIC; GRANT DELETE ON revocation TO agi_app_console"
        )
        told = await service_rights.faults(connection, service_rights.CONSOLE)
        assert [line.partition(":")[0] for line in told] == ["table person", "table revocation"]
        assert "delete" in told[1]
    await migrate(store)
    async with store.connection() as connection:
        assert await service_rights.faults(connection, service_rights.CONSOLE) == []


async def test_no_trigger_of_ours_can_be_put_on_a_table_of_the_role(store: Store) -> None:
    """They run as the owner: on a temporary table they would do to our tables what its rows say."""
    query = "SELECT p.oid::regprocedure::text AS name FROM pg_proc p WHERE p.prorettype = 'trigger'::regtype"
    open_to = "AND pronamespace = 'public'::regnamespace AND has_function_privilege(%(role)s, p.oid, 'EXECUTE')"
    async with store.connection() as connection:
        for role in service_rights.ROLES:
            cursor = await connection.execute(f"{query} {open_to}", {"role": role.name})
            assert await cursor.fetchall() == []


async def test_a_superuser_is_no_role_for_a_service(cluster: Cluster, store: Store) -> None:
    cluster.run("ALTER ROLE agi_app_console SUPERUSER")
    try:
        async with store.connection() as connection:
            assert "the role has superuser" in await service_rights.faults(connection, service_rights.CONSOLE)
    finally:
        cluster.run("ALTER ROLE agi_app_console NOSUPERUSER")


async def staff(store: Store) -> None:
    """An account that may see whole numbers, and those that may not; and an action that one of them began."""
    await accounts.add(store, "wang.li", None, [Role.COMPLIANCE], None)
    await accounts.add(store, "zhao", None, [Role.OPERATOR], None)
    await accounts.add(store, "agent-7", None, [Role.AGENT], None)
    await accounts.add(store, "gone", None, [Role.COMPLIANCE], None)
    await store.execute("UPDATE account SET enabled = false WHERE name = 'gone'")
    await actions.begin(store, Actor("wang.li", frozenset({Role.COMPLIANCE}), "cli", "wang"), "stop", "x", None, None)


@pytest.mark.attack("the service's role in the database, by whoever runs code as the service")
async def test_the_role_cannot_cause_or_read_more(store: Store, world: World, service_url: str) -> None:
    """Each against a database in which it would change or show something."""
    await world.running(campaign(), [1, 2])
    await staff(store)
    await store.execute("CREATE SCHEMA private")
    await store.execute("CREATE TABLE private.secret AS SELECT 1 AS a")
    told: dict[str, object] = {}
    for what, statement in REFUSED.items():
        with psycopg.connect(service_url, autocommit=True) as connection:
            try:
                connection.execute(statement)
            except psycopg.Error as error:
                told[what] = type(error)
    others = {"an untrusted language": pg.UndefinedObject, "another's statements": pg.DivisionByZero}
    assert told == dict.fromkeys(REFUSED, pg.InsufficientPrivilege) | others


async def test_it_sees_people_without_their_numbers(world: World, service: Store) -> None:
    await world.running(campaign(), [1])
    rows = await service.records("SELECT number FROM person_masked")
    assert rows == [{"number": "+99986…01"}]


async def test_what_the_service_notes_is_of_the_api_and_of_its_role(store: Store, service: Store) -> None:
    """Its own notes are taken, whatever name it gives to the user of its process."""
    acting = Actor("wang.li", frozenset({Role.COMPLIANCE}), "api")
    await actions.end(service, await actions.begin(service, acting, "stop entered", "", None, None), done=True)
    await log_access(service, Access("report calls", 0, entered_by="wang.li", reason="case seven"))
    assert await store.records("SELECT via, done FROM action JOIN action_end USING (action_id)") == [
        {"via": "api", "done": True}
    ]
    assert await store.value(str, "SELECT os_user FROM access_log") == service_rights.CONSOLE.name
    await log_access(store, Access("report calls", 0))
    assert await store.value(str, "SELECT os_user FROM access_log ORDER BY access_id DESC LIMIT 1") == os_user()


async def test_a_number_is_shown_only_after_the_look_is_committed(store: Store, world: World, service: Store) -> None:
    await world.running(campaign(), [1])
    await staff(store)
    person = await store.the_value(int, "SELECT person_id FROM person", None, "nobody")
    assert await looks.reveal(service, person, "wang.li", "asks for a call back") == number(1)
    assert await looks.find_by_number(service, number(1), "wang.li", "on the telephone") == person
    assert await looks.find_by_number(service, number(7), "wang.li", "on the telephone") is None
    noted = await store.records("SELECT entered_by, reason, person_ids FROM access_log ORDER BY access_id")
    assert noted == [
        {"entered_by": "wang.li", "reason": "asks for a call back", "person_ids": [person]},
        {"entered_by": "wang.li", "reason": "on the telephone", "person_ids": [person]},
        {"entered_by": "wang.li", "reason": "on the telephone", "person_ids": []},
    ]
    assert await store.value(int, "SELECT count(*) FROM audit_queue WHERE kind = 'access'") == 3


@pytest.mark.attack("a look at a number whose note is rolled back")
@pytest.mark.parametrize("inner", ["", "SAVEPOINT s; "])
async def test_a_look_cannot_be_taken_back(inner: str, world: World, store: Store, service_url: str) -> None:
    """Noting it and reading it in one transaction, of which nothing would stay."""
    await world.running(campaign(), [1])
    await staff(store)
    for note in (f"note_search('{number(1)}', 'wang.li', 'y')", "note_look(1, 'wang.li', 'y')"):
        with psycopg.connect(service_url, row_factory=dict_row) as connection:
            connection.execute(f"BEGIN; {inner}")
            look = (connection.execute(f"SELECT {note} AS look").fetchone() or {})["look"]
            with pytest.raises(pg.ObjectNotInPrerequisiteState):
                connection.execute("SELECT * FROM looked_at(%s)", [look])
            connection.rollback()
            assert connection.execute("SELECT * FROM looked_at(%s)", [look]).fetchall() == []
    with psycopg.connect(service_url) as connection, pytest.raises(pg.CheckViolation):
        connection.execute("SELECT note_look(1, 'wang.li', '  ')")


async def test_an_account_sees_thirty_numbers_an_hour(store: Store, world: World, service: Store) -> None:
    await world.running(campaign(), [1])
    await staff(store)
    for _ in range(30):
        await looks.find_by_number(service, number(1), "wang.li", "curious")
    with pytest.raises(InputError, match="30"):
        await looks.find_by_number(service, number(1), "wang.li", "curious")
    assert await looks.find_by_number(service, number(1), "zhao", "asked") is not None
    await store.execute("UPDATE number_look SET noted_at = noted_at - interval '61 minutes'")
    assert await looks.find_by_number(service, number(1), "wang.li", "later") is not None


async def test_the_service_cannot_hash_or_stop_past_its_function(service: Store) -> None:
    """What a worker would do with the same call."""
    with pytest.raises(StoreError, match="permission denied"):
        await service.execute("INSERT INTO suppression (number_hash, at, reason, via) VALUES ('x', now(), 'x', 'x')")


async def test_an_owner_of_the_database_may_not_make_roles(cluster: Cluster, database_url: str) -> None:
    """On a server of one's own: an administrator gets the statement, which holds no password."""
    cluster.run("CREATE ROLE clinic LOGIN")
    try:
        owner = psycopg.conninfo.make_conninfo(database_url, user="clinic")
        statement = service_login.let_in(owner, service_rights.CONSOLE, "a random password")
        assert statement is not None
        assert "a random password" not in statement
        cluster.run(statement)
        address = service_login.address(owner, service_rights.CONSOLE, None, "a random password")
        assert psycopg.conninfo.conninfo_to_dict(address)["user"] == "agi_app_console"
        assert service_login.let_in(database_url, service_rights.CONSOLE, "another password") is None
    finally:
        cluster.run("ALTER ROLE agi_app_console NOLOGIN; DROP ROLE clinic")
