"""Requests for verification calls in the database: decided once, three a day whoever asks, and a stop in between."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from agi_app.gate.decide import Decision
from agi_app.gate.verification import CALLS_PER_DAY, DECIDED_AS, VerificationFacts, decide_verification
from agi_app.model.phone import parse
from agi_app.store.people import caller_ids, stops
from agi_app.store.requested_calls import verifications
from agi_app.store.requested_calls.verifications import MarkedVerification, RefusedVerification
from tests.store.world import CALLER_ID, World, campaign

pytestmark = pytest.mark.postgres

OURS = "+99986215550001"
NO_OFFSET = dt.timedelta(0)


class Desk:
    """Asks for calls, and takes them as a worker of a sandbox would."""

    def __init__(self, world: World) -> None:
        self.world, self.store = world, world.store

    async def ask(self, number: str = OURS, shown: str | None = None, trunk: str = "phone") -> int:
        return await verifications.request(self.store, parse(number), shown, trunk, b"hash of the code", "Ann")

    async def take(self, offset: dt.timedelta = NO_OFFSET) -> MarkedVerification | RefusedVerification | None:
        def judge(facts: VerificationFacts, now: dt.datetime) -> Decision:
            return decide_verification(facts, True, self.world.rules, now)

        return await verifications.take(self.store, "node-1", ["phone"], offset, "system", judge)

    async def called(self, number: str = OURS) -> MarkedVerification:
        """A request that may be called."""
        await self.ask(number)
        taken = await self.take()
        assert isinstance(taken, MarkedVerification)
        return taken

    async def finish(self, marked: MarkedVerification, result: str = "no_answer", *, dialled: bool = True) -> None:
        await verifications.finish(self.store, marked.verification_id, result, None, dialled=dialled, proof=None)

    async def prove(self, number: str, kind: str, days: int = 90) -> None:
        now = await self.world.now()
        proof = caller_ids.CallerIdProof(number, kind, None, None, "Ann", now, now + dt.timedelta(days=days))
        await caller_ids.add_proof(self.store, proof, now)


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


async def test_a_request_becomes_one_call_with_its_decision(desk: Desk) -> None:
    marked = await desk.called()
    assert (marked.call.number, marked.call.caller_id, marked.call.trunk) == (OURS, OURS, "phone")
    assert marked.receipt.attempt_id == marked.call.attempt_id
    assert await desk.take() is None, "taken once"
    row = "SELECT campaign || ' ' || allowed || ' ' || contact_id FROM decision WHERE decision_id = %s"
    assert await desk.world.value(row, marked.call.decision_id) == f"{DECIDED_AS} true 0"
    inputs = "SELECT inputs::text FROM decision WHERE decision_id = %s"
    assert OURS not in str(await desk.world.value(inputs, marked.call.decision_id)), "numbers must be erasable"


async def test_the_right_code_brings_one_proof(desk: Desk) -> None:
    marked = await desk.called()
    now = await desk.world.now()
    proof = caller_ids.CallerIdProof(OURS, "call", None, None, "Ann", now, now + dt.timedelta(days=365))
    for _ in range(2):  # the answer to the first write may have been lost
        await verifications.finish(desk.store, marked.verification_id, "proved", None, dialled=True, proof=proof)
    assert await caller_ids.proofs(desk.store) == [proof]
    status = await verifications.REQUESTS.status(desk.store, marked.verification_id)
    assert (status.state, status.result) == ("ended", "proved")
    assert await desk.world.value("SELECT count(*) FROM verification_call WHERE code_hash IS NOT NULL") == 0


async def test_many_at_once_are_still_three(desk: Desk) -> None:
    """Two workers that count at the same time must not both find two calls."""
    for _ in range(8):
        await desk.ask()
    taken = await asyncio.gather(*(desk.take() for _ in range(8)))
    assert len([t for t in taken if isinstance(t, MarkedVerification)]) == CALLS_PER_DAY
    refused = [t for t in taken if isinstance(t, RefusedVerification)]
    assert {t.rules for t in refused} == {("verification_per_day",)}
    assert await desk.world.value("SELECT count(*) FROM decision WHERE campaign = %s", DECIDED_AS) == 8


async def test_the_next_day_and_calls_that_never_left_do_not_count(desk: Desk) -> None:
    first = await desk.called()
    await desk.finish(first, "failed", dialled=False)
    for _ in range(CALLS_PER_DAY):
        await desk.finish(await desk.called())
    await desk.ask()
    assert isinstance(await desk.take(), RefusedVerification)
    await desk.ask()
    assert isinstance(await desk.take(offset=dt.timedelta(hours=25)), MarkedVerification)


async def test_a_suppressed_number_is_not_called(desk: Desk) -> None:
    await desk.ask()
    await stops.revoke(desk.store, OURS, None, await desk.world.now(), reason="said so", via="command line")
    refused = await desk.take()
    assert isinstance(refused, RefusedVerification)
    assert refused.rules == ("suppressed",)
    assert "suppressed: " in str((await verifications.REQUESTS.status(desk.store, refused.verification_id)).note)


@pytest.mark.parametrize(("kind", "allowed"), [("letter", True), ("rehearsal", False), (None, False)])
async def test_another_number_is_shown_only_if_it_is_proved(desk: Desk, kind: str | None, allowed: bool) -> None:
    if kind is not None:
        await desk.prove(CALLER_ID, kind)
    await desk.ask(shown=CALLER_ID)
    taken = await desk.take()
    assert isinstance(taken, MarkedVerification) == allowed
    if isinstance(taken, MarkedVerification):
        assert (taken.call.number, taken.call.caller_id) == (OURS, CALLER_ID)


async def test_a_request_that_was_given_up_or_is_for_another_trunk_waits_for_nobody(desk: Desk) -> None:
    asked = await desk.ask()
    assert await verifications.REQUESTS.give_up(desk.store, asked)
    await desk.ask(trunk="elsewhere")
    assert await desk.take() is None
    assert not await verifications.REQUESTS.give_up(desk.store, (await desk.called()).verification_id)


async def test_a_rehearsals_proof_makes_no_caller_id(desk: Desk) -> None:
    """Nor does it hide the letter that does, though it lasts longer."""
    wanted = campaign(local_caller_ids=(("+9998613", OURS),))
    await desk.world.running(wanted, [1])  # with a letter of its own number
    await desk.prove(OURS, "rehearsal", days=300)
    refused = await desk.world.claim(wanted)
    assert (refused.claims, refused.refused) == ((), 1)
    await desk.prove(OURS, "letter")
    (claimed,) = (await desk.world.claim(wanted)).claims
    assert claimed.caller_id == OURS


async def test_a_proof_is_never_changed(desk: Desk) -> None:
    await desk.prove(CALLER_ID, "letter")
    with pytest.raises(Exception, match="append-only"):
        await desk.world.value("UPDATE caller_id_proof SET expires_at = 'infinity' RETURNING 1")
