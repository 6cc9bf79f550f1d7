"""A database that the version before migration 0053 filled: its figures are counted once, and kept from then on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from agi_app.store.calling import reports, tallies
from agi_app.store.database.migrate import migrate
from agi_app.store.database.versions import FOLDER
from tests.store.conftest import open_store
from tests.store.world import World, campaign

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("before_0059")]
# Of eight contacts one is in a call, two were talked to, one was busy and is due again, two are refused for good, one
# until later, and one was not tried.
BEFORE = """
INSERT INTO decision (contact_id, person_id, campaign, allowed, rules, reasons, inputs, ruleset_version, decided_at,
                      clock)
SELECT contact_id, person_id, campaign, contact_id NOT BETWEEN 5 AND 7,
       CASE WHEN contact_id BETWEEN 5 AND 6 THEN '{consent_missing,suppressed}'
            WHEN contact_id = 7 THEN '{calling_hours}' ELSE '{}' END::text[],
       '[]', '{}', 'rules-1', now(), 'system'
FROM contact WHERE contact_id < 8 ORDER BY contact_id;
UPDATE contact
SET last_decision_id = d.decision_id,
    due_at = CASE WHEN contact.contact_id BETWEEN 5 AND 6 THEN 'infinity' ELSE now() + interval '1 h' END,
    state = CASE WHEN contact.contact_id = 1 THEN 'claimed' WHEN contact.contact_id < 4 THEN 'done' ELSE 'pending' END
FROM decision d WHERE d.contact_id = contact.contact_id;
INSERT INTO attempt (attempt_id, contact_id, person_id, campaign, decision_id, node, trunk, caller_id, lease_until,
                     rules_at, dialled, state, outcome, disposition)
SELECT 'call-' || contact_id, contact_id, person_id, campaign, last_decision_id, 'node-1', 'carrier', '+1',
       now() + interval '1 h', now(), true, CASE WHEN contact_id = 1 THEN 'dialling' ELSE 'ended' END,
       CASE WHEN contact_id = 4 THEN 'busy' WHEN contact_id > 1 THEN 'human' END,
       CASE WHEN contact_id IN (2, 3) THEN 'confirmed' END
FROM contact WHERE contact_id < 5;
"""


async def test_the_migration_counts_what_is_there(new_url: str, tmp_path: Path) -> None:
    before = tmp_path / "schema"
    before.mkdir()
    for file in FOLDER.glob("*.sql"):
        if file.name < "0053":
            shutil.copy(file, before)
    store = await open_store(new_url, check_schema=False)
    try:
        await migrate(store, before)
        world = World(store)
        wanted = await world.running_before(campaign(), range(8))
        async with store.transaction() as connection:
            await connection.execute(BEFORE)
        assert "0053_campaign_tallies" in await migrate(store)
        found = await reports.tallies_of(store, wanted.name)
        assert found.contacts == {"pending": 3, "parked": 2, "done": 2, "claimed": 1}
        assert found.refused == found.held == {"consent_missing": 2, "suppressed": 2, "calling_hours": 1}
        assert (found.outcomes, found.dispositions) == ({"human": 2, "busy": 1, "dialling": 1}, {"confirmed": 2})
        assert (await reports.why_waiting(store, wanted, await world.now())).due_now == 1
        await world.claim(wanted)
        assert await tallies.recount(store, correct=False) == []
    finally:
        await store.close()
