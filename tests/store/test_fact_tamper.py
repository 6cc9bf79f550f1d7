"""Facts that decisions rest on, changed or put in by whoever owns the database: `audit verify` names each.

The attacker writes as the program would, with triggers, so that his rows get leaves; or past them. He has no audit key.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from agi_app.audit.stamps import Stamper
from agi_app.store.database.pool import Store
from agi_app.store.people import consents
from agi_app.store.people.consents import import_consents
from agi_app.store.people.do_not_call_lists import ListTerms, replace_list
from agi_app.store.requested_calls import verifications
from tests.store.audit_site import Site
from tests.store.conftest import STAMPER
from tests.store.world import consent, hash_number, number

pytestmark = pytest.mark.postgres
UNTIL = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
async def site(store: Store, database_url: str, tmp_path: Path) -> Site:
    """Persons of one and of several numbers, a do-not-call list, a telephone of our staff."""
    made = Site(store, database_url, tmp_path)
    await made.people(1, 2)
    now = dt.datetime.now(dt.UTC)
    for key, several in (("A", (3, 4)), ("B", (5, 6)), ("A", (4, 6))):  # in the end all four are one person's
        await import_consents(store, [replace(consent(n), person_key=key) for n in several], "admin", now)
    for day in (1, 2):  # the second import takes the place of the first
        hashes = [hash_number(number(n)) for n in range(20, 20 + day * 10)]
        await replace_list(store, ListTerms("register", "CN", dt.date(2026, 3, day), "Ann"), "00", hashes, now)
    await phone(made, 7)
    await made.seal()
    return made


async def phone(site: Site, n: int) -> None:
    """A telephone that a call proves."""
    await import_consents(site.store, [consent(n)], "admin", dt.datetime.now(dt.UTC))
    async with site.store.connection() as connection:
        row = await (
            await connection.execute(
                "INSERT INTO verification_call (person_id, trunk, entered_by, proves, state)"
                " SELECT person_id, 'carrier', 'Ann', 'rehearsal', 'dialling' FROM person WHERE e164 = %s"
                " RETURNING verification_id",
                [number(n)],
            )
        ).fetchone()
    assert row is not None
    await verifications.finish(
        site.store, row["verification_id"], "proved", None, dialled=True, proof=None, phone_until=UNTIL
    )


async def run(site: Site, statement: str) -> None:
    """As the program writes: its triggers queue the row, and it is sealed."""
    async with site.store.connection() as connection:
        await connection.execute(statement)
    await site.seal()


async def named(site: Site) -> set[tuple[str, str | None]]:
    return {(fault.kind, fault.table) for fault in await site.faults()}


async def test_untouched_all_is_well(site: Site) -> None:
    report = await site.verify()
    assert report.faults == []
    assert report.notes == []
    assert site.ask("SELECT count(*) FROM person WHERE same_as IS NOT NULL") == [(3,)]


CONSENT = """
INSERT INTO consent (person_id, purpose, wording_id, method, given_at, source, content_hash, recorded_by, stamp)
SELECT person_id, 'marketing', wording_id, method, given_at, source, sha256('x'), recorded_by, {} FROM consent
WHERE consent_id = 1
"""


@pytest.mark.attack("row 5: plain INSERT INTO consent")
@pytest.mark.parametrize("stamp", ["NULL", "sha256('guessed')", "stamp"])
async def test_a_consent_that_the_program_did_not_enter(site: Site, stamp: str) -> None:
    await run(site, CONSENT.format(stamp))
    (fault,) = await site.faults()
    ((last,),) = site.ask("SELECT max(consent_id) FROM consent")
    assert (fault.kind, fault.table, fault.row) == ("forged fact", "consent", last)


@pytest.mark.attack("row 5: a consent of another database")
async def test_a_consent_that_was_stamped_for_another_database(site: Site) -> None:
    said = consents.content_hash(consent(1))
    other = Stamper(site.notary.key, "agi-app/sandbox").consent(hash_number(number(1)), said)
    columns = "person_id, purpose, wording_id, method, given_at, source, content_hash, recorded_by, stamp"
    await run(
        site,
        f"INSERT INTO consent ({columns}) SELECT person_id, purpose, wording_id, method, '2026-01-05 09:00+00', source,"
        f" '\\x{said.hex()}', recorded_by, '\\x{other.hex()}' FROM consent WHERE consent_id = 1",
    )
    assert ("forged fact", "consent") in await named(site)


@pytest.mark.attack("row 5: a stamped consent with other columns")
async def test_a_stamp_is_of_all_that_the_consent_says(site: Site) -> None:
    """The stamp and the content hash of an honest one, kept from before, over a purpose that nobody agreed to."""
    site.attack(
        "CREATE TABLE kept AS SELECT * FROM consent WHERE consent_id = 1", "DELETE FROM consent WHERE consent_id = 1"
    )
    await run(
        site,
        "INSERT INTO consent"
        " (purpose, person_id, wording_id, method, given_at, source, content_hash, recorded_by, stamp)"
        " SELECT 'survey', person_id, wording_id, method, given_at, source, content_hash, recorded_by, stamp FROM kept",
    )
    assert {("removed", "consent"), ("forged fact", "consent")} <= await named(site)


@pytest.mark.attack("row 5: person.same_as set to NULL")
@pytest.mark.parametrize("change", ["NULL", "1"])
async def test_a_number_that_was_taken_from_its_person(site: Site, change: str) -> None:
    ((person,),) = site.ask("SELECT max(person_id) FROM person WHERE same_as IS NOT NULL")
    site.attack(f"UPDATE person SET same_as = {change} WHERE person_id = {person}")
    (fault,) = await site.faults()
    assert (fault.kind, fault.table, fault.row) == ("changed", "person", person)


@pytest.mark.attack("row 5: numbers joined or parted by hand, with the row that says so")
async def test_a_link_that_the_program_did_not_make(site: Site) -> None:
    site.attack("UPDATE person SET same_as = 1 WHERE person_id = 2")
    await run(site, "INSERT INTO person_link (moved, onto) VALUES ('{2}', '{1}')")
    assert await named(site) == {("forged fact", "person_link")}


@pytest.mark.attack("row 5: external_list_entry deleted")
@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (
            "DELETE FROM external_list_entry WHERE number_hash IN (SELECT min(number_hash) FROM external_list_entry)",
            "changed",
        ),
        ("TRUNCATE external_list_entry", "changed"),
        ("INSERT INTO external_list_entry VALUES (sha256('x'), 2)", "changed"),
        ("INSERT INTO external_list_entry VALUES (sha256('x'), 1)", "inserted"),
        ("UPDATE external_list_entry SET list_id = 1", "changed"),
    ],
)
async def test_entries_of_a_list_that_are_not_those_imported(site: Site, change: str, kind: str) -> None:
    site.attack(change)
    assert (kind, "external_list_entry") in await named(site)


@pytest.mark.attack("row 5: an empty list put in force")
@pytest.mark.parametrize("digest", [None, "NULL", "sha256('x')"])
async def test_a_list_that_the_program_did_not_import(site: Site, digest: str | None) -> None:
    """An empty one, newer than the honest one."""
    await run(
        site,
        'INSERT INTO external_list (name, region, as_of, "by", sha256, entries)'
        " VALUES ('register', 'CN', '2026-03-09', 'Ann', '00', 0)",
    )
    if digest is not None:
        await run(site, f"INSERT INTO list_digest (list_id, digest, stamp) VALUES (3, sha256('x'), {digest})")
    kinds = {kind for kind, _ in await named(site)}
    assert "forged fact" in kinds


@pytest.mark.attack("row 5: forged verification_call.proved_until")
async def test_a_telephone_of_our_staff_that_no_call_proved(site: Site) -> None:
    site.attack("UPDATE verification_call SET proved_until = 'infinity'")
    assert [found.until for found in await verifications.staff_phones(site.store)] == [UNTIL]  # it is not read
    await run(
        site,
        "INSERT INTO phone_proof (person_id, verification_id, proved_until, entered_by, stamp)"
        " SELECT 1, verification_id, proved_until, entered_by, stamp FROM phone_proof",
    )
    (fault,) = await site.faults()
    assert (fault.kind, fault.table, fault.row) == ("forged fact", "phone_proof", 2)
    site.attack("UPDATE phone_proof SET proved_until = '2046-01-01' WHERE phone_proof_id = 1")
    assert ("changed", "phone_proof") in await named(site)


@pytest.mark.attack("row 5: a letter that nobody handed in")
async def test_a_proof_of_a_number_that_the_program_did_not_enter(site: Site) -> None:
    await run(
        site,
        "INSERT INTO caller_id_proof (e164, kind, entered_by, proved_at, expires_at)"
        " VALUES ('+999862155500001', 'letter', 'Ann', now(), now() + interval '300 days')",
    )
    assert await named(site) == {("forged fact", "caller_id_proof")}


@pytest.mark.attack("row 5: a person whose hash is not of the number, so that no stop fits")
async def test_a_person_whose_hash_is_of_another_number(site: Site) -> None:
    await run(
        site,
        f"INSERT INTO person (e164, number_hash, region, zones) VALUES ('{number(90)}', sha256('x'), 'CN', '{{}}')",
    )
    (fault,) = await site.faults()
    assert (fault.kind, fault.table) == ("forged fact", "person")


async def test_what_was_there_before_stamps_is_counted_and_nothing_newer_passes_for_it(site: Site) -> None:
    """A database that was filled before the migration: the boundary and its leaf are sealed."""
    site.attack(
        "UPDATE consent SET stamp = NULL WHERE consent_id <= 2",
        "UPDATE database_fact SET value = jsonb_set(value::jsonb, '{consent}', '2')::text WHERE name = 'stamps_begin'",
    )
    report = await site.verify()
    assert [fault.table for fault in report.faults] == ["database_fact"]  # moved by hand
    assert "2 rows of consent are from before there were stamps" in report.notes[0]


@pytest.mark.attack("row 5: the boundary of older rows taken away")
async def test_without_the_boundary_nothing_is_old(site: Site) -> None:
    site.attack("DELETE FROM database_fact", "UPDATE consent SET stamp = NULL WHERE consent_id = 1")
    assert {("removed", "database_fact"), ("forged fact", "consent")} <= await named(site)


def test_the_stamp_is_of_the_number_and_of_what_was_said() -> None:
    one, two = hash_number(number(1)), hash_number(number(2))
    assert STAMPER.consent(one, one) != STAMPER.consent(two, one)
    assert STAMPER.consent(one, one) != STAMPER.consent(one, two)
    assert STAMPER.fact("a", {"x": 1}) != STAMPER.fact("b", {"x": 1})
