"""The owner of the database: objects, settings and rows that make it say something else."""

from __future__ import annotations

import psycopg
import pytest

from tests.strangers.shop import ANN, WANG, Shop

pytestmark = pytest.mark.postgres

# Each is undone at once: a statement, and the one that takes it away again.
OBJECTS = {
    "a table that a crash empties": ("ALTER TABLE suppression SET UNLOGGED", "ALTER TABLE suppression SET LOGGED"),
    "a check that lets nothing in": (
        "ALTER TABLE suppression ADD CONSTRAINT no_more CHECK (false) NOT VALID",
        "ALTER TABLE suppression DROP CONSTRAINT no_more",
    ),
    "a child in another schema": (
        "CREATE SCHEMA aside; CREATE TABLE aside.child () INHERITS (consent)",
        "DROP SCHEMA aside CASCADE",
    ),
    "a trigger by a function elsewhere": (
        "CREATE SCHEMA aside; CREATE FUNCTION aside.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
        "CREATE TRIGGER z BEFORE INSERT ON suppression FOR EACH ROW EXECUTE FUNCTION aside.f()",
        "DROP SCHEMA aside CASCADE",
    ),
    "a reference that deletes along": (
        "CREATE TABLE public.aside (id bigint PRIMARY KEY)",
        "DROP TABLE public.aside",
    ),
    "a rule": (
        "CREATE RULE silent AS ON INSERT TO revocation DO INSTEAD NOTHING",
        "DROP RULE silent ON revocation",
    ),
    "a policy": (
        "ALTER TABLE suppression ENABLE ROW LEVEL SECURITY; ALTER TABLE suppression FORCE ROW LEVEL SECURITY;"
        "CREATE POLICY none ON suppression USING (false)",
        "DROP POLICY none ON suppression; ALTER TABLE suppression NO FORCE ROW LEVEL SECURITY;"
        "ALTER TABLE suppression DISABLE ROW LEVEL SECURITY",
    ),
    "a column more": ("ALTER TABLE consent ADD COLUMN aside text", "ALTER TABLE consent DROP COLUMN aside"),
    "a column that may be empty": (
        "ALTER TABLE suppression ALTER COLUMN at DROP NOT NULL",
        "ALTER TABLE suppression ALTER COLUMN at SET NOT NULL",
    ),
    "an aggregate of a name that is used": (
        "CREATE AGGREGATE public.max(bytea) (SFUNC = bytea_larger, STYPE = bytea)",
        "DROP AGGREGATE public.max(bytea)",
    ),
    "a procedure": ("CREATE PROCEDURE public.p() LANGUAGE sql AS 'SELECT 1'", "DROP PROCEDURE public.p()"),
    "an extension": ("CREATE EXTENSION IF NOT EXISTS lo SCHEMA public", "DROP EXTENSION IF EXISTS lo"),
    "a materialized view": ("CREATE MATERIALIZED VIEW public.m AS SELECT 1 AS one", "DROP MATERIALIZED VIEW public.m"),
    "a function of a name that is used": (
        "CREATE FUNCTION public.lower(bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS 'SELECT $1'",
        "DROP FUNCTION public.lower(bytea)",
    ),
}


@pytest.mark.attack("objects that the owner adds to the database: fourteen kinds")
def test_objects(shop: Shop) -> None:
    """docs/explanation/proof.md, step 4: "`agi-app audit verify` first compares the database's objects … with what
    the program's migrations make"; audit.md: "everything in the schema `public`, and whatever else could change the
    meaning of a statement"."""
    unseen: list[str] = []
    for what, (do, undo) in OBJECTS.items():
        for statement in do.split(";") if "plpgsql" not in do else [do]:
            shop.sql(statement)
        if not shop.verify_now()["faults"]:
            unseen.append(what)
        for statement in undo.split(";"):
            shop.sql(statement)
        if what == "a rule":
            assert shop.verify_now()["faults"] == []
    assert unseen == []


@pytest.mark.attack("objects of rarer kinds that the owner puts into the schema public")
def test_rarer_objects(shop: Shop) -> None:
    """docs/how-to/audit.md: "`verify`, `doctor`, and a worker at its start and each minute compare everything in the
    schema `public`"."""
    unseen = []
    for what, statement in {
        "text search configuration": "CREATE TEXT SEARCH CONFIGURATION public.t (COPY = pg_catalog.simple)",
        "text search dictionary": "CREATE TEXT SEARCH DICTIONARY public.d (TEMPLATE = pg_catalog.simple)",
        "conversion": "CREATE DEFAULT CONVERSION public.c FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
        "statistics": "CREATE STATISTICS public.s ON person_id, purpose FROM consent",
    }.items():
        shop.sql(statement)
        if not any(what.split()[0] in fault["text"] for fault in shop.verify_now()["faults"]):
            unseen.append(what)
    assert unseen == []


SETTINGS = {
    "transform_null_equals": "on",
    "datestyle": "'SQL, DMY'",
    "timezone": "'Pacific/Kiritimati'",
    "bytea_output": "escape",
    "intervalstyle": "sql_standard",
    "extra_float_digits": "-15",
    "standard_conforming_strings": "off",
    "default_transaction_isolation": "'read uncommitted'",
    "row_security": "off",
    "quote_all_identifiers": "on",
    "array_nulls": "off",
    "escape_string_warning": "off",
    "xmlbinary": "hex",
    "lc_numeric": "'C'",
    "enable_indexscan": "off",
    "plan_cache_mode": "force_generic_plan",
}


@pytest.mark.attack("settings of the database that change how values are written and read")
def test_settings_of_the_database(shop: Shop) -> None:
    """docs/explanation/proof.md: "`search_path` of a role or database | no effect …, or named by `verify`"; and of
    sealed rows "`audit verify`, with the row"."""
    name = shop.sql("SELECT current_database()")[0][0]
    before = shop.refusals("reminder")
    for setting, value in SETTINGS.items():
        shop.sql(f"ALTER DATABASE {name} SET {setting} = {value}")
    assert shop.refusals("reminder") == before
    assert shop.cli("rules", "replay").code == 0
    shop.ok("stop", ANN)
    shop.ok("consent", "withdraw", WANG, "--purpose", "transactional", "--at", "2026-02-03T04:05:06+08:00")
    assert {fault["kind"] for fault in shop.verify()["faults"]} <= {"catalog"}  # named, or without effect
    assert {"C1", "C2"} <= set(shop.refusals("reminder"))
    shop.sql("ALTER TABLE revocation DISABLE TRIGGER USER")
    shop.sql("UPDATE revocation SET at = at + interval '1 day' WHERE purpose IS NOT NULL")
    shop.sql("ALTER TABLE revocation ENABLE TRIGGER USER")
    assert not shop.verify_now()["ok"]
    shop.sql(f"ALTER DATABASE {name} RESET ALL")
    assert "changed" in {fault["kind"] for fault in shop.verify_now()["faults"]}


def _forge(shop: Shop, statement: str) -> list[str]:
    """Run it with triggers off for the tables' own owner, then say what `audit verify` finds."""
    shop.sql("SELECT 1")
    shop.sql(statement)
    said = shop.verify()
    return sorted({fault["kind"] for fault in said["faults"]}) if not said["ok"] else []


COLUMNS = """SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
WHERE attrelid = 'consent'::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'consent_id'"""


def _copy(shop: Shop, **changed: str) -> None:
    """The first consent again, with these columns otherwise, and with its stamp."""
    names = str(shop.sql(COLUMNS)[0][0]).split(", ")
    values = [changed.get(name, name) for name in names]
    shop.sql(f"INSERT INTO consent ({', '.join(names)}) SELECT {', '.join(values)} FROM consent WHERE consent_id = 1")


def _person(shop: Shop, contact: str) -> int:
    return int(shop.sql("SELECT person_id FROM contact WHERE external_id = %s", contact)[0][0])


@pytest.mark.attack("a true consent copied with its stamp: for another purpose, time or person")
def test_stamp_copied(shop: Shop) -> None:
    """docs/explanation/proof.md: "a consent … of their own (`INSERT`) | `audit verify`: no stamp of the audit key"."""
    copies: tuple[dict[str, str], ...] = (
        {"purpose": "'marketing'", "content_hash": "sha256(content_hash)"},
        {"person_id": str(_person(shop, "C4"))},
        {"given_at": "given_at + interval '20 days'", "content_hash": "sha256(sha256(content_hash))"},
    )
    for forged, changed in enumerate(copies, 1):
        _copy(shop, **changed)
        faults = [fault for fault in shop.verify()["faults"] if fault["kind"] == "forged fact"]
        assert len(faults) == forged, changed


@pytest.mark.attack("a true consent moved with its hash and stamp to other words, by a new row in its place")
def test_consent_replaced(shop: Shop) -> None:
    """docs/explanation/proof.md: "change, remove, backdate, move or insert sealed rows | `audit verify`, with the
    row"."""
    shop.sql("ALTER TABLE consent DISABLE TRIGGER USER")
    shop.sql("ALTER TABLE person DISABLE TRIGGER USER")
    shop.sql("UPDATE consent SET purpose = 'marketing' WHERE consent_id = 1")
    a, b = _person(shop, "C2"), _person(shop, "C4")
    shop.sql("UPDATE person SET e164 = e164 || 'x' WHERE person_id = %s", a)
    shop.sql(
        "UPDATE person SET e164 = (SELECT rtrim(e164, 'x') FROM person WHERE person_id = %s) WHERE person_id = %s", a, b
    )
    shop.sql("ALTER TABLE consent ENABLE TRIGGER USER")
    shop.sql("ALTER TABLE person ENABLE TRIGGER USER")
    found = {(fault["table"], str(fault["row"])) for fault in shop.verify()["faults"]}
    assert {("consent", "1"), ("person", str(a)), ("person", str(b))} <= found


@pytest.mark.attack("a forged row that says when stamps began, so that forged consents count as older")
def test_stamps_begin_later(shop: Shop) -> None:
    """docs/decisions/0065-stamps.md: "Rows from before the migration have none. Their last numbers are in a sealed
    row, so nothing newer passes for them"."""
    shop.sql("ALTER TABLE database_fact DISABLE TRIGGER USER")
    shop.sql(
        "UPDATE database_fact SET value = replace(value, '\"consent\": 0', '\"consent\": 999')"
        " WHERE name = 'stamps_begin'"
    )
    shop.sql("ALTER TABLE database_fact ENABLE TRIGGER USER")
    _copy(shop, purpose="'marketing'", content_hash="sha256(content_hash)", stamp="NULL")
    said = shop.verify()
    assert {"changed"} <= {fault["kind"] for fault in said["faults"]}


@pytest.mark.attack("an emptied person's row filled with the number of a stranger")
def test_erased_person_filled(shop: Shop) -> None:
    """docs/explanation/proof.md: "change, remove, backdate, move or insert sealed rows | `audit verify`, with the
    row"."""
    shop.ok("erase", ANN, "--reason", "asked")
    assert shop.verify()["ok"]
    shop.sql("ALTER TABLE person DISABLE TRIGGER USER")
    shop.sql(
        "UPDATE person SET e164 = '+999861380009977', region = 'CN', zones = ARRAY['Asia/Shanghai'],"
        " number_hash = sha256('other') WHERE e164 IS NULL"
    )
    shop.sql("ALTER TABLE person ENABLE TRIGGER USER")
    shop.sql("UPDATE contact SET state = 'pending' WHERE external_id IS NULL OR external_id NOT IN ('C2', 'C3', 'C4')")
    assert shop.preview("reminder")["allowed"] == 2 or not shop.verify_now()["ok"]


@pytest.mark.attack("a consent that an erasure emptied, filled again for somebody else")
def test_erased_consent_filled_again(shop: Shop) -> None:
    """docs/how-to/erase-a-person.md: "`agi-app audit verify` accepts exactly those; who has only the database cannot
    excuse a deletion"; proof.md: "change, remove, backdate, move or insert sealed rows | `audit verify`, with the
    row"."""
    shop.ok("erase", ANN, "--reason", "asked")
    assert shop.verify()["ok"]
    assert "C4" in shop.refusals("reminder")
    shop.sql("ALTER TABLE consent DISABLE TRIGGER USER")
    shop.sql("UPDATE consent SET person_id = %s WHERE consent_id = 1", _person(shop, "C4"))
    shop.sql("ALTER TABLE consent ENABLE TRIGGER USER")
    assert "C4" in shop.refusals("reminder") or not shop.verify_now()["ok"]


@pytest.mark.attack("the refusal that an erasure emptied, taken back or given to somebody else")
def test_erased_refusal_moved(shop: Shop) -> None:
    """docs/explanation/proof.md: "change, remove, backdate, move or insert sealed rows | `audit verify`, with the
    row"."""
    shop.ok("consent", "withdraw", ANN, "--purpose", "transactional")
    shop.ok("erase", ANN, "--reason", "asked")
    assert shop.verify()["ok"]
    shop.sql("ALTER TABLE revocation DISABLE TRIGGER USER")
    shop.sql("DELETE FROM revocation WHERE purpose IS NOT NULL")
    shop.sql("ALTER TABLE revocation ENABLE TRIGGER USER")
    assert not shop.verify_now()["ok"]


@pytest.mark.attack("a national list emptied, or its digest taken over from another version")
def test_list_digest_reused(shop: Shop) -> None:
    """docs/explanation/proof.md: "delete entries of a do-not-call list | `audit verify`, when it is run"."""
    numbers = shop.write("dnc.txt", f"{ANN}\n{WANG}\n")
    shop.ok("suppression", "import", "cn-list", str(numbers), "--region", "CN", "--as-of", "2026-03-01")
    assert {"C1", "C2"} <= set(shop.refusals("reminder"))
    assert shop.verify()["ok"]
    shop.sql("UPDATE external_list_entry SET number_hash = sha256(number_hash)")
    assert {"C1", "C2"}.isdisjoint(shop.refusals("reminder"))  # the owner's moment
    assert not shop.verify()["ok"]


@pytest.mark.attack("a list of an older day put in again by the owner, beside the one in force")
def test_older_list_again(shop: Shop) -> None:
    """docs/explanation/proof.md: "a consent, a letter, a staff telephone, a list … of their own (`INSERT`) | `audit
    verify`: no stamp of the audit key"."""
    numbers = shop.write("dnc.txt", f"{ANN}\n{WANG}\n")
    for day in ("2026-03-01", "2026-03-02"):
        shop.ok("suppression", "import", "cn-list", str(numbers), "--region", "CN", "--as-of", day)
    names = "name, region, as_of, by, sha256, entries, purposes"
    shop.sql(f"INSERT INTO external_list ({names}) SELECT {names} FROM external_list ORDER BY list_id LIMIT 1")
    assert not shop.verify()["ok"]


@pytest.mark.attack("a leaf's random bytes forgotten by the owner, as an erasure would")
def test_nonce_forgotten(shop: Shop) -> None:
    """docs/explanation/proof.md: "The row in `erasure` says which rows were emptied and is signed with the audit key.
    `verify` accepts no other reason"."""
    for table in ("audit_leaf", "consent"):
        shop.sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    shop.sql("UPDATE audit_leaf SET nonce = NULL WHERE kind = 'consent'")
    shop.sql("UPDATE consent SET erased_at = now(), method = '', source = '', purpose = 'marketing'")
    for table in ("audit_leaf", "consent"):
        shop.sql(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    assert not shop.verify_now()["ok"]


@pytest.mark.attack("a signed erasure copied to excuse another person's rows")
def test_erasure_copied(shop: Shop) -> None:
    """docs/explanation/proof.md: "The row in `erasure` … is signed with the audit key. `verify` accepts no other
    reason"."""
    shop.ok("erase", ANN, "--reason", "asked")
    assert shop.verify()["ok"]
    shop.sql(
        "INSERT INTO erasure (at, kind, person_id, erased, reason, entered_by, signature)"
        " SELECT at, kind, %s, replace(erased::text, '1', '2')::jsonb, reason, entered_by, signature FROM erasure",
        _person(shop, "C2"),
    )
    assert "forged erasure" in {fault["kind"] for fault in shop.verify()["faults"]}


@pytest.mark.attack("the newest rows cut off together with their leaves, queue and checkpoints in the database")
def test_tail_cut(shop: Shop) -> None:
    """docs/how-to/audit.md: "`truncated` | the tree is shorter than what was signed: cut, or an old backup"."""
    shop.ok("stop", ANN)
    assert shop.verify()["ok"]
    size = shop.sql("SELECT max(leaf) FROM audit_leaf")[0][0]
    for table in ("suppression", "revocation", "audit_leaf", "audit_checkpoint", "audit_node"):
        shop.sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    shop.sql("DELETE FROM suppression")
    shop.sql("DELETE FROM revocation")
    shop.sql("DELETE FROM audit_leaf WHERE leaf > %s", size - 2)
    shop.sql("DELETE FROM audit_queue")
    shop.sql("DELETE FROM audit_checkpoint")
    for table in ("suppression", "revocation", "audit_leaf", "audit_checkpoint", "audit_node"):
        shop.sql(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    assert "truncated" in {fault["kind"] for fault in shop.verify_now()["faults"]}
    done = shop.cli("run", seconds=8)
    assert done.code == 2  # the worker does not start
    assert "were signed" in done.said


@pytest.mark.attack("other words under a consent, and a longer letter")
def test_words_and_letter_changed(shop: Shop) -> None:
    """docs/explanation/proof.md: "change, remove, backdate, move or insert sealed rows | `audit verify`, with the
    row"."""
    for table in ("wording", "caller_id_proof"):
        shop.sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    shop.sql("UPDATE wording SET text = 'I agree to everything.'")
    shop.sql("UPDATE caller_id_proof SET expires_at = expires_at + interval '1 second'")
    for table in ("wording", "caller_id_proof"):
        shop.sql(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    found = {(fault["kind"], fault["table"]) for fault in shop.verify_now()["faults"]}
    assert {("changed", "wording"), ("changed", "caller_id_proof")} <= found


@pytest.mark.attack("a stop taken while the owner holds the table of stops locked")
def test_stop_while_locked(shop: Shop) -> None:
    """docs/how-to/stop-and-suppression.md: "also while the database is down: the stop waits in the journal on disk, and
    nobody is dialled until the database has it"."""
    with psycopg.connect(shop.url) as owner:
        owner.execute("LOCK TABLE suppression IN ACCESS EXCLUSIVE MODE")
        done = shop.cli("stop", ANN, seconds=15)
        owner.rollback()
    assert done.code is not None
    shop.flush()
    assert shop.suppressed(ANN)


@pytest.mark.attack("a stop taken while the database refuses every new row")
def test_stop_while_nothing_is_taken(shop: Shop) -> None:
    """docs/explanation/safety.md: "A stop is first written to a journal on disk (fsync)"; "A stop survives an outage of
    the database (the journal)"."""
    name = shop.sql("SELECT current_database()")[0][0]
    shop.sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    done = shop.cli("stop", ANN)
    with psycopg.connect(shop.url, autocommit=True) as owner:
        owner.execute("SET default_transaction_read_only = off")
        owner.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        owner.execute("ALTER TABLE suppression ADD CONSTRAINT no_more CHECK (false) NOT VALID")
    second = shop.cli("stop", WANG)
    shop.sql("ALTER TABLE suppression DROP CONSTRAINT no_more")
    shop.flush()
    assert shop.suppressed(ANN), done
    assert shop.suppressed(WANG), second
