"""A look ahead tells what the gate would say, and leaves no trace."""

from __future__ import annotations

import pytest

from agi_app.campaigns.preview import preview
from agi_app.clock import SystemClock
from agi_app.model.campaign import CampaignState
from agi_app.store import campaigns, stops
from agi_app.store.pool import Store
from tests.store.world import World, campaign, number

pytestmark = pytest.mark.postgres


async def test_who_would_be_called_and_who_not(world: World, store: Store) -> None:
    wanted = await world.running(campaign(), range(1, 7), consenting=[1, 2, 3, 4])
    await stops.revoke(store, number(4), None, await world.now(), reason="x", via="key")
    seen = await preview(store, wanted, True, world.rules, SystemClock())
    assert seen.allowed == 3
    assert dict(seen.by_rule) == {"consent_missing": 2, "suppressed": 1, "consent_revoked": 1}
    assert {external_id for external_id, _, _ in seen.refused} == {"row-4", "row-5", "row-6"}
    why = {external_id: text for external_id, text, _ in seen.refused}
    assert why["row-5"].startswith("consent_missing: ")


async def test_it_changes_nothing(world: World, store: Store) -> None:
    """No decision, no attempt, and everybody is still due."""
    wanted = await world.running(campaign(), [1, 2], consenting=[1])
    await preview(store, wanted, True, world.rules, SystemClock())
    assert await world.value("SELECT (SELECT count(*) FROM decision) + (SELECT count(*) FROM attempt)") == 0
    batch = await world.claim(wanted)
    assert (len(batch.claims), batch.refused) == (1, 1)


async def test_a_campaign_that_does_not_run_is_judged_as_if_it_did(world: World, store: Store) -> None:
    wanted = await world.running(campaign(), [1])
    await campaigns.set_state(store, wanted.name, CampaignState.PAUSED, None, await world.now())
    assert (await preview(store, wanted, True, world.rules, SystemClock())).allowed == 1


async def test_done_contacts_are_not_counted(world: World, store: Store) -> None:
    wanted = await world.running(campaign(), [1, 2])
    await world.call(await world.claim_one(wanted))
    assert (await preview(store, wanted, True, world.rules, SystemClock())).allowed == 1
