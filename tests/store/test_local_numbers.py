"""City-local numbers in claims: the chosen one is in the decision and the attempt, and never changes for a person."""

from __future__ import annotations

import datetime as dt

import pytest

from agi_app.model.campaign import Campaign
from agi_app.store.people import caller_ids
from tests.store.world import CALLER_ID, World, campaign, number

pytestmark = pytest.mark.postgres

LOCAL, OTHER = "+99986135550001", "+99986138550002"


async def prove(world: World, ours: str) -> None:
    """A letter for a number of ours."""
    now = await world.now()
    proof = caller_ids.CallerIdProof(ours, "letter", "x.pdf", "00", "Ann", now, now + dt.timedelta(days=90))
    await caller_ids.add_proof(world.store, proof, now)


def with_local(name: str, *entries: tuple[str, str]) -> Campaign:
    return campaign(name, local_caller_ids=entries)


async def test_the_chosen_number_is_claimed_decided_on_and_stored(world: World) -> None:
    wanted = await world.running(with_local("local", (number(1), LOCAL)), [1, 2])
    await prove(world, LOCAL)
    shown = {c.number: c for c in (await world.claim(wanted)).claims}
    assert {n: c.caller_id for n, c in shown.items()} == {number(1): LOCAL, number(2): CALLER_ID}
    first = shown[number(1)]
    assert await world.value("SELECT caller_id FROM attempt WHERE attempt_id = %s", first.attempt_id) == LOCAL
    decided = "SELECT inputs ->> 'caller_id' FROM decision WHERE decision_id = %s"
    assert await world.value(decided, first.decision_id) == LOCAL


async def test_only_those_whose_local_number_is_unproved_wait_for_its_proof(world: World) -> None:
    wanted = await world.running(with_local("local", (number(1), LOCAL)), [1, 2])
    batch = await world.claim(wanted)
    assert [c.number for c in batch.claims] == [number(2)]
    assert batch.refused == 1
    await prove(world, LOCAL)  # wakes the contact
    assert [c.caller_id for c in (await world.claim(wanted)).claims] == [LOCAL]


async def test_a_person_sees_the_same_number_in_every_campaign(world: World) -> None:
    """The first one they saw; a campaign that does not have it does not call them."""
    first = await world.running(with_local("first", (number(1), LOCAL)), [1])
    await prove(world, LOCAL)
    await world.call(await world.claim_one(first))
    again = await world.running(with_local("again", ("+999861", OTHER), ("+44", LOCAL)), [1])
    await prove(world, OTHER)
    await no_caps(world)
    second = await world.claim_one(again)
    assert second.caller_id == LOCAL
    await world.call(second)
    await no_caps(world)
    without = await world.running(campaign("without"), [1])
    assert (await world.claim(without)).refused == 1
    reasons = "SELECT rules FROM decision WHERE campaign = 'without'"
    assert await world.value(reasons) == ["caller_id_changed"]


async def no_caps(world: World) -> None:
    """Let the calls of yesterday be long ago."""
    async with world.store.connection() as connection:
        await connection.execute("UPDATE attempt SET rules_at = rules_at - interval '40 days'")
