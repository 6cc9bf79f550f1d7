"""Claims on a real PostgreSQL: nobody is called twice, limits hold, refusals are explained once."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any

import pytest

from agi_app.model.call import CallResult, Outcome
from agi_app.model.campaign import CampaignState, Pace, Purpose
from agi_app.store.calling import attempts, campaigns, concurrent_slots, reports, tallies
from agi_app.store.calling.claims import Nobody, NoPlaces
from agi_app.store.calling.dead_workers import SweepResult, sweep
from agi_app.store.database.pool import Store
from agi_app.store.people import consents, contacts, stops
from tests.store import one
from tests.store.world import HUMAN, TERMS, World, campaign, consent, number, rule_set

pytestmark = pytest.mark.postgres


async def test_two_campaigns_and_six_workers_call_each_of_500_persons_once(world: World, database_url: str) -> None:
    """With a cap of one call a day, whoever is first calls; nobody calls the same person a second time."""
    await world.running(campaign("one"), range(500))
    await world.running(campaign("two"), range(500))
    racers = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.store.racer", database_url, f"node-{n}"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for n in range(2)
    ]
    try:
        async with asyncio.timeout(60):
            for racer in racers:
                assert racer.stdout is not None
                assert await racer.stdout.readline() == b"ready\n"
            for racer in racers:
                assert racer.stdin is not None
                racer.stdin.write(b"go\n")
            printed = [(await racer.communicate())[0].decode().split() for racer in racers]
    finally:
        for racer in racers:
            if racer.returncode is None:
                racer.kill()
    assert [racer.returncode for racer in racers] == [0, 0]
    called = [int(person) for lines in printed for person in lines]
    assert len(called) == len(set(called)) == 500
    assert all(printed), "both processes must have taken part"
    assert await world.value("SELECT count(*) FROM attempt WHERE dialled") == 500
    assert await world.value("SELECT count(*) FROM slot WHERE attempt_id IS NOT NULL") == 0


async def test_a_claim_carries_all_that_the_call_needs(world: World) -> None:
    """Number, language, columns and the attempt's number come with the claim."""
    wanted = await world.running(campaign(), [7])
    got = await world.claim_one(wanted)
    assert (got.number, got.caller_id, got.trunk) == (number(7), wanted.caller_id, "carrier")
    assert (got.language, got.fields, got.attempt_number) == ("zh-CN", {"name": "Person 7"}, 1)
    assert number(7).lstrip("+") not in got.attempt_id


async def test_a_person_with_an_open_attempt_is_passed_over(world: World) -> None:
    """While one campaign calls them, no other claims them."""
    first, second = await world.running(campaign("one"), [1]), await world.running(campaign("two"), [1])
    await world.claim_one(first)
    batch = await world.claim(second)
    assert batch.claims == ()
    assert batch.short is Nobody.DUE


async def test_one_person_twice_in_a_campaign_is_claimed_once(world: World, store: Store) -> None:
    """Two rows with the same number are one person."""
    wanted = await world.running(campaign(), [1])
    async with store.connection() as connection:
        await connection.execute(
            "INSERT INTO contact (campaign, external_id, person_id, fields, due_at)"
            " SELECT campaign, 'again', person_id, fields, due_at FROM contact"
        )
    assert len((await world.claim(wanted)).claims) == 1


async def test_the_database_itself_refuses_a_second_open_attempt(world: World, store: Store) -> None:
    """The partial unique index holds even if all the code above it fails."""
    wanted = await world.running(campaign(), [1])
    got = await world.claim_one(wanted)
    with pytest.raises(Exception, match="attempt_one_open"):
        async with store.connection() as connection:
            await connection.execute(
                "INSERT INTO attempt (attempt_id, contact_id, person_id, campaign, decision_id, node, trunk,"
                " caller_id, rules_at, lease_until) SELECT 'another', contact_id, person_id, campaign, decision_id,"
                " node, trunk, caller_id, rules_at, lease_until FROM attempt WHERE attempt_id = %s",
                (got.attempt_id,),
            )


async def test_slots_of_the_campaign_limit_the_calls_at_once(world: World) -> None:
    """Never more than ``concurrent``; a finished call frees its slot."""
    wanted = await world.running(campaign(pace=Pace(50, 3)), range(10))
    first = await world.claim(wanted)
    assert len(first.claims) == 3
    assert isinstance(first.short, NoPlaces)
    second = await world.claim(wanted)
    assert second.claims == ()
    assert isinstance(second.short, NoPlaces)
    await world.call(first.claims[0])
    assert len((await world.claim(wanted)).claims) == 1


async def test_slots_of_the_trunk_hold_over_campaigns(world: World) -> None:
    """Two campaigns on one trunk share its limit, with claims at the same time."""
    one, two = await world.running(campaign("one"), range(10)), await world.running(campaign("two"), range(20, 30))
    batches = await asyncio.gather(*(world.claim(c, 5, trunk_limit=4) for c in (one, two) * 4))
    assert sum(len(b.claims) for b in batches) == 4
    assert await world.value("SELECT count(*) FROM slot WHERE scope = 'trunk:carrier'") == 4


async def test_a_slot_that_another_claim_holds_is_not_seen_as_free(world: World, store: Store) -> None:
    """Two workers never lease the same slot, and neither waits for the other."""
    wanted = await world.running(campaign(), range(10))
    async with store.transaction() as sizing:
        await concurrent_slots.lease(sizing, "trunk:carrier", 3, 0)
    async with store.transaction() as other:
        assert await concurrent_slots.lease(other, "trunk:carrier", 3, 2) == [1, 2]
        async with asyncio.timeout(1):
            assert len((await world.claim(wanted, 10, trunk_limit=3)).claims) == 1
            assert isinstance((await world.claim(wanted, 10, trunk_limit=3)).short, NoPlaces)
    assert len((await world.claim(wanted, 10, trunk_limit=3)).claims) == 2


async def test_a_lowered_limit_lets_no_call_start_until_it_holds(world: World, store: Store) -> None:
    """Calls that go on are left alone; new ones wait until fewer than the new limit are on."""
    wanted = await world.running(campaign(), range(10))
    going_on = (await world.claim(wanted, 4, trunk_limit=4)).claims
    for call in going_on[:2]:
        assert isinstance((await world.claim(wanted, 5, trunk_limit=2)).short, NoPlaces)
        await world.call(call)
    assert (await world.claim(wanted, 5, trunk_limit=2)).claims == ()
    await world.call(going_on[2])
    assert len((await world.claim(wanted, 5, trunk_limit=2)).claims) == 1
    async with store.connection() as connection:
        assert await concurrent_slots.used(connection, "trunk:carrier") == 2


async def test_a_raised_limit_counts_at_once(world: World) -> None:
    """More slots are made when the limit grows, also past numbers that are in use."""
    wanted = await world.running(campaign(), range(20))
    assert len((await world.claim(wanted, 20, trunk_limit=2)).claims) == 2
    assert len((await world.claim(wanted, 20, trunk_limit=9)).claims) == 7


async def test_no_slot_leaks_over_every_way_a_call_can_end(world: World, store: Store) -> None:
    """Finished, released, refused at the mark: each frees the trunk's and the campaign's slot."""
    wanted = await world.running(campaign(), range(3))
    done, given_back, refused = (await world.claim(wanted)).claims
    await world.call(done, CallResult(Outcome.NO_ANSWER))
    await attempts.release(store, given_back.attempt_id, "the permit ran out")
    assert await one.mark(store, refused, "another node") is None
    await attempts.release(store, refused.attempt_id, "shutting down")
    assert await world.value("SELECT count(*) FROM slot WHERE attempt_id IS NOT NULL") == 0
    assert await world.value("SELECT count(*) FROM slot") == 1100


async def test_a_refusal_is_written_once_until_it_changes(world: World, store: Store) -> None:
    """Passing over the same contact again adds no row; another rule set or another reason does."""
    wanted = await world.running(campaign(), [1], consenting=[])

    async def again() -> object:
        async with store.connection() as connection:
            await connection.execute("UPDATE contact SET due_at = clock_timestamp()")
        assert (await world.claim(wanted)).refused == 1
        return await world.value("SELECT count(*) FROM decision")

    assert await again() == 1
    assert await again() == 1
    world.rules = rule_set(version="rules-2")
    assert await again() == 2
    await consents.import_consents(store, [consent(1, Purpose.MARKETING)], "admin", await world.now())
    assert await again() == 3
    assert (await tallies.of_campaign(store, wanted.name)).refused == {"consent_purpose": 1}


async def test_a_decision_says_why_by_which_facts_and_clock_without_the_number(world: World, store: Store) -> None:
    """Rules, texts, inputs, rule set, clock; telephone numbers of persons stand nowhere in it."""
    wanted = await world.running(campaign(), [1], consenting=[])
    await consents.import_consents(store, [consent(1, Purpose.SURVEY)], "admin", await world.now())
    await world.claim(wanted)
    async with store.connection() as connection:
        row = await (await connection.execute("SELECT * FROM decision")).fetchone()
    assert row is not None
    assert (row["allowed"], row["rules"], row["clock"]) == (False, ["consent_purpose"], "system")
    kept = {"rule": "consent_purpose", "values": {"held": ["survey"], "asked": "transactional"}}
    assert row["reasons"] == [kept]
    (status,) = await reports.contact_rows(store, wanted.name)
    assert status.reasons[0].text == "the consent is for survey, the call is transactional"
    assert row["inputs"]["consents"][0]["purpose"] == "survey"
    assert row["ruleset_version"] == "rules-1"
    assert number(1) not in str(row)


async def test_refused_for_want_of_consent_waits_until_a_consent_comes(world: World, store: Store) -> None:
    """Parked, not asked again and again; an imported consent wakes it at once."""
    wanted = await world.running(campaign(), [1], consenting=[])
    assert (await world.claim(wanted)).refused == 1
    assert (await world.claim(wanted)).short is Nobody.DUE
    assert (await reports.why_waiting(store, wanted, await world.now())).by_rule == {"consent_missing": 1}
    counted = await consents.import_consents(store, [consent(1)], "admin", await world.now())
    assert (counted.added, counted.woken) == (1, 1)
    assert len((await world.claim(wanted)).claims) == 1


async def test_new_calling_rules_let_old_refusals_be_decided_again(world: World, store: Store) -> None:
    """Refusals by the same version stay parked; those of another version are looked at anew."""
    wanted = await world.running(campaign(), [1], consenting=[])
    assert (await world.claim(wanted)).refused == 1
    assert await contacts.wake_old_rules(store, "rules-1", await world.now()) == 0
    assert await contacts.wake_old_rules(store, "rules-2", await world.now()) == 1
    assert (await world.claim(wanted)).refused == 1


async def test_a_capped_person_is_due_again_when_the_cap_allows(world: World, store: Store) -> None:
    """The second campaign waits for a day, not for a person to mend something."""
    one, two = await world.running(campaign("one"), [1]), await world.running(campaign("two"), [1])
    await world.call(await world.claim_one(one))
    assert (await world.claim(two)).refused == 1
    waiting = await reports.why_waiting(store, two, await world.now())
    assert waiting.by_rule == {"cap_per_day": 1}
    assert waiting.next_due is not None
    assert dt.timedelta(hours=23) < waiting.next_due - await world.now() < dt.timedelta(hours=24)
    tomorrow = dt.timedelta(hours=25)
    assert len((await world.claim(two, offset=tomorrow)).claims) == 1


async def test_calls_that_disturbed_nobody_do_not_count(world: World, store: Store) -> None:
    """After a 503 the person may be called again the same day; after ringing they may not."""
    wanted = await world.running(campaign(), [1])
    claim = await world.claim_one(wanted)
    assert await one.mark(store, claim, "node-1")
    await one.finish(store, claim.attempt_id, CallResult(Outcome.CONGESTION), await world.now(), False)
    again = await world.claim_one(wanted)
    assert (again.attempt_number, again.retries_used) == (2, {"congestion": 1})
    assert await one.mark(store, again, "node-1")
    rang = CallResult(Outcome.NO_ANSWER, ringing_at=await world.now())
    await one.finish(store, again.attempt_id, rang, await world.now(), False)
    assert (await world.claim(wanted)).refused == 1


async def test_a_person_sees_one_caller_id_for_ever(world: World) -> None:
    """After the first counted call another number of ours is refused."""
    await world.call(await world.claim_one(await world.running(campaign("one"), [1])))
    world.rules = rule_set(cap=5)
    other = await world.running(campaign("two", caller_id="+99986210000002"), [1])
    assert (await world.claim(other)).refused == 1
    assert (await tallies.of_campaign(world.store, "two")).refused == {"caller_id_changed": 1}


@pytest.mark.parametrize("state", [CampaignState.DRAFT, CampaignState.PAUSED, CampaignState.STOPPED])
async def test_a_campaign_that_does_not_run_parks_nobody(world: World, store: Store, state: CampaignState) -> None:
    """No decisions are made while it does not run, so that starting it finds everybody due."""
    wanted = await world.running(campaign(), range(3))
    await campaigns.set_state(store, wanted.name, state, "for the test", await world.now())
    assert (await world.claim(wanted)).short is Nobody.WHILE_IT_STANDS_STILL
    assert await world.value("SELECT count(*) FROM decision") == 0
    await campaigns.set_state(store, wanted.name, CampaignState.RUNNING, None, await world.now())
    assert len((await world.claim(wanted)).claims) == 3


async def test_starting_again_lets_old_refusals_be_decided_anew(world: World, store: Store) -> None:
    """An operator who mended the cause restarts the campaign and need not touch each contact."""
    wanted = await world.running(campaign(jurisdictions=("GB",)), range(2))
    assert (await world.claim(wanted)).refused == 2
    mended = campaign()
    await campaigns.save_campaign(store, mended, "flows/reminder.yaml", "flow: reminder\n")
    await campaigns.set_state(store, wanted.name, CampaignState.RUNNING, None, await world.now())
    assert len((await world.claim(mended)).claims) == 2


async def test_finishing_twice_changes_nothing(world: World, store: Store) -> None:
    """The first result stays."""
    wanted = await world.running(campaign(), [1])
    claim = await world.claim_one(wanted)
    await world.call(claim)
    assert not await one.finish(store, claim.attempt_id, CallResult(Outcome.BUSY), None, True)
    (row,) = await reports.attempt_rows(store, wanted.name)
    assert (row.outcome, row.disposition, row.answers, row.counts) == ("human", "confirmed", {"menu": "yes"}, True)
    assert (await reports.tallies_of(store, wanted.name)).outcomes == {"human": 1}
    assert (await tallies.of_campaign(store, wanted.name)).dispositions == {"confirmed": 1}


async def test_a_released_claim_uses_up_no_attempt(world: World, store: Store) -> None:
    """Surely not dialled: due at once, still the first attempt, not in the report."""
    wanted = await world.running(campaign(), [1])
    claim = await world.claim_one(wanted)
    assert await one.mark(store, claim, "node-1")
    assert await attempts.release(store, claim.attempt_id, "the permit ran out")
    again = await world.claim_one(wanted)
    assert again.attempt_number == 1
    assert not await one.finish(store, claim.attempt_id, HUMAN, None, True)
    assert await reports.attempt_rows(store, wanted.name) == []


async def test_a_lease_that_ran_out_cannot_be_marked(world: World, store: Store) -> None:
    """A worker that slept too long may not dial any more."""
    wanted = await world.running(campaign(), range(2))
    late, kept = (await world.claim(wanted, lease=dt.timedelta(milliseconds=50))).claims
    assert await attempts.extend_leases(store, TERMS.node, [kept.attempt_id, "unknown"], TERMS.lease) == {
        kept.attempt_id
    }
    await asyncio.sleep(0.1)
    assert await one.mark(store, late, TERMS.node) is None
    assert await one.mark(store, kept, TERMS.node) is not None


async def test_marks_of_several_calls_are_judged_each_for_itself(world: World, store: Store) -> None:
    """One has said stop, one claim's lease is over, one campaign is paused: the others are dialled."""
    wanted = await world.running(campaign(), range(4))
    paused = await world.running(campaign("paused"), [5])
    (late,) = (await world.claim(wanted, 1, lease=dt.timedelta(milliseconds=1))).claims
    stopped, first, second = (await world.claim(wanted)).claims
    waits = await world.claim_one(paused)
    await stops.revoke(store, stopped.number, None, await world.now(), reason="stop", via="key")
    await campaigns.set_state(store, "paused", CampaignState.PAUSED, "for the test", await world.now())
    marked = await attempts.mark(store, [late, second, stopped, waits, first], TERMS.node)
    assert [receipt and receipt.attempt_id for receipt in marked] == [
        *(None, second.attempt_id),
        *(None, None, first.attempt_id),
    ]
    assert await world.value("SELECT count(*) FROM attempt WHERE dialled") == 2
    assert await world.value("SELECT count(*) FROM attempt WHERE state = 'claimed'") == 0, "the others were given back"
    assert await attempts.mark(store, [first, second], TERMS.node) == [None, None], "nobody is dialled twice"
    assert await world.value("SELECT count(*) FROM attempt WHERE state = 'dialling'") == 2


async def test_results_of_several_calls_are_stored_each_with_its_own(world: World, store: Store) -> None:
    """Also beside one that has ended already, one that a sweep had guessed, and one that nobody knows."""
    wanted = await world.running(campaign(), range(4))
    over, swept, busy, talked = (await world.claim(wanted)).claims
    assert all(await attempts.mark(store, [over, swept, busy, talked], TERMS.node))
    await one.finish(store, over.attempt_id, HUMAN, None, True)
    async with store.connection() as connection:
        await connection.execute(
            "UPDATE attempt SET lease_until = clock_timestamp() WHERE attempt_id = %s", (swept.attempt_id,)
        )
    assert await sweep(store, None, lambda _: CallResult(Outcome.INTERRUPTED)) == SweepResult(0, 1)
    tomorrow = await world.now() + dt.timedelta(days=1)
    ends = [
        attempts.Ended(over.attempt_id, CallResult(Outcome.BUSY), None, True),
        attempts.Ended(busy.attempt_id, CallResult(Outcome.BUSY, note="line 1\nline 2"), tomorrow, False),
        attempts.Ended("unknown", HUMAN, None, True),
        attempts.Ended(swept.attempt_id, HUMAN, None, True),
        attempts.Ended(talked.attempt_id, replace(HUMAN, answers={"q": "\u660e\u5929"}), None, True),
    ]
    assert await attempts.finish(store, ends) == [False, True, False, True, True]
    assert await attempts.finish(store, ends) == [False] * 5
    rows = {row.attempt_id: row for row in await reports.attempt_rows(store, wanted.name)}
    assert [rows[claim.attempt_id].outcome for claim in (over, swept, busy, talked)] == [
        "human",
        "human",
        "busy",
        "human",
    ]
    assert (rows[busy.attempt_id].note, rows[talked.attempt_id].answers) == ("line 1\nline 2", {"q": "\u660e\u5929"})
    assert (await reports.tallies_of(store, wanted.name)).outcomes == {"human": 3, "busy": 1}
    assert await world.value("SELECT due_at FROM contact WHERE contact_id = %s", busy.contact_id) == tomorrow
    assert await world.value("SELECT count(*) FROM contact WHERE attempts_made = 1") == 4
    assert await world.value("SELECT count(*) FROM slot WHERE attempt_id IS NOT NULL") == 0
    assert await world.value("SELECT count(*) FROM result") == 5, "the sweep's guess and what took its place, too"


async def test_a_batch_locks_its_persons_in_the_order_in_which_everybody_does(world: World, store: Store) -> None:
    """Else a batch and an import that joins persons could each hold what the other one waits for."""
    wanted = await world.running(campaign(), range(8))
    claimed = (await world.claim(wanted)).claims
    first, *others = sorted(claim.person_id for claim in claimed)
    ends = [attempts.Ended(claim.attempt_id, HUMAN, None, True) for claim in claimed]
    batches: list[Coroutine[Any, Any, Sequence[object]]]
    batches = [attempts.mark(store, claimed, TERMS.node), attempts.finish(store, ends)]
    for batch in batches:
        async with asyncio.TaskGroup() as group, store.transaction() as connection:
            await connection.execute("SET LOCAL lock_timeout = '900ms'")  # less than until a deadlock is seen
            await connection.execute("SELECT lock_head(%s)", (first,))
            waiting = group.create_task(batch)
            await asyncio.sleep(0.3)
            assert not waiting.done(), "it did not wait for the person's lock"
            for head in others:
                await connection.execute("SELECT lock_head(%s)", (head,))
        assert all(waiting.result())
