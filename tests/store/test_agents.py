"""Calls for agents on a real PostgreSQL: what became of them is counted, and who was abandoned is left alone."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace

import pytest

from agi_app.gate.ruleset import Jurisdiction, RuleSet
from agi_app.model.agents import AgentCounts
from agi_app.model.call import CallResult, Outcome
from agi_app.model.campaign import Agents, Campaign
from agi_app.store.calling.agents import AgentTerms, Note, counts, note, pause
from agi_app.store.calling.claims import Nobody
from agi_app.store.database.pool import Store
from agi_app.store.service import figures
from tests.store import one
from tests.store.world import World, campaign, rule_set

pytestmark = pytest.mark.postgres

DESK = Agents("desk")
NOBODY_THERE, TALKED = CallResult(Outcome.ABANDONED), CallResult(Outcome.ANSWERED)


def rules(**changes: object) -> RuleSet:
    """Those of the other store tests, changed."""
    there = rule_set(cap=100).jurisdictions["CN"]
    return RuleSet("rules-a", {"CN": Jurisdiction("CN", replace(there.rules, **changes))})  # type: ignore[arg-type]


async def for_agents(world: World, people: range, name: str = "checkup") -> Campaign:
    """A running campaign whose calls are for the desk, where a hundred are free."""
    seen = AgentTerms(await world.now(), True, lambda counts: 100 - counts.under_way)
    world.terms = replace(world.terms, agents=seen)
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
    assert await figures.abandoned(store, await world.now()) == {wanted.name: 1.0}
    async with store.connection() as connection:
        await connection.execute("UPDATE agent_tally SET day = day - 31")
    assert len((await world.claim(wanted)).claims) == 1
    assert await figures.abandoned(store, await world.now()) == {}


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


@pytest.mark.parametrize("outcome", ["congestion", "trunk_silent", "no_media", "interrupted", "cancelled"])
async def test_what_a_trunk_or_a_crash_did_says_nothing_about_people(world: World, outcome: str) -> None:
    """The answer rate, by which calls are made ahead, is of calls that people or their phones ended."""
    wanted = await for_agents(world, range(1))
    await world.call(await world.claim_one(wanted), CallResult(Outcome(outcome)))
    assert await world.value("SELECT count(*) FROM agent_tally") == 0


async def test_the_true_result_of_a_swept_call_is_counted_once(world: World, store: Store) -> None:
    """A worker that was cut off says later what became of the call."""
    wanted = await for_agents(world, range(1))
    claim = await world.claim_one(wanted)
    assert await one.mark(store, claim, world.terms.node)
    async with store.connection() as connection:
        await connection.execute("UPDATE attempt SET state = 'ended', outcome = 'interrupted', swept = true")
    for _ in range(2):
        await one.finish(store, claim.attempt_id, NOBODY_THERE, None, True)
    assert await world.value("SELECT answered::text || '/' || abandoned FROM agent_tally") == "1/1"


async def test_calls_of_all_nodes_count_before_the_next_is_begun(world: World, store: Store) -> None:
    """Three free agents, two nodes: three calls together; one more when a person has met an agent who was seen busy."""
    wanted = await for_agents(world, range(9))
    first = (await world.claim(wanted, agents=AgentTerms(await world.now(), True, three), limit=2)).claims
    other = await world.claim(wanted, agents=AgentTerms(await world.now(), True, three), node="node-2")
    assert (len(first), len(other.claims), other.short) == (2, 1, Nobody.FOR_AGENTS)
    assert (await world.claim(wanted, agents=AgentTerms(await world.now(), True, three))).short is Nobody.FOR_AGENTS
    assert await one.mark(store, first[0], world.terms.node)
    at = await world.now()
    await note(store, [Note(first[0].attempt_id, answered_at=at), Note(first[0].attempt_id, met_at=at)])
    assert (await world.claim(wanted, agents=AgentTerms(at - dt.timedelta(seconds=1), True, three))).claims == ()
    assert len((await world.claim(wanted, agents=AgentTerms(at + dt.timedelta(seconds=1), True, three))).claims) == 1


def three(seen: AgentCounts) -> int:
    """Calls for three free agents."""
    return 3 - seen.under_way - seen.waiting


async def test_each_asterisk_may_have_agents_of_its_own(world: World) -> None:
    """Calls of other nodes are not for them."""
    wanted = await for_agents(world, range(9))
    own = AgentTerms(await world.now(), False, three)
    assert len((await world.claim(wanted, agents=own)).claims) == 3
    assert len((await world.claim(wanted, agents=own, node="node-2")).claims) == 3


async def test_without_a_look_at_the_agents_nobody_is_claimed(world: World) -> None:
    """A worker that knows nothing of them calls nobody."""
    wanted = await for_agents(world, range(2))
    assert (await world.claim(wanted, agents=None)).short is Nobody.FOR_AGENTS


async def test_two_at_once_begin_no_more_calls_than_one_after_the_other(world: World) -> None:
    """The second waits for the first, and counts its calls."""
    wanted = await for_agents(world, range(30))
    terms = AgentTerms(await world.now(), True, three)
    batches = await asyncio.gather(*(world.claim(wanted, agents=terms, node=f"node-{n}") for n in range(6)))
    assert sum(len(batch.claims) for batch in batches) == 3


async def test_how_calls_went_is_told_after_a_restart(world: World, store: Store) -> None:
    """The figures are in the database: answers, talks and how long they were."""
    wanted = await for_agents(world, range(2))
    claim = await world.claim_one(wanted)
    assert await one.mark(store, claim, world.terms.node)
    at = await world.now()
    await note(store, [Note(claim.attempt_id, met_at=at)])
    talked = replace(TALKED, answered_at=at, ended_at=at + dt.timedelta(seconds=40))
    assert await one.finish(store, claim.attempt_id, talked, None, True)
    await world.call(await world.claim_one(wanted), CallResult(Outcome.NO_ANSWER))
    seen = await counts(store, "desk", wanted.name, at)
    assert (seen.ended, seen.answered, seen.met, seen.abandoned) == (2, 1, 1, 0)
    assert abs(seen.talk_s - 40) < 0.01


async def test_only_a_running_campaign_is_paused(world: World, store: Store) -> None:
    """Who stopped it meanwhile has stopped it."""
    wanted = await for_agents(world, range(1))
    assert await pause(store, wanted.name, "too many abandoned")
    assert await world.value("SELECT state_reason FROM campaign") == "too many abandoned"
    assert not await pause(store, wanted.name, "again")
