"""Calls for agents on a real PostgreSQL: what became of them is counted, and who was abandoned is left alone."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from agi_app.gate.ruleset import Jurisdiction, RuleSet
from agi_app.model.call import CallResult, Outcome
from agi_app.model.campaign import Agents, Campaign
from agi_app.store import attempts
from agi_app.store.pool import Store
from tests.store.world import World, campaign, rule_set

pytestmark = pytest.mark.postgres

DESK = Agents("desk")
NOBODY_THERE, TALKED = CallResult(Outcome.ABANDONED), CallResult(Outcome.ANSWERED)


def rules(**changes: object) -> RuleSet:
    """Those of the other store tests, changed."""
    there = rule_set(cap=100).jurisdictions["CN"]
    return RuleSet("rules-a", {"CN": Jurisdiction("CN", replace(there.rules, **changes))})  # type: ignore[arg-type]


async def for_agents(world: World, people: range, name: str = "checkup") -> Campaign:
    """A running campaign whose calls are for the desk."""
    return await world.running(campaign(name, agents=DESK), people)


async def refused_by(world: World, contact: str) -> list[str]:
    """The rules of a contact's latest decision."""
    found = await world.value(
        "SELECT d.rules FROM contact c JOIN decision d ON d.decision_id = c.last_decision_id WHERE c.external_id = %s",
        contact,
    )
    assert isinstance(found, list)
    return found


async def test_over_the_ceiling_nobody_is_called_and_the_decision_says_so(world: World) -> None:
    """One of two answered calls was abandoned: the next contact is refused, and stays refused."""
    world.rules = rules(abandoned_percent=1.0)
    wanted = await for_agents(world, range(3))
    for result in (TALKED, NOBODY_THERE):
        await world.call(await world.claim_one(wanted), result)
    batch = await world.claim(wanted)
    assert (batch.claims, batch.refused) == ((), 1)
    assert await refused_by(world, "row-2") == ["abandoned_ceiling"]
    inputs = await world.value("SELECT inputs -> 'abandoned' FROM decision ORDER BY decision_id DESC LIMIT 1")
    assert inputs == {"answered": 2, "abandoned": 1}


async def test_calls_without_agents_abandon_nobody(world: World) -> None:
    """A ceiling is about calls for agents: other campaigns, and other outcomes, do not fill it."""
    world.rules = rules(abandoned_percent=1.0)
    other = await world.running(campaign("other"), range(3))
    await world.call(await world.claim_one(other), NOBODY_THERE)
    assert len((await world.claim(other)).claims) == 2
    assert await world.value("SELECT count(*) FROM agent_tally") == 0


async def test_a_ceiling_is_forgotten_after_thirty_days(world: World, store: Store) -> None:
    """What was abandoned longer ago does not count."""
    world.rules = rules(abandoned_percent=1.0)
    wanted = await for_agents(world, range(2))
    await world.call(await world.claim_one(wanted), NOBODY_THERE)
    async with store.connection() as connection:
        await connection.execute("UPDATE agent_tally SET day = day - 31")
    assert len((await world.claim(wanted)).claims) == 1


async def test_who_was_abandoned_is_not_called_for_72_hours_by_any_campaign(world: World) -> None:
    """The same person in another campaign: refused with the reason and the time when it ends."""
    world.rules = rules(gap_after_abandoned=dt.timedelta(hours=72))
    await world.call(await world.claim_one(await for_agents(world, range(1))), NOBODY_THERE)
    other = await world.running(campaign("other"), range(1))
    assert (await world.claim(other)).claims == ()
    reasons = await world.value("SELECT reasons FROM decision ORDER BY decision_id DESC LIMIT 1")
    assert isinstance(reasons, list)
    assert [r["rule"] for r in reasons] == ["gap_after_abandoned"]
    until = dt.datetime.fromisoformat(reasons[0]["try_again_at"])
    called = await world.value("SELECT rules_at FROM attempt")
    assert until == called + dt.timedelta(hours=72)  # type: ignore[operator]


@pytest.mark.parametrize("outcome", ["congestion", "trunk_silent", "interrupted", "cancelled"])
async def test_what_a_trunk_or_a_crash_did_says_nothing_about_people(world: World, outcome: str) -> None:
    """The answer rate, by which calls are made ahead, is of calls that people or their phones ended."""
    wanted = await for_agents(world, range(1))
    await world.call(await world.claim_one(wanted), CallResult(Outcome(outcome)))
    assert await world.value("SELECT count(*) FROM agent_tally") == 0


async def test_the_true_result_of_a_swept_call_is_counted_once(world: World, store: Store) -> None:
    """A worker that was cut off says later what became of the call."""
    wanted = await for_agents(world, range(1))
    claim = await world.claim_one(wanted)
    assert await attempts.mark(store, claim, world.terms.node)
    async with store.connection() as connection:
        await connection.execute("UPDATE attempt SET state = 'ended', outcome = 'interrupted', swept = true")
    for _ in range(2):
        await attempts.finish(store, claim.attempt_id, NOBODY_THERE, None, True)
    assert await world.value("SELECT answered::text || '/' || abandoned FROM agent_tally") == "1/1"
