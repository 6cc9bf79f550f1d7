"""Numbers of one person: one call at a time, one cap, and a stop at any of them holds for all."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterable

import pytest

from agi_app.gate.ruleset import Cap, RuleSet
from agi_app.model.campaign import Purpose
from agi_app.store.calling import attempts, claims
from agi_app.store.calling.claims import Nobody
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection
from agi_app.store.people import person_views, stops
from agi_app.store.people.persons import link_persons, moves_of
from tests.store import one
from tests.store.conftest import STAMPER, open_store
from tests.store.world import World, campaign, hash_number, number, rule_set

pytestmark = pytest.mark.postgres
MAKE = "CREATE TEMPORARY TABLE given (e164 text NOT NULL, person_key text) ON COMMIT DROP"


async def link(store: Store, pairs: Iterable[tuple[int, str | None]]) -> int:
    """Say that the n-th number is of the person with this key, as an import does."""
    async with store.transaction() as connection:
        return await link_in(connection, pairs)


async def link_in(connection: Connection, pairs: Iterable[tuple[int, str | None]]) -> int:
    """As ``link``, inside a transaction."""
    await connection.execute(MAKE)
    for n, key in pairs:
        await connection.execute("INSERT INTO given VALUES (%s, %s)", (number(n), key))
    return await link_persons(connection, "given", STAMPER)


async def heads(world: World, *numbers: int) -> set[int]:
    """The heads of these numbers."""
    asked = "SELECT array_agg(DISTINCT coalesce(same_as, person_id)) FROM person WHERE e164 = ANY(%s)"
    found = await world.value(asked, [number(n) for n in numbers])
    assert isinstance(found, list)
    return set(found)


async def flat(world: World) -> bool:
    """No head lies below another one."""
    below = "SELECT count(*) FROM person p JOIN person h ON h.person_id = p.same_as WHERE h.same_as IS NOT NULL"
    return await world.value(below) == 0


def test_keys_join_whole_chains_to_the_lowest_row() -> None:
    assert moves_of([[1, 2], [2, 3], [5, 6]]) == {2: 1, 3: 1, 6: 5}
    assert moves_of([[3, 4], [1, 2], [2, 4]]) == {2: 1, 3: 1, 4: 1}
    assert moves_of([]) == {}


async def test_rows_with_one_key_are_one_person_and_rows_without_stay_alone(world: World, store: Store) -> None:
    await world.running(campaign(), range(5))
    assert await link(store, [(0, "p1"), (1, "p1"), (2, "p2"), (3, None), (4, None)]) == 1
    assert len(await heads(world, 0, 1)) == 1
    assert len(await heads(world, 0, 2, 3, 4)) == 4
    assert await world.value("SELECT person_key FROM person WHERE e164 = %s", number(1)) == "p1"


async def test_a_later_import_joins_by_the_keys_of_the_earlier_ones(world: World, store: Store) -> None:
    """Also by a key that came as the second one of a number, and whole groups at once."""
    await world.running(campaign(), range(6))
    await link(store, [(0, "a"), (1, "a")])
    await link(store, [(2, "b"), (3, "b")])
    assert await link(store, [(1, "b")]) == 1, "one number in both: one person"
    assert len(await heads(world, 0, 1, 2, 3)) == 1
    await link(store, [(4, "c"), (3, "c")])
    await link(store, [(5, "c")])
    assert len(await heads(world, 0, 1, 2, 3, 4, 5)) == 1
    assert await link(store, [(5, "c"), (0, "a")]) == 0, "again changes nothing"
    assert await flat(world)


async def test_one_person_is_called_once_at_any_of_their_numbers(world: World, store: Store) -> None:
    wanted = await world.running(campaign(), range(3))
    await link(store, [(0, "p"), (1, "p")])
    batch = await world.claim(wanted)
    assert len(batch.claims) == 2, "one number of the person, and the stranger"
    called = next(c for c in batch.claims if c.number != number(2))
    await world.call(called)
    again = await world.claim(wanted)
    assert (len(again.claims), again.refused) == (0, 1)
    rules = await world.value("SELECT rules FROM decision WHERE NOT allowed")
    assert rules == ["cap_per_day"], "the cap is the person's"


async def test_two_contacts_with_one_number_are_called_one_at_a_time_and_both_count(world: World) -> None:
    """Two children, one parent."""
    first, second = await world.running(campaign("one"), [1]), await world.running(campaign("two"), [1])
    world.rules = rule_set(cap=2)
    held = await world.claim_one(first)
    assert (await world.claim(second)).short is Nobody.DUE
    await world.call(held)
    await world.call(await world.claim_one(second))
    assert await world.value("SELECT count(*) FROM attempt WHERE dialled") == 2


@pytest.mark.parametrize("linked_before", [True, False])
async def test_two_numbers_in_two_campaigns_and_many_claimers_are_one_call(
    world: World, database_url: str, linked_before: bool
) -> None:
    """Cap one a day: forty persons with two numbers each get exactly forty calls, also if joined meanwhile."""
    people = 40
    one = await world.running(campaign("one"), range(people))
    two = await world.running(campaign("two"), range(people, 2 * people))
    pairs = [(n, f"p{n % people}") for n in range(2 * people)]
    if linked_before:
        await link(world.store, pairs)
    stores = [await open_store(database_url) for _ in range(3)]
    called: list[int] = []

    async def work(store: Store, wanted: object) -> None:
        theirs = World(store)
        while True:
            batch = await theirs.claim(wanted, 3)  # type: ignore[arg-type]
            for claimed in batch.claims:
                await asyncio.sleep(0)
                await theirs.call(claimed)
                called.append(claimed.contact_id)
            if batch.short is Nobody.DUE:
                return

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        if not linked_before:
            group.create_task(link(world.store, pairs))
        for store in stores:
            group.create_task(work(store, one))
            group.create_task(work(store, two))
    for store in stores:
        await store.close()
    twice = (
        "SELECT count(*) FROM (SELECT head_of(person_id) FROM attempt WHERE dialled GROUP BY 1 HAVING count(*) > 1) t"
    )
    if linked_before:
        assert len(called) == people
        assert await world.value(twice) == 0
    assert await world.value("SELECT count(*) FROM attempt WHERE state <> 'ended'") == 0
    assert len(await heads(world, *range(2 * people))) == people
    assert await flat(world)


async def test_an_attempt_from_before_the_join_still_holds_the_person(world: World, store: Store) -> None:
    """Its row names the head of then; the open call and, later, the cap are seen from the other numbers."""
    one, two = await world.running(campaign("one"), [1]), await world.running(campaign("two"), [2, 3])
    await link(store, [(2, "q"), (3, "q")])
    held = (await world.claim(two)).claims[0]
    await link(store, [(1, "q")])  # the head is now number 1
    assert await heads(world, 1, 2, 3) != {held.person_id}
    assert (await world.claim(one)).short is Nobody.DUE
    assert (await world.claim(two)).short is Nobody.DUE
    await world.call(held)
    assert (await world.claim(one)).refused == 1
    assert await world.value("SELECT count(*) FROM attempt WHERE dialled") == 1


async def test_a_stop_at_one_number_stops_all_of_the_person(world: World, store: Store) -> None:
    """A claim at the other number is taken back, a dialled call is named, and no number is called again."""
    wanted = await world.running(campaign(), [1, 2])
    await link(store, [(1, "p"), (2, "p")])
    claimed = await world.claim_one(wanted)
    other = number(2) if claimed.number == number(1) else number(1)
    met = await stops.revoke(store, other, None, await world.now(), reason="x", via="key")
    assert met.cancelled == (claimed.attempt_id,)
    assert await one.mark(store, claimed, world.terms.node) is None
    batch = await world.claim(wanted)
    assert (batch.claims, batch.refused) == ((), 1)
    assert "suppressed" in await world.value("SELECT rules FROM decision WHERE NOT allowed")  # type: ignore[operator]


async def test_a_call_that_goes_on_is_told_of_a_stop_at_another_number(world: World, store: Store) -> None:
    wanted = await world.running(campaign(), [1, 2])
    await link(store, [(1, "p"), (2, "p")])
    live = await world.claim_one(wanted)
    assert await one.mark(store, live, world.terms.node)
    other = number(2) if live.number == number(1) else number(1)
    listener = store.listen("agi_app_stop")
    await anext(listener)
    assert await stops.suppress(store, [stops.Suppression(hash_number(other), await world.now(), "x", "list")]) == 1
    heard = await anext(listener)
    assert getattr(heard, "payload", None) == str(live.person_id)
    assert await stops.live_check(store, [live.attempt_id]) == {live.attempt_id: "person_stopped"}


async def test_a_withdrawal_of_one_purpose_holds_for_all_numbers_and_for_that_purpose_alone(
    world: World, store: Store
) -> None:
    wanted = await world.running(campaign(), [1, 2])
    await link(store, [(1, "p"), (2, "p")])
    await stops.revoke(store, number(1), Purpose.SURVEY, await world.now(), reason="x", via="letter")
    first = await world.claim_one(wanted)
    await attempts.release(store, first.attempt_id, "not now")
    await stops.revoke(store, number(1), Purpose.TRANSACTIONAL, await world.now(), reason="x", via="letter")
    batch = await world.claim(wanted)
    assert batch.claims == ()
    assert await world.value("SELECT rules FROM decision ORDER BY decision_id DESC LIMIT 1") == ["consent_revoked"]


async def test_who_is_joined_to_a_person_that_said_stop_is_left_alone_at_once(world: World, store: Store) -> None:
    """Also a call that goes on is told."""
    wanted = await world.running(campaign(), [1])
    live = await world.claim_one(wanted)
    assert await one.mark(store, live, world.terms.node)
    await world.running(campaign("other"), [2])
    await stops.revoke(store, number(2), None, await world.now(), reason="x", via="key")
    listener = store.listen("agi_app_stop")
    await anext(listener)
    await link(store, [(1, "p"), (2, "p")])
    assert getattr(await anext(listener), "payload", None) == str(live.person_id)
    assert await stops.live_check(store, [live.attempt_id]) == {live.attempt_id: "person_stopped"}


async def test_consent_stays_with_its_number(world: World, store: Store) -> None:
    wanted = await world.running(campaign(), [1, 2], consenting=[1])
    await link(store, [(1, "p"), (2, "p")])
    (only,) = (await world.claim(wanted)).claims
    assert only.number == number(1)


async def test_the_number_that_one_of_theirs_saw_is_the_one_that_all_see(world: World, store: Store) -> None:
    wanted = await world.running(campaign(), [1])
    world.rules = rule_set(cap=9)
    await world.call(await world.claim_one(wanted))
    other = await world.running(campaign("other", caller_id="+99986210000002"), [2])
    await link(store, [(1, "p"), (2, "p")])
    assert (await world.claim(other)).refused == 1
    assert await world.value("SELECT rules FROM decision WHERE campaign = 'other'") == ["caller_id_changed"]


async def test_the_cap_of_a_week_counts_all_numbers(world: World, store: Store) -> None:
    wanted = await world.running(campaign(), range(3))
    await link(store, [(n, "p") for n in range(3)])
    base = rule_set(cap=9)
    country = base.jurisdictions["CN"]
    rules = type(country.rules)(country.rules.opening, (Cap(9, dt.timedelta(days=1)), Cap(2, dt.timedelta(days=7))))
    world.rules = RuleSet("weekly", {"CN": type(country)("CN", rules)})
    await world.call(await world.claim_one(wanted))
    await world.call(await world.claim_one(wanted))
    assert (await world.claim(wanted)).refused == 1
    assert await world.value("SELECT rules FROM decision WHERE NOT allowed") == ["cap_per_week"]


async def test_a_claim_waits_for_no_join_and_passes_the_person_over(world: World, store: Store) -> None:
    """While an import joins two persons, nobody claims either of them, and nobody waits."""
    wanted = await world.running(campaign(), [1, 2, 3])
    async with store.transaction() as joining:
        await link_in(joining, [(1, "p"), (2, "p")])
        async with asyncio.timeout(20):
            batch: claims.ClaimBatch = await world.claim(wanted)
        assert [c.number for c in batch.claims] == [number(3)]
    assert len((await world.claim(wanted)).claims) == 1


async def test_a_person_is_viewed_by_one_number_with_its_middle_hidden(world: World, store: Store) -> None:
    await world.running(campaign(), [1])
    person = await world.value(f"SELECT person_id FROM person WHERE e164 = '{number(1)}'")
    assert isinstance(person, int)
    found = await person_views.by_id(store, person)
    assert found is not None
    assert (found.person_id, found.number, found.stopped_at) == (person, "+99986…01", None)
    assert await person_views.by_id(store, person + 999) is None
