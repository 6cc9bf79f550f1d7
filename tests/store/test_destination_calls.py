"""Legs to staff telephones behind a trunk in the database: decided and marked in one transaction, told in the story."""

from __future__ import annotations

import datetime as dt

import pytest

from agi_app.consent.calls_after_refusal import refusals
from agi_app.consent.person_record_text import story
from agi_app.gate.decide import Decision
from agi_app.gate.destination_phone import decide_leg
from agi_app.gate.rehearsal import RehearsalFacts
from agi_app.model.phone import parse
from agi_app.store.calling import destination_calls
from agi_app.store.calling.destination_calls import End, LegRequest, MarkedLeg, RefusedLeg
from agi_app.store.people import caller_ids, stops
from agi_app.store.people.history import person_history
from tests.store.world import CALLER_ID, LONG_AGO, World

pytestmark = [pytest.mark.postgres, pytest.mark.attack("row 4: a destination that leaves by a trunk")]

PHONE = "+99986138005601"
NO_OFFSET = dt.timedelta(0)


async def prove(world: World, number: str, kind: str) -> None:
    until = await world.now() + dt.timedelta(days=30)
    proof = caller_ids.CallerIdProof(number, kind, None, None, "Ann", LONG_AGO, until)
    await caller_ids.add_proof(world.store, proof, await world.now())


async def take(world: World, leg: str = "a1-h1", number: str = PHONE) -> MarkedLeg | RefusedLeg:
    def judge(facts: RehearsalFacts, now: dt.datetime) -> Decision:
        return decide_leg(facts, True, world.rules, now).dialled_with("00")

    wanted = LegRequest(leg, "mobile", parse(number), CALLER_ID, "carrier")
    return await destination_calls.take(world.store, wanted, "node-1", NO_OFFSET, "system", judge)


async def stop(world: World) -> None:
    await stops.revoke(world.store, PHONE, None, await world.now(), reason="said so", via="key")


async def told(world: World) -> str:
    found = await person_history(world.store, PHONE)
    assert found is not None
    return "\n".join(story(found, "en", await world.now()))


async def test_a_proved_telephone_is_marked_before_it_is_rung(world: World) -> None:
    """The decision keeps what it was judged by and no number; the story tells the leg as a call."""
    await prove(world, CALLER_ID, "letter")
    await prove(world, PHONE, "call")
    marked = await take(world)
    assert isinstance(marked, MarkedLeg)
    assert (marked.call.number, marked.call.caller_id, marked.call.trunk) == (PHONE, CALLER_ID, "carrier")
    assert marked.call.attempt_id == "a1-h1"
    row = (
        "SELECT campaign || ' ' || allowed || ' ' || (inputs ->> 'destination') || ' ' || (inputs ->> 'leg') || ' '"
        " || (inputs ->> 'prefix') FROM decision WHERE decision_id = %s"
    )
    assert await world.value(row, marked.call.decision_id) == "destination leg true mobile a1-h1 00"
    inputs = await world.value("SELECT inputs::text FROM decision WHERE decision_id = %s", marked.call.decision_id)
    assert PHONE not in str(inputs), "numbers must be erasable"
    assert "destination mobile, as our own telephone" in await told(world)
    assert "going on now" in await told(world)
    await destination_calls.finish(world.store, marked.destination_call_id, End("answered", answered=True))
    assert ": answered" in await told(world)


async def test_a_number_on_the_stop_list_is_not_rung_and_the_story_says_so(world: World) -> None:
    """The refusal is a decision with its reasons; what was rung before the stop stays told."""
    await prove(world, CALLER_ID, "letter")
    await prove(world, PHONE, "call")
    assert isinstance(await take(world, "a1-h1"), MarkedLeg)
    assert await destination_calls.end_left(world.store, "node-1") == 1
    await stop(world)
    refused = await take(world, "a2-h1")
    assert isinstance(refused, RefusedLeg)
    assert "suppressed" in refused.why
    assert await world.value("SELECT count(*) FROM destination_call") == 1, "no mark without a yes"
    assert "not rung as destination mobile (1 times in all): " in await told(world)
    found = await person_history(world.store, PHONE)
    assert found is not None
    assert refusals(found)[-1].calls_after == 0


@pytest.mark.parametrize("kind", ["letter", None])
async def test_a_telephone_that_no_call_proved_is_not_ours(world: World, kind: str | None) -> None:
    await prove(world, CALLER_ID, "letter")
    if kind is not None:
        await prove(world, PHONE, kind)
    refused = await take(world)
    assert isinstance(refused, RefusedLeg)
    assert refused.why.startswith("phone_unproved: ")


async def test_what_it_shows_must_be_proved(world: World) -> None:
    await prove(world, PHONE, "call")
    refused = await take(world)
    assert isinstance(refused, RefusedLeg)
    assert refused.why.startswith("caller_id_unproved: ")


async def test_a_stop_is_seen_while_it_rings(world: World) -> None:
    await prove(world, CALLER_ID, "letter")
    await prove(world, PHONE, "call")
    marked = await take(world)
    assert isinstance(marked, MarkedLeg)
    assert await destination_calls.stopped(world.store, [marked.destination_call_id]) == set()
    await stop(world)
    assert await destination_calls.stopped(world.store, [marked.destination_call_id]) == {marked.destination_call_id}


async def test_what_never_left_is_no_call(world: World) -> None:
    await prove(world, CALLER_ID, "letter")
    await prove(world, PHONE, "call")
    marked = await take(world)
    assert isinstance(marked, MarkedLeg)
    await destination_calls.finish(world.store, marked.destination_call_id, End("failed", dialled=False))
    assert "destination mobile" not in await told(world)
