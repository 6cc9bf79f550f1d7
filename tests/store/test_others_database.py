"""The database of others: reached encrypted, only read or changed by one row, and never ours."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import dict_row

from agi_app.errors import ExchangeError
from agi_app.exchange import others_rights
from agi_app.exchange.others_address import OthersPlace
from agi_app.exchange.others_database import TimeLimits, reading, writing
from agi_app.messages import speaking
from agi_app.store.database import embedded
from tests.store.conftest import Cluster
from tests.store.second_server import PASSWORD, Office, certificate, door, office, passwords_wanted

pytestmark = pytest.mark.postgres
SLOW = TimeLimits(statement_s=0.3, lock_s=0.2, whole_s=20)
INSERT = "INSERT INTO call_result (key, appt_no, outcome) VALUES (%(key)s, %(id)s, %(outcome)s)"
UPDATE = "UPDATE call_result SET outcome = %(outcome)s WHERE appt_no = %(id)s"
KEY = "11111111-2222-3333-4444-555555555555"
VALUES = {"key": KEY, "id": "a1", "outcome": "answered"}
WRAPPED = (
    "CREATE SCHEMA apart; CREATE EXTENSION dblink SCHEMA apart; CREATE FUNCTION sent_by_another(what text) RETURNS text"
    " LANGUAGE sql SECURITY DEFINER AS 'SELECT apart.dblink_exec(''dbname=x'', what)'"
)


@pytest.fixture(scope="module")
def second_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.EmbeddedServer]:
    """Beside ours, with folders and processes of its own."""
    server = embedded.acquire(tmp_path_factory.mktemp("office"), fast=True)
    passwords_wanted(server)
    yield server
    server.release()


@pytest.fixture
def clinic(second_server: embedded.EmbeddedServer) -> Iterator[Office]:
    """One database there."""
    with office(second_server) as made:
        yield made


async def read(address: str, query: str, most_rows: int = 10, limits: TimeLimits = SLOW, **values: object) -> list:
    async with reading(address, limits) as database:
        return list(await database.rows(query, values, most_rows=most_rows))


async def write(address: str, statement: str, **values: object) -> None:
    async with writing(address, SLOW) as database:
        await database.change_one(statement, VALUES | values)


async def fault(coroutine: object) -> ExchangeError:
    with pytest.raises(ExchangeError) as told:
        await coroutine  # type: ignore[misc]
    assert PASSWORD not in str(told.value)
    return told.value


async def test_rows_come_as_text_with_their_columns(clinic: Office) -> None:
    """Whatever the server can hold: infinity, a year before Christ, a list, a truth, nothing."""
    clinic.run(
        "INSERT INTO appointment VALUES ('a1', '13800000001', '2026-12-01 09:00+08', true, 'x''y'),"
        " ('a2', NULL, 'infinity', false, E'two\\nlines')"
    )
    query = (
        "SELECT appt_no, mobile, starts_at, kept, note, ARRAY[1, 2] AS a, date '0044-03-15 BC' AS d FROM appointment"
    )
    columns, rows = await read(clinic.address("reader"), f" {query} ORDER BY 1 ;\n")
    assert columns == ["appt_no", "mobile", "starts_at", "kept", "note", "a", "d"]
    assert rows[0][:2] == ("a1", "13800000001")
    assert rows[0][2].startswith("2026-12-01 0")
    assert rows[0][3:] == ("true", "x'y", "{1,2}", "0044-03-15 BC")
    assert rows[1] == ("a2", None, "infinity", "false", "two\nlines", "{1,2}", "0044-03-15 BC")


async def test_values_are_bound_and_never_part_of_the_statement(clinic: Office) -> None:
    clinic.run("INSERT INTO appointment (appt_no) VALUES ('a1'), ('x'' OR true --')")
    query = "SELECT appt_no FROM appointment WHERE appt_no = %(id)s AND appt_no LIKE '%%'"
    for told in ("x' OR true --", "a1"):
        _, rows = await read(clinic.address("reader"), query, id=told)
        assert rows == [(told,)]


async def test_all_queries_of_a_block_see_one_moment(clinic: Office) -> None:
    async with reading(clinic.address("reader")) as database:
        assert (await database.rows("SELECT appt_no FROM appointment", {}, most_rows=5))[1] == []
        clinic.run("INSERT INTO appointment (appt_no) VALUES ('a1')")
        assert (await database.rows("SELECT appt_no FROM appointment", {}, most_rows=5))[1] == []


@pytest.mark.parametrize(
    ("most", "query", "words"),
    [
        ({"most_rows": 3}, "SELECT generate_series(1, 100000000)", "more than 3 rows"),
        (
            {"most_rows": 9999, "most_bytes": 2_000_000},
            "SELECT repeat('x', 1000000) FROM generate_series(1, 9)",
            "2 MB",
        ),
    ],
)
async def test_more_than_asked_for_is_refused_and_not_collected(
    clinic: Office, most: dict[str, int], query: str, words: str
) -> None:
    """A hundred million rows are not waited for."""
    began = time.monotonic()
    async with reading(clinic.address("reader")) as database:
        with pytest.raises(ExchangeError, match=words) as told:
            await database.rows(query, {}, **most)
        assert told.value.kind == "too_much"
    assert time.monotonic() - began < 20


@pytest.mark.attack("a feed's query that changes the office's database, or does more than one thing")
@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("SELECT 1; DELETE FROM appointment", "statement"),
        ("SELECT 1; COMMIT; DELETE FROM appointment", "statement"),
        ("DELETE FROM appointment RETURNING 1", "statement"),
        ("WITH gone AS (DELETE FROM appointment RETURNING 1) SELECT * FROM gone", "statement"),
        ("SELECT emptied()", "statement"),
        ("SELECT set_config('transaction_read_only', 'off', false), emptied()", "statement"),
        ("COMMIT", "statement"),
        ("SET TRANSACTION READ WRITE", "statement"),
        ("DO $$ BEGIN COMMIT; DELETE FROM appointment; END $$", "statement"),
        ("CALL emptied_for_good()", "statement"),
        ("COPY appointment TO STDOUT", "statement"),
        ("COPY (SELECT 1) TO PROGRAM 'id'", "statement"),
        ("CREATE TEMP TABLE mine (a int)", "statement"),
        ("LISTEN x", "statement"),
        ("SELECT lo_create(0)", "statement"),
        ("SELECT nextval('counted')", "statement"),
        ("SELECT pg_read_file('PG_VERSION')", "statement"),
        ("SELECT 1 AS a, 2 AS a", "statement"),
        ("SELECT %s", "statement"),
        ("SELECT %(nothing)s", "statement"),
        ("", "statement"),
        ("SELECT pg_sleep(60)", "slow"),
        ("SELECT set_config('statement_timeout', '0', false), pg_sleep(60)", "slow"),
    ],
)
async def test_a_query_that_does_anything_else_is_refused(clinic: Office, query: str, kind: str) -> None:
    """Also by functions of the office's own, whose owner may everything; nothing of it stays."""
    body = "AS $$ DELETE FROM appointment $$"
    clinic.run(
        "INSERT INTO appointment (appt_no) VALUES ('a1')",
        f"CREATE FUNCTION emptied() RETURNS void LANGUAGE sql SECURITY DEFINER {body}",
        "CREATE PROCEDURE emptied_for_good() LANGUAGE plpgsql AS $$ BEGIN COMMIT; DELETE FROM appointment; END $$",
        "CREATE SEQUENCE counted; GRANT USAGE ON SEQUENCE counted TO reader",
    )
    told = await fault(read(clinic.address("reader"), query))
    assert told.kind == kind
    assert clinic.rows("SELECT appt_no FROM appointment") == [("a1",)]
    assert clinic.rows("SELECT count(*) FROM pg_largeobject_metadata") == [(0,)]


@pytest.mark.attack("a feed whose role may do more than read")
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("GRANT INSERT ON appointment TO reader", "may INSERT on public.appointment: REVOKE INSERT ON public.appointm"),
        ("GRANT UPDATE (note) ON appointment TO reader", "may UPDATE on public.appointment"),
        ("GRANT DELETE ON appointment TO PUBLIC", "may DELETE on public.appointment"),
        ("GRANT TRUNCATE ON appointment TO helper; GRANT helper TO reader", "helper may TRUNCATE"),
        ("GRANT CREATE ON SCHEMA public TO reader", "may CREATE on SCHEMA public: REVOKE CREATE ON SCHEMA public FROM"),
        ("GRANT CREATE ON DATABASE {db} TO reader", "may CREATE on DATABASE {db}"),
        ("CREATE TABLE own (a int); ALTER TABLE own OWNER TO reader", "reader owns public.own"),
        ("ALTER DATABASE {db} OWNER TO reader", "reader owns {db}"),
        ("ALTER ROLE reader SUPERUSER", "reader has SUPERUSER: ALTER ROLE reader NOSUPERUSER"),
        ("ALTER ROLE helper SUPERUSER; GRANT helper TO reader", "helper has SUPERUSER"),
        ("ALTER ROLE reader CREATEROLE", "reader has CREATEROLE"),
        ("ALTER ROLE reader CREATEDB", "reader has CREATEDB"),
        ("ALTER ROLE reader REPLICATION", "reader has REPLICATION"),
        ("ALTER ROLE reader BYPASSRLS", "reader has BYPASSRLS"),
        ("GRANT pg_read_server_files TO reader", "reader is a member of pg_read_server_files"),
        ("GRANT pg_write_server_files TO reader", "pg_write_server_files"),
        ("GRANT pg_execute_server_program TO reader", "REVOKE pg_execute_server_program FROM reader"),
        ("GRANT pg_write_all_data TO reader", "reader is a member of pg_write_all_data"),
        ("GRANT EXECUTE ON FUNCTION pg_read_file(text) TO reader", "may run pg_read_file"),
        ("CREATE EXTENSION dblink", "reader may run functions of the extension dblink"),
        (WRAPPED, "reader may run public.sent_by_another(text), which can reach other databases"),
    ],
)
async def test_a_role_with_too_many_rights_is_refused_for_a_feed(clinic: Office, given: str, words: str) -> None:
    clinic.run("CREATE ROLE helper NOLOGIN")
    try:
        clinic.run(*given.format(db=clinic.name).split("; "))
        told = await fault(read(clinic.address("reader"), "SELECT 1 AS one"))
        assert told.kind == "rights"
        assert words.format(db=clinic.name) in str(told)
        assert f"reader@{clinic.socket_folder}:5432/{clinic.name}" in str(told)
    finally:
        clinic.run("REASSIGN OWNED BY reader TO agi_app; DROP OWNED BY reader; DROP OWNED BY helper; DROP ROLE helper")
        with psycopg.connect(clinic.owner_url, dbname="postgres", autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {clinic.name} OWNER TO agi_app")


async def test_an_extension_that_the_role_has_no_way_to_is_well(clinic: Office) -> None:
    """As the message advises."""
    clinic.run("CREATE EXTENSION dblink", "CREATE SCHEMA apart", "ALTER EXTENSION dblink SET SCHEMA apart")
    assert await read(clinic.address("reader"), "SELECT 1 AS one")


async def test_of_many_rights_some_are_named(clinic: Office) -> None:
    """A page of them helps nobody; what the role may do is looked at without the address, too."""
    clinic.run(
        *(f"CREATE TABLE t{n} (a int); GRANT INSERT, UPDATE, DELETE, TRUNCATE ON t{n} TO reader" for n in range(9))
    )
    with psycopg.connect(clinic.address("reader")) as found:
        connection = await psycopg.AsyncConnection.connect(found.info.dsn, password=PASSWORD, row_factory=dict_row)
    async with connection:
        with pytest.raises(ExchangeError) as told:
            await others_rights.must_only_read(connection, OthersPlace("reader", "here", "5432", clinic.name))
        await others_rights.must_not_rule(connection, OthersPlace("reader", "here", "5432", clinic.name))
    assert str(told.value).count("REVOKE") == 3


async def test_a_role_that_may_read_everything_is_well(clinic: Office) -> None:
    clinic.run("GRANT pg_read_all_data TO reader", "CREATE TABLE more (a int)")
    assert await read(clinic.address("reader"), "SELECT a FROM more") == [[], []]


@pytest.mark.attack("a feed or a results target that leads to our own database")
async def test_a_database_of_ours_is_refused(clinic: Office, database_url: str, cluster: Cluster) -> None:
    """Ours, one of another installation, one whose tables were moved, for a role that may see none of them."""
    told = await fault(read(database_url, "SELECT 1"))
    assert told.kind == "ours"
    assert (await fault(write(database_url, "UPDATE campaign SET state = 'running'"))).kind == "ours"
    cluster.run("CREATE ROLE nobody_of_us LOGIN")
    try:
        stranger = psycopg.conninfo.make_conninfo(database_url, user="nobody_of_us")
        assert (await fault(read(stranger, "SELECT 1"))).kind == "ours"
    finally:
        cluster.run("DROP ROLE nobody_of_us")
    names = ("schema_version", "attempt", "suppression", "audit_leaf", "webhook_endpoint")
    clinic.run("CREATE SCHEMA old", *(f"CREATE VIEW old.{name} AS SELECT 1 AS a" for name in names))
    assert (await fault(read(clinic.address("reader"), "SELECT 1"))).kind == "ours"


@pytest.mark.attack("an office's database whose search path has other functions and operators than the catalogue's")
async def test_what_is_in_front_of_the_catalogue_deceives_nobody(clinic: Office) -> None:
    clinic.run(
        "GRANT INSERT ON appointment TO reader",
        "CREATE FUNCTION public.has_any_column_privilege(oid, oid, text) RETURNS bool LANGUAGE sql AS 'SELECT false'",
        "CREATE FUNCTION public.pg_has_role(name, oid, text) RETURNS bool LANGUAGE sql AS 'SELECT false'",
        "ALTER ROLE reader SET search_path = public, pg_catalog",
    )
    assert (await fault(read(clinic.address("reader"), "SELECT 1"))).kind == "rights"


async def test_one_row_is_changed_or_nothing(clinic: Office) -> None:
    address = clinic.address("writer")
    await write(address, INSERT)
    await write(address, f"{UPDATE};", outcome="busy")
    assert clinic.rows("SELECT key::text, appt_no, outcome FROM call_result") == [(KEY, "a1", "busy")]
    clinic.run("INSERT INTO call_result (key, appt_no) VALUES (gen_random_uuid(), 'a1')")
    told = await fault(write(address, UPDATE, outcome="failed"))
    assert (told.kind, "changes 2 rows" in str(told)) == ("rows", True)
    told = await fault(write(address, UPDATE, id="gone"))
    assert (told.kind, "changes 0 rows" in str(told)) == ("rows", True)
    assert clinic.rows("SELECT outcome FROM call_result ORDER BY outcome") == [("busy",), (None,)]


async def test_a_key_that_is_there_can_be_written_again(clinic: Office) -> None:
    again = f"{INSERT} ON CONFLICT (key) DO UPDATE SET outcome = excluded.outcome"
    for outcome in ("busy", "answered"):
        await write(clinic.address("writer"), again, outcome=outcome)
    assert clinic.rows("SELECT outcome FROM call_result") == [("answered",)]
    assert (await fault(write(clinic.address("writer"), INSERT))).kind == "values"


async def test_one_session_goes_on_after_a_row_that_failed(clinic: Office) -> None:
    async with writing(clinic.address("writer")) as database:
        with pytest.raises(ExchangeError):
            await database.change_one(UPDATE, VALUES)
        await database.change_one(INSERT, VALUES)
    assert clinic.rows("SELECT appt_no FROM call_result") == [("a1",)]


@pytest.mark.attack("a results statement that does more than change one row")
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM call_result WHERE appt_no = %(id)s",
        "SELECT 1",
        "SELECT emptied()",
        "WITH gone AS (DELETE FROM call_result) INSERT INTO call_result (key) VALUES (%(key)s)",
        "WITH more AS (INSERT INTO call_result (key) VALUES (gen_random_uuid())) UPDATE call_result SET outcome = 'x'",
        "WITH more AS (INSERT INTO call_result (key) VALUES (%(key)s) RETURNING 1) SELECT * FROM more",
        f"{UPDATE}; DROP TABLE call_result",
        "TRUNCATE call_result",
        "COPY call_result FROM PROGRAM 'id'",
        "CREATE TABLE copied AS SELECT 1 AS a",
        "DO $$ BEGIN DELETE FROM call_result; END $$",
        "INSERT INTO ruled (key) VALUES (%(key)s)",
        "INSERT INTO call_result (key) VALUES (%(unknown)s)",
    ],
)
async def test_a_statement_that_is_something_else_is_refused(clinic: Office, statement: str) -> None:
    clinic.run(
        f"INSERT INTO call_result (key, appt_no) VALUES ('{KEY[:-1]}6', 'a1')",
        "GRANT DELETE, TRUNCATE ON call_result TO writer; GRANT CREATE ON SCHEMA public TO writer",
        "CREATE FUNCTION emptied() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM call_result'",
        "CREATE TABLE ruled (key uuid); GRANT INSERT ON ruled TO writer",
        "CREATE RULE more AS ON INSERT TO ruled DO ALSO DELETE FROM call_result",
    )
    told = await fault(write(clinic.address("writer"), statement))
    assert told.kind in {"statement", "rows"}
    assert clinic.rows("SELECT appt_no, outcome FROM call_result") == [("a1", None)]


async def test_a_superuser_is_refused_for_results_too(clinic: Office) -> None:
    clinic.run("ALTER ROLE writer SUPERUSER")
    assert (await fault(write(clinic.address("writer"), INSERT))).kind == "rights"
    assert clinic.rows("SELECT FROM call_result") == []


async def test_a_lock_of_another_program_is_not_waited_for(clinic: Office) -> None:
    with psycopg.connect(clinic.owner_url) as other:
        other.execute("LOCK TABLE call_result; LOCK TABLE appointment")
        assert (await fault(write(clinic.address("writer"), INSERT))).kind == "slow"
        assert (await fault(read(clinic.address("reader"), "SELECT * FROM appointment"))).kind == "slow"


async def test_the_whole_has_an_end_whatever_the_query_sets(clinic: Office) -> None:
    query = "SELECT set_config('statement_timeout', '0', false), pg_sleep(1) FROM generate_series(1, 100)"
    began = time.monotonic()
    told = await fault(read(clinic.address("reader"), query, limits=TimeLimits(statement_s=30, whole_s=2.5)))
    assert told.kind == "slow"
    assert time.monotonic() - began < 12
    assert "was not done within 2 s" in str(told)


def on_port(clinic: Office, port: int, host: str = "127.0.0.1", **more: str) -> str:
    return clinic.address("reader", host=host, hostaddr="127.0.0.1", port=str(port), **more)


async def test_a_server_is_believed_by_its_certificate_and_name(clinic: Office, tmp_path: Path) -> None:
    ca, tls = certificate(tmp_path, "clinic.example")
    other_ca, _ = certificate(tmp_path, "other.example")
    verified = {"sslmode": "verify-full"}
    async with door(clinic.socket_folder, tls) as port:
        good = on_port(clinic, port, "clinic.example", sslrootcert=str(ca), **verified)
        assert await read(good, "SELECT 1 AS one") == [["one"], [("1",)]]
        for host, root in (("clinic.example", other_ca), ("clinic.example", None), ("wrong.example", ca)):
            more = verified | ({"sslrootcert": str(root)} if root else {})
            told = await fault(read(on_port(clinic, port, host, **more), "SELECT 1"))
            assert (told.kind, "its certificate was not accepted" in str(told)) == ("refused", True), host
    async with door(clinic.socket_folder, None) as port:
        told = await fault(read(on_port(clinic, port, sslrootcert=str(ca), **verified), "SELECT 1"))
        assert "offers no TLS" in str(told)
        assert await read(on_port(clinic, port), "SELECT 1 AS one") == [["one"], [("1",)]]


@pytest.mark.parametrize(
    ("changed", "query", "kind", "words"),
    [
        ({"password": "wr0ng"}, "SELECT 1", "refused", "the user or the password is wrong"),
        ({"user": "stranger"}, "SELECT 1", "refused", "the user or the password is wrong"),
        ({"dbname": "no_such"}, "SELECT 1", "refused", "the database does not exist"),
        ({"host": "/nowhere"}, "SELECT 1", "unreachable", "nothing listens there"),
        ({"host": "localhost", "port": "1"}, "SELECT 1", "unreachable", "nothing listens there"),
        ({}, "SELECT wrong FROM appointment", "statement", "names a column that is not there"),
        ({}, "SELECT 1 FROM nothing", "statement", "names a table that is not there"),
        ({}, "SELEKT 1", "statement", "not one statement of SQL"),
        ({}, "SELECT * FROM call_result", "statement", "its role may not do that"),
        ({}, "SELECT 'Zhang San +8613800000001'::int", "values", "not of the kind that is wanted"),
        ({}, "SELECT 1 / 0", "values", "22012"),
    ],
)
async def test_what_is_wrong_is_told_in_words_and_without_secrets(
    clinic: Office, changed: dict[str, str], query: str, kind: str, words: str
) -> None:
    """Who reads the log learns what to do, and neither the password nor what is in a row."""
    told = await fault(read(clinic.address("reader", **changed), query))
    assert told.kind == kind
    assert words in str(told)
    for secret in ("wr0ng", "Zhang", "800000"):
        assert secret not in str(told)
    with speaking("zh"):
        again = await fault(read(clinic.address("reader", **changed), query))
    assert not str(again).isascii()
