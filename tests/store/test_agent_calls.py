"""A certain contact is asked about and claimed by the same gate and locks; requests are taken once."""

from __future__ import annotations

import datetime as dt

import pytest

from agi_app.gate.decide import Decision, decide
from agi_app.gate.facts import Facts
from agi_app.model.call import Claim
from agi_app.model.campaign import Campaign
from agi_app.store.calling import attempts
from agi_app.store.calling.claim_one_contact import Case, RefusedContact, ask, claim_one
from agi_app.store.database.pool import Store
from agi_app.store.requested_calls import agent_calls
from agi_app.store.requested_calls.agent_calls import Leg
from tests.store.world import World, campaign

pytestmark = pytest.mark.postgres


def case(world: World, wanted: Campaign, contact_id: int) -> Case:
    def judge(facts: Facts, now: dt.datetime) -> Decision:
        return decide(facts, wanted, True, world.rules, now)

    return wanted, contact_id, world.terms, judge


async def contact_of(world: World, n: int) -> int:
    found = await world.value("SELECT contact_id FROM contact WHERE external_id = %s", f"row-{n}")
    assert isinstance(found, int)
    return found


async def state_of(world: World, n: int) -> object:
    return await world.value("SELECT state || ' ' || due_at FROM contact WHERE external_id = %s", f"row-{n}")


async def test_to_ask_reserves_nothing_and_a_no_is_kept(world: World, store: Store) -> None:
    """The refused contact stays due as it was; its decision has the rule."""
    wanted = await world.running(campaign(), [1, 2], consenting=[1])
    before = await state_of(world, 1), await state_of(world, 2)
    assert await ask(store, *case(world, wanted, await contact_of(world, 1))) is None
    refused = await ask(store, *case(world, wanted, await contact_of(world, 2)))
    assert refused is not None
    assert refused.why.startswith("consent_missing")
    assert (await state_of(world, 1), await state_of(world, 2)) == before
    assert await world.value("SELECT array_agg(rules) FROM decision") == [["consent_missing"]]
    assert await world.value("SELECT count(*) FROM attempt") == 0


async def test_a_claim_is_of_this_contact_alone_also_when_it_is_done(world: World, store: Store) -> None:
    """Nobody else is claimed; while the call is on the person cannot be claimed again; the cap counts it afterwards."""
    wanted = await world.running(campaign(), [1, 2])
    second = await contact_of(world, 2)
    async with store.connection() as connection:
        await connection.execute(
            "UPDATE contact SET state = 'done', due_at = 'infinity' WHERE contact_id = %s", (second,)
        )
    claim = await claim_one(store, *case(world, wanted, second))
    assert isinstance(claim, Claim)
    assert claim.contact_id == second
    again = await claim_one(store, *case(world, wanted, second))
    assert isinstance(again, RefusedContact)
    assert "in a call" in again.why
    assert (await world.claim_one(wanted)).contact_id == await contact_of(world, 1)
    await world.call(claim)
    over = await claim_one(store, *case(world, wanted, second))
    assert isinstance(over, RefusedContact)
    assert over.why.startswith("cap_per_day")
    assert await world.value("SELECT state FROM contact WHERE contact_id = %s", second) == "done"


async def test_no_place_and_no_running_campaign_are_told(world: World, store: Store) -> None:
    wanted = await world.running(campaign(), [1, 2])
    first = await contact_of(world, 1)
    small = World(
        store, world.rules, world.terms.__class__("node-1", dt.timedelta(minutes=5), 1, dt.timedelta(0), "system")
    )
    taken = await claim_one(store, *case(small, wanted, first))
    assert isinstance(taken, Claim)
    full = await ask(store, *case(small, wanted, await contact_of(world, 2)))
    assert full == RefusedContact("the trunk already has as many calls as it may have at once")
    assert await attempts.release(store, taken.attempt_id, "test")
    async with store.connection() as connection:
        await connection.execute("UPDATE campaign SET state = 'paused'")
    assert await ask(store, *case(world, wanted, first)) == RefusedContact("campaign checkup does not run")


async def test_a_request_is_taken_once_and_by_who_can(world: World, store: Store) -> None:
    wanted = await world.running(campaign(), [1])
    found = await agent_calls.find(store, wanted.name, "row-1", None)
    asked = await agent_calls.request(store, wanted.name, found[0], "desk", "ann")
    assert await agent_calls.take(store, "node-1", ["other"], [wanted.name]) is None
    assert await agent_calls.take(store, "node-1", ["desk"], ["another"]) is None
    taken = await agent_calls.take(store, "node-1", ["desk"], [wanted.name])
    assert taken is not None
    assert (taken.agent_call_id, taken.contact_id) == (asked, found[0])
    assert await agent_calls.take(store, "node-2", ["desk"], [wanted.name]) is None
    assert not await agent_calls.REQUESTS.give_up(store, asked)
    assert await agent_calls.end_left(store, "node-2") == 0
    assert await agent_calls.end_left(store, "node-1") == 1
    await agent_calls.finish(store, asked, Leg(["late"]), "answered", None)
    assert (await agent_calls.REQUESTS.status(store, asked)).result == "interrupted"
