"""A stop wins over every claim, mark and import, and reaches whoever is calling that person."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
from collections.abc import Sequence

import pytest

from agi_app.model.campaign import CampaignState, Purpose
from agi_app.store.calling import campaigns, tallies
from agi_app.store.database.listen import CONTROL_CHANNEL, STOP_CHANNEL, Listening, ListenLost, Notification
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection
from agi_app.store.people import consents, stops
from agi_app.store.people.history import person_history
from tests.store import one
from tests.store.world import (
    LONG_AGO,
    World,
    campaign,
    consent,
    contact,
    hash_number,
    import_contacts,
    number,
    rule_set,
)

pytestmark = pytest.mark.postgres


async def stop(world: World, n: int, purpose: Purpose | None = None) -> stops.RevokeResult:
    """The n-th person says stop now."""
    return await stops.revoke(world.store, number(n), purpose, await world.now(), reason="pressed 9", via="key")


async def test_a_stop_between_claim_and_mark_takes_the_claim_back(world: World, store: Store) -> None:
    """Nothing may be dialled, the slot is free, and the next look says why."""
    wanted = await world.running(campaign(), [1])
    claim = await world.claim_one(wanted)
    result = await stop(world, 1)
    assert (result.person_id, result.cancelled, result.dialling) == (claim.person_id, (claim.attempt_id,), ())
    assert await one.mark(store, claim, "node-1") is None
    assert await world.value("SELECT count(*) FROM slot WHERE attempt_id IS NOT NULL") == 0
    assert (await world.claim(wanted)).refused == 1
    assert (await tallies.of_campaign(store, wanted.name)).refused == {"consent_revoked": 1, "suppressed": 1}


async def test_a_mark_checks_again_even_if_nobody_took_the_claim_back(world: World, store: Store) -> None:
    """The suppression and the revocation alone are enough to stop the mark."""
    wanted = await world.running(campaign(), [1, 2])
    stopped, refused = (await world.claim(wanted)).claims
    async with store.connection() as connection:
        await connection.execute(
            "INSERT INTO suppression VALUES (%s, now(), 'stop', 'test')", (hash_number(stopped.number),)
        )
        await connection.execute(
            "INSERT INTO revocation (person_id, purpose, at, reason, via)"
            " VALUES (%s, 'transactional', now(), 'stop', 'test')",
            (refused.person_id,),
        )
    assert await one.mark(store, stopped, "node-1") is None
    assert await one.mark(store, refused, "node-1") is None


async def test_a_stop_waits_for_a_mark_that_is_under_way_and_then_names_the_call(world: World, store: Store) -> None:
    """Whichever comes first, the call is either not dialled or in the stop's answer."""
    world.rules = rule_set(cap=5)
    wanted = await world.running(campaign(), range(20))
    for claim in (await world.claim(wanted)).claims:
        receipt, stopped = await asyncio.gather(
            one.mark(store, claim, "node-1"),
            stops.revoke(store, claim.number, None, await world.now(), reason="stop", via="key"),
        )
        dialled = [open_.attempt_id for open_ in stopped.dialling]
        assert dialled == ([claim.attempt_id] if receipt else [])


async def test_a_mark_waits_for_a_stop_that_is_being_stored(world: World, store: Store) -> None:
    """The person's row is locked by both, so the mark sees what the stop wrote."""
    claim = await world.claim_one(await world.running(campaign(), [1]))
    async with asyncio.TaskGroup() as group, store.transaction() as connection:
        await connection.execute("SELECT FROM person WHERE person_id = %s FOR NO KEY UPDATE", (claim.person_id,))
        marking = group.create_task(one.mark(store, claim, "node-1"))
        await asyncio.sleep(0.2)
        assert not marking.done()
        await connection.execute(
            "INSERT INTO suppression VALUES (%s, now(), 'stop', 'test')", (hash_number(claim.number),)
        )
    assert marking.result() is None


async def test_a_stop_of_a_number_that_is_imported_meanwhile(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unknown when the stop began, dialled before it was committed: the worker is told all the same."""
    wanted = await world.running(campaign(), [], consenting=[1])
    store_it = stops._insert
    claimed = []

    async def slowly(connection: Connection, entries: Sequence[stops.Suppression]) -> int:
        added = await store_it(connection, entries)
        await import_contacts(store, wanted.name, [contact(2)], await world.now())
        await consents.import_consents(store, [consent(2)], "admin", await world.now())
        claimed.append(await world.claim_one(wanted))
        assert await one.mark(store, claimed[0], "node-1")
        return added

    monkeypatch.setattr(stops, "_insert", slowly)
    heard = store.listen(STOP_CHANNEL)
    assert await anext(heard) == Listening()
    assert (await stop(world, 2)).person_id is None
    async with asyncio.timeout(20):
        assert await anext(heard) == Notification(STOP_CHANNEL, str(claimed[0].person_id))
    await heard.aclose()  # type: ignore[attr-defined]


async def test_a_call_that_goes_on_is_named_and_its_worker_told(world: World, store: Store) -> None:
    """The notification carries the person's id, never the number."""
    claim = await world.claim_one(await world.running(campaign(), [1]))
    assert await one.mark(store, claim, "node-1")
    heard = store.listen(STOP_CHANNEL, CONTROL_CHANNEL)
    assert await anext(heard) == Listening()
    (going_on,) = (await stop(world, 1)).dialling
    assert (going_on.attempt_id, going_on.node, going_on.state) == (claim.attempt_id, "node-1", "dialling")
    async with asyncio.timeout(20):
        assert await anext(heard) == Notification(STOP_CHANNEL, str(claim.person_id))
    assert await stops.live_check(store, [claim.attempt_id]) == {claim.attempt_id: "person_stopped"}
    await heard.aclose()  # type: ignore[attr-defined]


async def test_a_stop_is_for_ever_also_after_everything_is_imported_again(world: World, store: Store) -> None:
    """Neither contacts nor consents, old or new, undo it; in no campaign."""
    one = await world.running(campaign("one"), [1])
    await stop(world, 1)
    now = await world.now()
    fresh = dataclasses.replace(consent(1), given_at=now, source="new form")
    assert (await consents.import_consents(store, [consent(1), fresh], "admin", now)).already_there == 1
    await import_contacts(store, "one", [contact(1, city="Shanghai")], now)
    two = await world.running(campaign("two"), [1])
    later = dt.timedelta(days=400)
    for wanted in (one, two):
        assert (await world.claim(wanted, offset=later)).claims == ()
        assert "suppressed" in (await tallies.of_campaign(store, wanted.name)).refused


async def test_a_stop_for_one_purpose_leaves_the_others(world: World, store: Store) -> None:
    """Withdrawn marketing consent does not end reminders, and the same consent again does not revive it."""
    world.rules = rule_set(cap=5)
    both = [consent(1), consent(1, Purpose.MARKETING)]
    reminder = await world.running(campaign("reminder"), [1])
    offer = await world.running(campaign("offer", purpose=Purpose.MARKETING), [1], consenting=[])
    await consents.import_consents(store, both, "admin", await world.now())
    claim = await world.claim_one(reminder)
    result = await stop(world, 1, Purpose.MARKETING)
    assert (result.cancelled, result.dialling) == ((), ())
    await world.call(claim)
    assert not await stops.is_suppressed(store, number(1))
    await consents.import_consents(store, both, "admin", await world.now())
    assert (await world.claim(offer)).refused == 1
    assert (await tallies.of_campaign(store, "offer")).refused == {"consent_revoked": 1}


async def test_a_consent_given_after_the_withdrawal_counts(world: World, store: Store) -> None:
    """A person may change their mind about a purpose."""
    wanted = await world.running(campaign(), [1])
    await stop(world, 1, Purpose.TRANSACTIONAL)
    await asyncio.sleep(0.01)
    new = dataclasses.replace(consent(1), given_at=await world.now())
    await consents.import_consents(store, [new], "admin", await world.now())
    assert len((await world.claim(wanted)).claims) == 1


async def test_an_unknown_number_can_say_stop(world: World, store: Store) -> None:
    """It is suppressed before we ever learn it, and the person is not created by that."""
    result = await stop(world, 5)
    assert result.person_id is None
    assert await world.value("SELECT count(*) FROM person") == 0
    wanted = await world.running(campaign(), [5])
    assert (await world.claim(wanted)).refused == 1
    history = await person_history(store, number(5))
    assert history is not None
    assert history.suppression is not None
    assert history.suppression.reason == "pressed 9"


async def test_a_stop_list_is_imported_by_hash_and_stops_open_calls(world: World, store: Store) -> None:
    """Twice the same list adds nothing; a claimed call is taken back, a dialled one is to be ended."""
    wanted = await world.running(campaign(), [1, 2])
    claimed, dialled = (await world.claim(wanted)).claims
    assert await one.mark(store, dialled, "node-1")
    entries = [stops.Suppression(hash_number(number(n)), LONG_AGO, "stop list", "import") for n in (1, 2, 3, 3)]
    assert await stops.suppress(store, entries) == 3
    assert await stops.suppress(store, entries) == 0
    assert await one.mark(store, claimed, "node-1") is None
    assert await stops.live_check(store, [dialled.attempt_id]) == {dialled.attempt_id: "person_stopped"}
    assert await stops.is_suppressed(store, number(3))


async def test_the_records_of_yes_and_no_can_only_grow(world: World, store: Store) -> None:
    """Nobody changes or deletes a consent, a revocation, a suppression or a decision."""
    await world.call(await world.claim_one(await world.running(campaign(), [1])))
    await stop(world, 1)
    for table in ("consent", "revocation", "suppression", "decision"):
        for statement in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
            with pytest.raises(Exception, match="append-only"):
                async with store.connection() as connection:
                    await connection.execute(statement)
        column = "reason" if table in ("revocation", "suppression") else "purpose" if table == "consent" else "clock"
        with pytest.raises(Exception, match="append-only"):
            async with store.connection() as connection:
                await connection.execute(f"UPDATE {table} SET {column} = 'changed'")


async def test_stopping_a_campaign_takes_claims_back_and_tells_the_workers(world: World, store: Store) -> None:
    """Claimed: cancelled. Dialled: goes on until its worker decides (ringing ends, answered stays)."""
    wanted = await world.running(campaign(), [1, 2])
    claimed, dialled = (await world.claim(wanted)).claims
    assert await one.mark(store, dialled, "node-1")
    heard = store.listen(CONTROL_CHANNEL)
    assert await anext(heard) == Listening()
    assert await campaigns.set_state(store, wanted.name, CampaignState.STOPPED, "enough", await world.now())
    async with asyncio.timeout(20):
        assert await anext(heard) == Notification(CONTROL_CHANNEL, '{"campaign": "checkup", "state": "stopped"}')
    await heard.aclose()  # type: ignore[attr-defined]
    assert await one.mark(store, claimed, "node-1") is None
    assert await stops.live_check(store, [claimed.attempt_id, dialled.attempt_id]) == {
        claimed.attempt_id: "not_ours",
        dialled.attempt_id: "campaign_stopped",
    }
    assert not await campaigns.set_state(store, "unknown", CampaignState.STOPPED, None, await world.now())


async def test_a_paused_campaign_marks_nothing(world: World, store: Store) -> None:
    """A claim made before the pause is not dialled after it, and is due again on resuming."""
    wanted = await world.running(campaign(), [1])
    claim = await world.claim_one(wanted)
    await campaigns.set_state(store, wanted.name, CampaignState.PAUSED, "lunch", await world.now())
    assert await one.mark(store, claim, "node-1") is None
    await campaigns.set_state(store, wanted.name, CampaignState.RUNNING, None, await world.now())
    assert (await world.claim_one(wanted)).attempt_number == 1


async def test_losing_the_listening_connection_is_told_and_mended(store: Store) -> None:
    """The listener learns that it missed messages, and from when on it does not."""
    heard = store.listen(STOP_CHANNEL)
    assert await anext(heard) == Listening()
    async with store.connection() as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
            " AND datname = current_database() AND pid <> pg_backend_pid()"
        )
    async with asyncio.timeout(20):
        assert isinstance(await anext(heard), ListenLost)
        assert await anext(heard) == Listening()
        async with store.connection() as connection:
            await connection.execute("SELECT pg_notify('agi_app_stop', '42')")
        assert await anext(heard) == Notification(STOP_CHANNEL, "42")
    await heard.aclose()  # type: ignore[attr-defined]
