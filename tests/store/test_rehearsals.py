"""Requests for rehearsals in the database: only on proved telephones, decided once, and nothing said stays."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from agi_app.gate.decide import Decision
from agi_app.gate.rehearsal import DECIDED_AS, REHEARSALS_PER_DAY, RehearsalFacts, decide_rehearsal
from agi_app.gate.verification import VerificationFacts, decide_verification
from agi_app.model.call import CallResult, Outcome
from agi_app.model.phone import parse
from agi_app.store.people import caller_ids, stops
from agi_app.store.requested_calls import rehearsals, verifications
from agi_app.store.requested_calls.rehearsals import (
    MarkedRehearsal,
    RefusedRehearsal,
    RehearsalRequest,
    RehearsalScript,
)
from tests.store.world import CALLER_ID, World, campaign

pytestmark = pytest.mark.postgres

PHONE = "+99986138005501"
NO_OFFSET = dt.timedelta(0)
SCRIPT = RehearsalScript("flows/reminder.yaml", "flow: reminder", {}, "en", {"name": "Ann"}, 60.0)


class Desk:
    """Asks for rehearsals, and takes them as a worker of a sandbox would."""

    def __init__(self, world: World) -> None:
        self.world, self.store = world, world.store

    async def prove(self, number: str = PHONE, days: int = 90) -> None:
        """As a verification call whose code was right."""
        await verifications.request(self.store, parse(number), None, "phone", b"", "Ann", verifications.STAFF_PHONE)

        def judge(facts: VerificationFacts, now: dt.datetime) -> Decision:
            return decide_verification(facts, True, self.world.rules, now)

        taken = await verifications.take(self.store, "node-1", ["phone"], NO_OFFSET, "system", judge)
        assert isinstance(taken, verifications.MarkedVerification)
        assert taken.proves == verifications.STAFF_PHONE
        until = await self.world.now() + dt.timedelta(days=days)
        await verifications.finish(
            self.store, taken.verification_id, "proved", None, dialled=True, proof=None, phone_until=until
        )

    async def ask(self, number: str = PHONE, shown: str | None = None) -> int:
        return await rehearsals.request(self.store, parse(number), shown, "phone", SCRIPT, "Ann")

    async def take(self, offset: dt.timedelta = NO_OFFSET) -> MarkedRehearsal | RefusedRehearsal | None:
        asked = await rehearsals.peek(self.store, ["phone"], [])
        return None if asked is None else await self.decide(asked, offset)

    async def decide(
        self, asked: RehearsalRequest, offset: dt.timedelta = NO_OFFSET
    ) -> MarkedRehearsal | RefusedRehearsal | None:
        def judge(facts: RehearsalFacts, now: dt.datetime) -> Decision:
            return decide_rehearsal(facts, True, self.world.rules, now)

        assert asked.script == SCRIPT
        return await rehearsals.take(self.store, asked, "node-1", offset, "system", judge)


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


async def test_a_request_becomes_one_call_with_its_decision(desk: Desk) -> None:
    await desk.prove()
    asked = await desk.ask()
    taken = await desk.take()
    assert isinstance(taken, MarkedRehearsal)
    call = taken.call
    assert (call.attempt_id, call.number, call.caller_id) == (f"rehearsal-{asked}", PHONE, PHONE)
    assert await desk.take() is None, "taken once"
    row = "SELECT campaign || ' ' || allowed || ' ' || (inputs ->> 'purpose') FROM decision WHERE decision_id = %s"
    assert await desk.world.value(row, call.decision_id) == f"{DECIDED_AS} true rehearsal"
    inputs = "SELECT inputs::text FROM decision WHERE decision_id = %s"
    assert PHONE not in str(await desk.world.value(inputs, call.decision_id)), "numbers must be erasable"


async def test_a_telephone_that_nobody_proved_is_refused(desk: Desk) -> None:
    asked = await desk.ask()
    assert await desk.take() == RefusedRehearsal(("phone_unproved",))
    status = await rehearsals.REQUESTS.status(desk.store, asked)
    assert (status.state, status.result) == ("ended", "refused")
    assert "phone_unproved" in str(status.note)


async def test_a_letter_is_no_proof_of_a_telephone_but_a_call_is(desk: Desk) -> None:
    now = await desk.world.now()
    await caller_ids.add_proof(
        desk.store, caller_ids.CallerIdProof(PHONE, "letter", None, None, "Ann", now, now + dt.timedelta(days=300)), now
    )
    await desk.ask()
    assert await desk.take() == RefusedRehearsal(("phone_unproved",))
    await caller_ids.add_proof(
        desk.store, caller_ids.CallerIdProof(PHONE, "call", None, None, "Ann", now, now + dt.timedelta(days=30)), now
    )
    await desk.ask()
    assert isinstance(await desk.take(), MarkedRehearsal)


async def test_the_proof_of_a_telephone_ends_and_makes_no_caller_id(desk: Desk) -> None:
    await desk.prove()
    assert await caller_ids.proofs(desk.store) == []
    wanted = campaign(local_caller_ids=(("+9998613", PHONE),))
    await desk.world.running(wanted, [1])
    refused = await desk.world.claim(wanted)
    assert (refused.claims, refused.refused) == ((), 1)
    await desk.ask(shown=PHONE)  # its own number may be shown to itself
    assert isinstance(await desk.take(), MarkedRehearsal)
    await desk.ask()
    assert await desk.take(offset=dt.timedelta(days=91)) == RefusedRehearsal(("phone_proof_expired",))
    (phone,) = await verifications.staff_phones(desk.store)
    assert (phone.e164, phone.entered_by) == (PHONE, "Ann")


async def test_a_suppressed_telephone_is_not_called(desk: Desk) -> None:
    await desk.prove()
    await desk.ask()
    await stops.revoke(desk.store, PHONE, None, await desk.world.now(), reason="said so", via="key")
    assert await desk.take() == RefusedRehearsal(("suppressed",))


async def test_another_number_is_shown_only_if_it_is_a_proved_caller_id(desk: Desk) -> None:
    await desk.prove()
    await desk.ask(shown=CALLER_ID)
    assert await desk.take() == RefusedRehearsal(("caller_id_unproved",))


async def test_many_at_once_are_still_as_many_as_a_day_has(desk: Desk) -> None:
    await desk.prove()
    for _ in range(REHEARSALS_PER_DAY - 1):
        await desk.ask()
        assert isinstance(await desk.take(), MarkedRehearsal)
    seen: list[RehearsalRequest] = []
    for _ in range(3):
        await desk.ask()
        asked = await rehearsals.peek(desk.store, ["phone"], [a.rehearsal_id for a in seen])
        assert asked is not None
        seen.append(asked)
    taken = await asyncio.gather(*(desk.decide(asked) for asked in seen))
    assert len([t for t in taken if isinstance(t, MarkedRehearsal)]) == 1
    assert [t.rules for t in taken if isinstance(t, RefusedRehearsal)] == [("rehearsals_per_day",)] * 2


async def test_what_was_said_goes_when_it_was_read_or_an_hour_later(desk: Desk) -> None:
    await desk.prove()
    said = CallResult(Outcome.ANSWERED, disposition="confirmed", answers={"name": "Ann Smith"})
    asked = []
    for _ in range(2):
        asked.append(await desk.ask())
        assert isinstance(await desk.take(), MarkedRehearsal)
        await rehearsals.tell(desk.store, asked[-1], ["plays greeting"])
        assert (await rehearsals.REQUESTS.status(desk.store, asked[-1])).progress == ["plays greeting"]
        await rehearsals.finish(desk.store, asked[-1], said, ["plays greeting", "hangs up"], dialled=True)
    first = await rehearsals.REQUESTS.status(desk.store, asked[0])
    assert (first.result, first.progress) == ("answered", ["plays greeting", "hangs up"])
    assert first.said == rehearsals.RehearsalAnswers("confirmed", {"name": "Ann Smith"})
    await rehearsals.was_read(desk.store, asked[0])
    later = "UPDATE rehearsal_call SET requested_at = requested_at - interval '2 hours' RETURNING 1"
    await desk.world.value(later)
    await desk.ask()
    left = "SELECT count(*) FROM rehearsal_call WHERE state = 'ended' AND (progress <> '[]' OR said IS NOT NULL)"
    assert await desk.world.value(left) == 0
    scripts = "SELECT count(*) FROM rehearsal_call WHERE state = 'ended' AND script IS NOT NULL"
    assert await desk.world.value(scripts) == 0


async def test_a_request_that_was_taken_back_waits_for_nobody(desk: Desk) -> None:
    asked = await desk.ask()
    assert await rehearsals.REQUESTS.give_up(desk.store, asked)
    assert await desk.take() is None
