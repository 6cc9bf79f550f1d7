"""A person whose INVITE nothing answered is left alone until Asterisk has stopped repeating it, 32 s later."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from agi_app.model.call import CallResult, Claim, Outcome
from agi_app.store.calling import attempts, claims
from agi_app.store.calling.claims import ClaimBatch, Nobody
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection
from tests.store import one
from tests.store.world import World, campaign

pytestmark = pytest.mark.postgres
REPEATS_S = 32  # RFC 3261, 17.1.1.2: timer B
SILENT = (CallResult(Outcome.TRUNK_SILENT), CallResult(Outcome.CANCELLED))


async def dialled(world: World, claim: Claim, result: CallResult) -> None:
    """A call that did not disturb the person: due again at once."""
    assert await one.mark(world.store, claim, world.terms.node)
    assert await one.finish(world.store, claim.attempt_id, result, await world.now(), False)


async def seconds_pass(store: Store, seconds: float) -> None:
    """Make every call that much older."""
    async with store.connection() as connection:
        await connection.execute("UPDATE attempt SET marked_at = marked_at - make_interval(secs => %s)", (seconds,))


@pytest.mark.parametrize("result", SILENT, ids=lambda r: r.outcome.value)
async def test_no_campaign_calls_them_while_the_invite_may_be_repeated(
    world: World, store: Store, result: CallResult
) -> None:
    """The trunk may come back just then, and their phone would ring twice."""
    one, two = await world.running(campaign("one"), [1, 2]), await world.running(campaign("two"), [1])
    await dialled(world, await world.claim_one(one), result)
    assert len((await world.claim(one)).claims) == 1, "others go on"
    assert (await world.claim(two)).short is Nobody.DUE
    await seconds_pass(store, REPEATS_S)
    assert (await world.claim(one)).short is Nobody.DUE
    assert (await world.claim(two)).short is Nobody.DUE
    await seconds_pass(store, 1)
    (again,) = (await world.claim(two)).claims
    assert again.attempt_number == 1


@pytest.mark.parametrize("result", SILENT, ids=lambda r: r.outcome.value)
async def test_a_claim_that_had_chosen_them_already_sees_it_in_the_facts(
    world: World, monkeypatch: pytest.MonkeyPatch, result: CallResult
) -> None:
    """A statement sees the database as it was when it began: another worker's call may end before the lock is got."""
    wanted = await world.running(campaign(), [1])
    await dialled(world, await world.claim_one(wanted), CallResult(Outcome.CONGESTION))
    choose = claims._lock

    async def choose_first(connection: Connection, *arguments: Any) -> Any:
        chosen = await choose(connection, *arguments)
        await connection.execute("UPDATE attempt SET outcome = %s", (result.outcome.value,))
        return chosen

    with monkeypatch.context() as patch:
        patch.setattr(claims, "_lock", choose_first)
        batch = await world.claim(wanted)
    assert batch == ClaimBatch()


@pytest.mark.parametrize(
    "result",
    [
        CallResult(Outcome.CONGESTION),  # the trunk answered: a 503
        CallResult(Outcome.CANCELLED, ringing_at=dt.datetime(2026, 3, 2, tzinfo=dt.UTC)),  # and so could be cancelled
    ],
    ids=["answered", "rang"],
)
async def test_a_trunk_that_answered_repeats_nothing(world: World, result: CallResult) -> None:
    wanted = await world.running(campaign(), [1])
    await dialled(world, await world.claim_one(wanted), result)
    batch = await world.claim(wanted)
    assert len(batch.claims) + batch.refused == 1


async def test_a_claim_that_was_given_back_holds_nobody(world: World, store: Store) -> None:
    """No INVITE left."""
    wanted = await world.running(campaign(), [1])
    claim = await world.claim_one(wanted)
    assert await one.mark(store, claim, world.terms.node)
    assert await attempts.release(store, claim.attempt_id, "Asterisk refused the call")
    assert (await world.claim_one(wanted)).contact_id == claim.contact_id
