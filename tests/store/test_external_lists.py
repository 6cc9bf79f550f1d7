"""Do-not-call lists of others: who is on one is refused, an old one refuses all, an import replaces it whole."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace

import psycopg
import pytest

from agi_app.gate.ruleset import ListRule, RuleSet
from agi_app.model.campaign import Campaign, Purpose
from agi_app.store.database.listen import STOP_CHANNEL, Listening, Notification
from agi_app.store.database.pool import Store
from agi_app.store.people import do_not_call_lists, stops
from agi_app.store.people.do_not_call_lists import ListTerms, replace_list
from tests.store import one
from tests.store.world import World, campaign, hash_number, number, rule_set

pytestmark = pytest.mark.postgres
DAY = dt.timedelta(days=1)
IMPORTS = "SELECT count(*) FROM external_list WHERE name = 'register'"


@pytest.fixture
async def asking(world: World) -> tuple[World, Campaign]:
    """A campaign of four persons where the list ``register`` must be asked."""
    base = rule_set()
    country = base.jurisdictions["CN"]
    asked = ListRule("register", 7 * DAY, frozenset({Purpose.TRANSACTIONAL}))
    rules = replace(country.rules, lists=(asked,))
    world.rules = RuleSet("asking", {"CN": replace(country, rules=rules)})
    return world, await world.running(campaign(), range(4))


async def put(
    world: World, people: list[int], *, age: int = 0, name: str = "register", binds: frozenset[Purpose] | None = None
) -> do_not_call_lists.ListImport:
    """Import a list with these persons, ``age`` days old."""
    now = await world.now()
    hashes = [hash_number(number(n)) for n in people]
    return await replace_list(
        world.store, ListTerms(name, "CN", (now - age * DAY).date(), "admin", binds), "00", hashes, now
    )


async def refused(world: World) -> set[str]:
    """The rules of the newest decision of every contact."""
    found = await world.value(
        "SELECT array_agg(DISTINCT rule) FROM contact c JOIN decision d ON d.decision_id = c.last_decision_id"
        " CROSS JOIN unnest(d.rules) rule"
    )
    return set(found) if isinstance(found, list) else set()


async def test_without_the_list_nobody_is_called_and_its_import_wakes_them(asking: tuple[World, Campaign]) -> None:
    world, wanted = asking
    assert (await world.claim(wanted)).refused == 4
    assert await refused(world) == {"external_list_stale"}
    done = await put(world, [1, 2, 2, 99])
    assert (done.entries, done.woken) == (3, 4)
    batch = await world.claim(wanted)
    assert {c.number for c in batch.claims} == {number(0), number(3)}
    assert await refused(world) == {"external_list"}


async def test_a_list_that_is_too_old_is_as_good_as_none(asking: tuple[World, Campaign]) -> None:
    world, wanted = asking
    await put(world, [], age=8)
    assert (await world.claim(wanted)).refused == 4
    await put(world, [], age=5)
    assert len((await world.claim(wanted)).claims) == 4


async def test_a_new_import_takes_the_place_of_the_last_and_leaves_other_lists(asking: tuple[World, Campaign]) -> None:
    world, wanted = asking
    await put(world, [0], name="another")
    await put(world, [1])
    await put(world, [2])
    batch = await world.claim(wanted)
    assert {c.number for c in batch.claims} == {number(1), number(3)}
    assert [row.name for row in await do_not_call_lists.lists_in_force(world.store)] == ["another", "register"]
    assert await world.value(IMPORTS) == 2
    assert await world.value("SELECT count(*) FROM external_list_entry") == 2


async def test_an_import_that_breaks_off_leaves_the_old_list(asking: tuple[World, Campaign]) -> None:
    world, wanted = asking
    await put(world, [1])

    async def breaks() -> object:
        yield hash_number(number(2))
        raise RuntimeError("the file is damaged")

    now = await world.now()
    with pytest.raises(RuntimeError):
        await replace_list(world.store, ListTerms("register", "CN", now.date(), "admin"), "00", breaks(), now)  # type: ignore[arg-type]
    assert {c.number for c in (await world.claim(wanted)).claims} == {number(0), number(2), number(3)}


async def test_two_imports_at_once_leave_one_of_them_whole(asking: tuple[World, Campaign]) -> None:
    world, _ = asking
    await asyncio.gather(*(put(world, list(range(n * 10, n * 10 + 10))) for n in range(4)))
    assert await world.value("SELECT count(*) FROM external_list_entry") == 10
    assert await world.value(IMPORTS) == 4


async def test_the_history_of_imports_cannot_be_rewritten(world: World, store: Store) -> None:
    await put(world, [1])
    with pytest.raises(psycopg.errors.IntegrityError, match="append-only"):
        await _run(store, "UPDATE external_list SET as_of = '2030-01-01'")


async def _run(store: Store, statement: str) -> None:
    async with store._pool.connection() as connection:
        await connection.execute(statement)


async def test_a_list_that_comes_between_claim_and_call_is_obeyed(asking: tuple[World, Campaign]) -> None:
    """Who is claimed is given back, who rings is told to its worker, and others go on."""
    world, wanted = asking
    await put(world, [])
    claims = {c.number: c for c in (await world.claim(wanted)).claims}
    rings, waits, other = claims[number(0)], claims[number(1)], claims[number(2)]
    assert await one.mark(world.store, rings, "node-1")
    heard = world.store.listen(STOP_CHANNEL)
    assert await anext(heard) == Listening()
    await put(world, [0, 1])
    async with asyncio.timeout(20):
        assert await anext(heard) == Notification(STOP_CHANNEL, str(rings.person_id))
    await heard.aclose()  # type: ignore[attr-defined]
    ids = [rings.attempt_id, other.attempt_id]
    assert await stops.live_check(world.store, ids) == {rings.attempt_id: "listed"}
    assert await one.mark(world.store, waits, "node-1") is None
    assert await one.mark(world.store, other, "node-1")


async def test_a_claim_that_an_import_could_not_see_is_not_marked(asking: tuple[World, Campaign]) -> None:
    """Its transaction was on its way when the list was committed, and so was its attempt."""
    world, wanted = asking
    await put(world, [])
    claim = {c.number: c for c in (await world.claim(wanted)).claims}[number(0)]
    await world.value("UPDATE attempt SET node = 'away' RETURNING 1")  # so that the import finds nobody to give back
    await world.value("UPDATE attempt SET state = 'ended' RETURNING 1")
    await put(world, [0])
    await world.value("UPDATE attempt SET state = 'claimed', node = 'node-1' RETURNING 1")
    assert await one.mark(world.store, claim, "node-1") is None


async def test_a_list_that_binds_other_calls_ends_none(asking: tuple[World, Campaign]) -> None:
    world, wanted = asking
    await put(world, [])
    claim = (await world.claim(wanted)).claims[0]
    everybody = [int(claim.number[-7:])]
    await put(world, everybody, name="marketing", binds=frozenset({Purpose.MARKETING}))
    assert await one.mark(world.store, claim, "node-1")
    assert await stops.live_check(world.store, [claim.attempt_id]) == {}
