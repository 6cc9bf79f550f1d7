"""What an erasure emptied, changed or taken away afterwards by whoever owns the database: `audit verify` names it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from agi_app.audit.erasures import LEFT, Erasure, sign
from agi_app.store.database.pool import Store
from agi_app.store.people.erasure import PERSON, Why, erase_person
from tests.store.audit_site import Site
from tests.store.world import number

pytestmark = pytest.mark.postgres


@pytest.fixture
async def site(store: Store, database_url: str, tmp_path: Path) -> Site:
    """Two persons, of whom the first was erased."""
    made = Site(store, database_url, tmp_path)
    await made.people(1, 2)
    await made.seal()
    why = Why(dt.datetime.now(dt.UTC), "asked", "wang")
    await erase_person(store, number(1), why, lambda e: sign(e, made.notary.key))
    await made.seal()
    assert (await made.verify()).as_json()["faults"] == []
    return made


@pytest.mark.parametrize(
    ("table", "statement", "kind"),
    [
        ("consent", "UPDATE consent SET person_id = 2 WHERE consent_id = 1", "changed"),
        ("consent", "UPDATE consent SET erased_at = NULL WHERE consent_id = 1", "changed"),
        ("revocation", "UPDATE revocation SET person_id = 2 WHERE revocation_id = 1", "changed"),
        ("revocation", "DELETE FROM revocation WHERE revocation_id = 1", "removed"),
        ("person", "UPDATE person SET e164 = '+999861380000999' WHERE person_id = 1", "changed"),
        ("result", "UPDATE result SET record = record - 'outcome' WHERE result_id = 1", "changed"),
        ("wording", "UPDATE wording SET text = 'I agree to all.' WHERE wording_id = 1", "changed"),
    ],
)
async def test_an_emptied_row_stays_as_the_erasure_left_it(site: Site, table: str, statement: str, kind: str) -> None:
    """The excuse covers what the erasure left, no more."""
    site.attack(statement)
    assert (kind, table, 1) in {(fault.kind, fault.table, fault.row) for fault in await site.faults()}


async def test_rows_of_an_older_erasure_must_be_there_and_are_counted(site: Site) -> None:
    """It does not say what it left; it excuses no deletion, and no consent that is one again."""
    async with site.store.connection() as connection:
        row = await (await connection.execute("SELECT * FROM erasure")).fetchone()
    assert row is not None
    older = {kind: ids for kind, ids in row["erased"].items() if not kind.startswith(LEFT)}
    signature = sign(Erasure(row["at"], PERSON, 1, older, row["reason"], row["entered_by"]), site.notary.key).hex()
    named = ", ".join(f"'{LEFT}{kind}'" for kind in older)
    site.attack(f"UPDATE erasure SET erased = erased - ARRAY[{named}], signature = '\\x{signature}'")
    report = await site.verify()
    assert {fault.table for fault in report.faults} == {"erasure"}  # which was sealed otherwise
    assert "erased before" in report.notes[-1]
    site.attack("DELETE FROM revocation WHERE revocation_id = 1", "UPDATE consent SET erased_at = NULL, person_id = 2")
    assert {("removed", "revocation"), ("changed", "consent")} <= {(f.kind, f.table) for f in await site.faults()}
