"""Ports of a gateway: one call each over all workers, a rest after it, so many in 24 hours, and no choice of number."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from agi_app.model.call import CallResult, Claim, Outcome
from agi_app.model.campaign import Campaign
from agi_app.store.calling import attempts, gateway_ports
from agi_app.store.calling.claims import ClaimBatch
from agi_app.store.calling.gateway_ports import GatewayPort, GatewayPorts
from agi_app.store.database.pool import Store
from agi_app.store.people import caller_ids
from tests.store import one
from tests.store.world import LONG_AGO, World, campaign, number, rule_set

pytestmark = pytest.mark.postgres
NORTH, SOUTH = "+99986210000001", "+99986210000002"  # NORTH is the campaign's own
BUSY = CallResult(Outcome.BUSY)


@pytest.fixture
async def gateway(world: World) -> Campaign:
    """Six people due: the fourth and the fifth see SOUTH, the others NORTH; each number has one port."""
    made = await world.running(campaign(caller_id=NORTH), range(1, 7))
    until = await world.now() + dt.timedelta(days=9)
    proof = caller_ids.CallerIdProof(SOUTH, "letter", "l.pdf", "00", "admin", LONG_AGO, until)
    await caller_ids.add_proof(world.store, proof, await world.now())
    world.rules = rule_set(cap=3)
    return replace(made, local_caller_ids=((number(4), SOUTH), (number(5), SOUTH)))


def ports(per_day: int | None = None, spacing: float = 0.0) -> tuple[GatewayPort, ...]:
    """Both ports with these limits."""
    return tuple(GatewayPort(number, per_day, spacing) for number in (NORTH, SOUTH))


async def claim(world: World, wanted: Campaign, per_day: int | None = None, spacing: float = 0.0) -> ClaimBatch:
    """As a worker with the gateway's settings does."""
    return await world.claim(wanted, 10, ports=ports(per_day, spacing))


def shown(batch: ClaimBatch) -> dict[str, str]:
    """Who would be called, and which number they see."""
    return {c.number: c.caller_id for c in batch.claims}


async def end(world: World, claimed: Claim) -> None:
    """The call is made and over; the person stays due."""
    assert await one.mark(world.store, claimed, world.terms.node)
    ended = replace(BUSY, ended_at=await world.now())
    assert await one.finish(world.store, claimed.attempt_id, ended, await world.now(), False)


async def test_a_port_carries_one_call_and_only_to_those_who_see_its_number(world: World, gateway: Campaign) -> None:
    first = await claim(world, gateway)
    assert shown(first) == {number(1): NORTH, number(4): SOUTH}
    second = await claim(world, gateway)
    assert second.claims == ()
    assert isinstance(second.short, GatewayPorts)
    assert second.short.in_call == {NORTH, SOUTH}
    await end(world, first.claims[1])
    third = await claim(world, gateway)
    assert shown(third) == {number(5): SOUTH}, "who sees NORTH waits for its port, whoever is due first"
    await end(world, third.claims[0])
    assert set(shown(await claim(world, gateway))) == {number(4)}


async def test_a_port_that_another_worker_looks_at_is_not_free(world: World, store: Store, gateway: Campaign) -> None:
    """Both ports are known already; the other one's claim is not committed yet."""
    for claimed in (await claim(world, gateway)).claims:
        await attempts.release(store, claimed.attempt_id, "not dialled")
    async with store.transaction() as other:
        assert (await gateway_ports.lease(other, ports(), await world.now(), dt.timedelta(0))).free == {NORTH, SOUTH}
        batch = await claim(world, gateway)
        assert batch.claims == ()
        assert isinstance(batch.short, GatewayPorts)
        assert batch.short.in_call == {NORTH, SOUTH}
    assert len((await claim(world, gateway)).claims) == 2


async def test_a_port_rests_after_a_call(world: World, gateway: Campaign) -> None:
    for claimed in (await claim(world, gateway)).claims:
        await end(world, claimed)
    batch = await claim(world, gateway, spacing=30.0)
    assert batch.claims == ()
    assert isinstance(batch.short, GatewayPorts)
    now = await world.now()
    assert all(25 < (until - now).total_seconds() <= 30 for until in batch.short.resting.values())
    assert len((await claim(world, gateway)).claims) == 2


async def test_a_port_makes_so_many_calls_in_24_hours(world: World, store: Store, gateway: Campaign) -> None:
    """A call that was given back did not happen; one of yesterday does not count."""
    for _ in range(2):
        for claimed in (await claim(world, gateway, 2)).claims:
            await end(world, claimed)
        for claimed in (await claim(world, gateway, 9)).claims:
            await attempts.release(store, claimed.attempt_id, "not dialled")
    batch = await claim(world, gateway, 2)
    assert batch.claims == ()
    assert isinstance(batch.short, GatewayPorts)
    assert set(batch.short.resting) == {NORTH, SOUTH}
    assert min(batch.short.resting.values()) - await world.now() > dt.timedelta(hours=23)
    async with store.connection() as connection:
        await connection.execute("UPDATE attempt SET rules_at = rules_at - interval '1 day' WHERE line = %s", [SOUTH])
    assert set(shown(await claim(world, gateway, 2)).values()) == {SOUTH}


async def test_who_has_seen_a_number_never_sees_another(world: World, gateway: Campaign) -> None:
    """Their number belongs to SOUTH now, but they were called from NORTH: NORTH it stays."""
    before = replace(gateway, local_caller_ids=())
    (claimed,) = (await world.claim(before, 1, ports=ports())).claims
    await end(world, claimed)
    moved = replace(gateway, local_caller_ids=((claimed.number, SOUTH), (number(4), SOUTH)))
    async with world.store.connection() as connection:  # due before all others
        await connection.execute("UPDATE contact SET due_at = '2026-01-01' WHERE contact_id = %s", [claimed.contact_id])
    assert shown(await claim(world, moved)) == {claimed.number: NORTH, number(4): SOUTH}
