"""Quotas on a real PostgreSQL: a group closes at its number, whoever claims, and opens again when it is raised."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from agi_app.gate.permit import MarkReceipt
from agi_app.model.call import CallResult, Claim, Outcome
from agi_app.model.campaign import Campaign, CampaignState, Pace, Quota
from agi_app.store.calling import attempts, campaigns, claim_one_contact, quotas, tallies
from agi_app.store.calling.claim_one_contact import RefusedContact
from agi_app.store.calling.claims import Nobody
from agi_app.store.calling.dead_workers import sweep
from agi_app.store.calling.gateway_ports import GatewayPort
from agi_app.store.database.pool import Store
from agi_app.store.people import consents
from tests.store import one
from tests.store.conftest import open_store
from tests.store.world import HUMAN, TERMS, World, campaign, consent, contact, import_contacts

pytestmark = pytest.mark.postgres
REFUSED = CallResult(Outcome.HUMAN, disposition="refused")
BY_GROUP = Quota("group", 3, (), ("confirmed",))


def group_of(n: int) -> str:
    """Three groups in turn."""
    return ("north", "south", "west")[n % 3]


async def survey(
    world: World, people: Sequence[int], quota: Quota = BY_GROUP, name: str = "survey", **more: object
) -> Campaign:
    """A running campaign with a quota; its contacts are in three groups."""
    wanted = await world.running(campaign(name, quota=quota, pace=Pace(50, 1000), **more), [])
    await consents.import_consents(world.store, [consent(n) for n in people], "admin", await world.now())
    rows = [contact(n, group=group_of(n)) for n in people]
    await import_contacts(world.store, wanted.name, rows, await world.now())
    return wanted


async def groups(world: World, wanted: Campaign) -> dict[str, tuple[int, int, int]]:
    """Of each group: completed, in a call, waiting."""
    found = await quotas.groups_of(world.store, wanted)
    return {group.name: (group.completed, group.under_way, group.waiting) for group in found}


async def test_a_group_closes_at_its_number_and_the_others_go_on(world: World) -> None:
    """Of ten people of each group three are called when all confirm; the rest is refused, each with its reason."""
    wanted = await survey(world, range(30))
    called: Counter[str] = Counter()
    for _ in range(20):
        batch = await world.claim(wanted, 4)
        assert len(batch.claims) <= 4
        for claimed in batch.claims:
            called[claimed.fields["group"]] += 1
            await world.call(claimed)
    assert called == {"north": 3, "south": 3, "west": 3}
    assert await groups(world, wanted) == dict.fromkeys(("north", "south", "west"), (3, 0, 0))
    kept = await tallies.of_campaign(world.store, wanted.name)
    assert kept.contacts == {"parked": 21, "done": 9}
    assert kept.refused == {"quota_reached": 21}
    assert await world.value("SELECT count(*) FROM decision WHERE rules = '{quota_reached}'") == 21


async def test_who_answers_something_else_fills_no_group(world: World) -> None:
    """Only the dispositions that the quota names count."""
    wanted = await survey(world, range(12), replace(BY_GROUP, dispositions=("confirmed", "partly")))
    results = [HUMAN, REFUSED, REFUSED, CallResult(Outcome.HUMAN, disposition="partly")]
    for _ in range(8):
        for claimed in (await world.claim(wanted, 3)).claims:
            await world.call(claimed, results[int(claimed.number[-2:]) // 3])
    assert await groups(world, wanted) == dict.fromkeys(("north", "south", "west"), (2, 0, 0))
    assert (await tallies.of_campaign(world.store, wanted.name)).contacts == {"done": 12}


async def test_no_more_are_claimed_than_a_group_lacks_if_all_calls_under_way_are_completed(world: World) -> None:
    """Three calls of each group go on: nobody else is claimed until one of them ends otherwise."""
    wanted = await survey(world, range(30))
    first = await world.claim(wanted, 30)
    assert Counter(c.fields["group"] for c in first.claims) == {"north": 3, "south": 3, "west": 3}
    full = await world.claim(wanted, 30)
    assert (full.claims, full.refused, full.short) == ((), 0, Nobody.BY_QUOTA)
    ended = next(c for c in first.claims if c.fields["group"] == "south")
    await world.call(ended, REFUSED)
    (again,) = (await world.claim(wanted, 30)).claims
    assert again.fields["group"] == "south"
    await attempts.release(world.store, again.attempt_id, "not dialled")
    (once_more,) = (await world.claim(wanted, 30)).claims
    assert once_more.contact_id == again.contact_id


async def test_the_group_that_is_furthest_from_its_number_is_called_first(world: World) -> None:
    """So that the groups grow together, in whatever order the file has them."""
    numbers = Quota("group", None, (("north", 10), ("south", 10), ("west", 2)), ("confirmed",))
    wanted = await survey(world, range(60), numbers)
    called = [(await world.claim(wanted, 1)).claims[0].fields["group"] for _ in range(6)]
    assert Counter(called) == {"north": 3, "south": 2, "west": 1}


async def test_a_group_without_a_number_and_an_empty_column_are_refused(world: World, store: Store) -> None:
    """What is not known is a reason; contacts of named groups are called."""
    wanted = await survey(world, range(6), Quota("group", None, (("north", 5), ("south", 0)), ("confirmed",)))
    await consents.import_consents(store, [consent(7)], "admin", await world.now())
    await import_contacts(store, wanted.name, [contact(7)], await world.now())
    batches = [await world.claim(wanted, 10) for _ in range(3)]
    assert [c.fields["group"] for b in batches for c in b.claims] == ["north", "north"]
    kept = await tallies.of_campaign(store, wanted.name)
    assert kept.refused == {"quota_group": 3, "quota_reached": 2}
    why = await world.value("SELECT reasons::text FROM decision WHERE rules = '{quota_group}' LIMIT 1")
    assert "west" not in str(why), "the group may say something of the person, who can be erased"


async def test_a_raised_number_opens_the_group_again_when_the_campaign_is_started(world: World, store: Store) -> None:
    """Nobody touches the contacts: the start lets all refusals be decided anew."""
    wanted = await survey(world, range(30))
    for _ in range(12):
        for claimed in (await world.claim(wanted, 6)).claims:
            await world.call(claimed)
    raised = replace(wanted, quota=replace(BY_GROUP, completed=None, groups=(("north", 5), ("south", 3), ("west", 2))))
    await campaigns.save_campaign(store, raised, "flows/reminder.yaml", "flow: reminder\n")
    assert (await world.claim(wanted, 6)).short is Nobody.WHILE_IT_STANDS_STILL, "what the worker knows is old"
    await campaigns.set_state(store, wanted.name, CampaignState.RUNNING, None, await world.now())
    called = [c for _ in range(6) for c in (await world.claim(raised, 6)).claims]
    assert [c.fields["group"] for c in called] == ["north", "north"]


async def test_a_quota_that_comes_later_counts_what_was_completed_before(world: World, store: Store) -> None:
    """Groups are made of the contacts that are there, and another column makes other groups."""
    before = await survey(world, range(12), None)  # type: ignore[arg-type]
    for claimed in (await world.claim(before, 6)).claims:
        await world.call(claimed)
    assert await world.value("SELECT count(*) FROM contact WHERE quota_group IS NOT NULL") == 0
    wanted = replace(before, quota=BY_GROUP)
    await campaigns.save_campaign(store, wanted, "flows/reminder.yaml", "flow: reminder\n")
    assert await groups(world, wanted) == dict.fromkeys(("north", "south", "west"), (2, 0, 2))
    assert len((await world.claim(wanted, 20)).claims) == 3
    other = replace(wanted, quota=Quota("name", 1, (), ("confirmed",)))
    await campaigns.save_campaign(store, other, "flows/reminder.yaml", "flow: reminder\n")
    assert (await groups(world, other))["Person 1"] in [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    assert len(await groups(world, other)) == 12


async def test_an_import_that_moves_a_contact_moves_it_in_the_figures(world: World, store: Store) -> None:
    """A changed column is another group, also of who is completed; an unchanged one is the same."""
    wanted = await survey(world, range(3))
    await world.call(next(c for c in (await world.claim(wanted, 3)).claims if c.fields["group"] == "north"))
    rows = [contact(0, group="south"), contact(1, group="west"), contact(2, group="west")]
    await import_contacts(store, wanted.name, rows, await world.now())
    assert await groups(world, wanted) == {"south": (1, 0, 0), "west": (0, 2, 0)}


@pytest.fixture
async def other_node(database_url: str) -> AsyncIterator[World]:
    """A second worker with its own connections."""
    opened = await open_store(database_url)
    yield World(opened, terms=replace(TERMS, node="node-2"))
    await opened.close()


@pytest.mark.attack("two nodes claim the last place of a group at once")
async def test_two_nodes_bring_each_group_to_its_number_exactly(world: World, other_node: World) -> None:
    """Six loops on two nodes claim at the same time, and calls end in any order, completed or not."""
    quota = Quota("group", None, (("north", 20), ("south", 13), ("west", 7)), ("confirmed",))
    wanted = await survey(world, range(240), quota)
    chance, most = random.Random(7), Counter[str]()

    async def work(node: World) -> None:
        idle = 0
        while idle < 12:
            batch = await node.claim(wanted, chance.randint(1, 8))
            idle = 0 if batch.claims or batch.refused else idle + 1
            for name, (completed, under_way, _) in (await groups(node, wanted)).items():
                most[name] = max(most[name], completed + under_way)
            await asyncio.gather(*(ended(node, claimed) for claimed in batch.claims))

    async def ended(node: World, claimed: Claim) -> None:
        await asyncio.sleep(chance.random() * 0.02)
        if chance.random() < 0.1:
            await attempts.release(node.store, claimed.attempt_id, "not dialled")
        else:
            await node.call(claimed, HUMAN if chance.random() < 0.4 else REFUSED)

    await asyncio.gather(*(work(node) for node in (world, other_node) for _ in range(3)))
    assert {name: done for name, (done, _, _) in (await groups(world, wanted)).items()} == dict(quota.groups)
    assert most == dict(quota.groups), "at no moment could a group have gone over its number"
    nodes = await world.value("SELECT count(DISTINCT node) FROM attempt WHERE dialled")
    assert nodes == 2


async def test_a_call_that_was_given_up_and_completed_after_all_comes_on_top(world: World, store: Store) -> None:
    """A dead worker's call no longer holds a place; its late result is counted as what it is."""
    wanted = await survey(world, [0, 3], Quota("group", 1, (), ("confirmed",)))
    lost = await world.claim_one(wanted)
    receipt = await one.mark(store, lost, TERMS.node)
    assert isinstance(receipt, MarkReceipt)
    async with store.connection() as connection:
        await connection.execute("UPDATE attempt SET lease_until = clock_timestamp() - interval '1 s'")
    await sweep(store, None, lambda _state: CallResult(Outcome.INTERRUPTED))
    await world.call(await world.claim_one(wanted))
    assert await groups(world, wanted) == {"north": (1, 0, 0)}
    assert await one.finish(store, lost.attempt_id, HUMAN, None, True)
    assert await groups(world, wanted) == {"north": (2, 0, 0)}


@pytest.mark.attack("an agent calls somebody of a closed group")
async def test_an_agent_cannot_call_somebody_of_a_closed_group(world: World, store: Store) -> None:
    """The gate is asked as for any call, and says why not; calls under way count."""
    wanted = await survey(world, [0, 3], Quota("group", 1, (), ("confirmed",)))
    claimed = await world.claim_one(wanted)
    left = int(str(await world.value("SELECT contact_id FROM contact WHERE state = 'pending'")))
    case = (wanted, left, world.terms, world.judge(wanted))
    under_way = await claim_one_contact.claim_one(store, *case)
    assert isinstance(under_way, RefusedContact)
    assert "the calls under way may fill this contact's group" in under_way.why
    await world.call(claimed)
    closed = await claim_one_contact.ask(store, *case)
    assert closed is not None
    assert "this contact's group has its number: 1 of 1 are completed" in closed.why


async def test_ports_of_a_gateway_are_used_for_open_groups(world: World) -> None:
    """The same places and the same groups, when the trunk has ports."""
    wanted = await survey(world, range(30), Quota("group", 1, (), ("confirmed",)))
    ports = (GatewayPort(wanted.caller_id, None, None),)  # type: ignore[arg-type]
    called = []
    for _ in range(20):
        for claimed in (await world.claim(wanted, 5, ports=ports)).claims:
            called.append(claimed.fields["group"])
            await world.call(claimed)
    assert sorted(called) == ["north", "south", "west"]


async def test_a_full_group_is_not_read_through(world: World, store: Store) -> None:
    """Five thousand contacts of a group that waits for one call cost the claim of the others nothing."""
    wanted = await survey(world, range(0, 15000, 3), Quota("group", 1, (), ("confirmed",)))
    await consents.import_consents(store, [consent(n) for n in (1, 2)], "admin", await world.now())
    assert len((await world.claim(wanted, 5)).claims) == 1
    await import_contacts(store, wanted.name, [contact(n, group=group_of(n)) for n in (1, 2)], await world.now())
    async with store.connection() as connection:
        await connection.execute("VACUUM ANALYZE contact")  # or making a plan looks at what is dead
    async with store.as_one():
        assert len((await world.claim(wanted, 5)).claims) == 2
        read = await world.value(
            "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE relname = 'contact'"
        )
    assert int(str(read)) < 100


async def test_an_erased_person_counts_for_no_group(world: World, store: Store) -> None:
    """Nothing of the row says the group any longer; the answer is gone, so that the group lacks one."""
    wanted = await survey(world, range(3))
    await world.call(next(c for c in (await world.claim(wanted, 3)).claims if c.fields["group"] == "north"))
    async with store.connection() as connection:
        await connection.execute(
            "UPDATE contact SET external_id = 'erased:' || contact_id, fields = '{}', state = 'done',"
            " due_at = 'infinity', quota_group = NULL WHERE external_id = 'row-0'"
        )
    assert await groups(world, wanted) == {"south": (0, 1, 0), "west": (0, 1, 0)}
    await quotas.regroup(store, wanted.name)
    assert await groups(world, wanted) == {"south": (0, 1, 0), "west": (0, 1, 0)}
    await tallies.fold(store)
    left = "SELECT count(*) FROM campaign_tally WHERE name LIKE '%%north%%'"
    assert await world.value(left) == 0, "no figure keeps the group's name"
