"""Whoever answers says "wrong number": the consents for that number end everywhere, and nothing else does."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from agi_app.clock import Clock
from agi_app.consent.calls_after_refusal import refusals
from agi_app.consent.opt_out_journal import Journal
from agi_app.consent.opt_outs import Stops, replay
from agi_app.consent.person_record_text import story
from agi_app.model.campaign import Purpose
from agi_app.model.person import WRONG_NUMBER, Consent
from agi_app.operations.service.recovery import accept
from agi_app.store.calling import attempts
from agi_app.store.calling.preview import open_waiting
from agi_app.store.database.listen import STOP_CHANNEL, Listening, Notification
from agi_app.store.database.pool import Store
from agi_app.store.people import consents, stops
from agi_app.store.people.history import PersonHistory, person_history
from tests.store import one
from tests.store.world import LONG_AGO, TERMS, World, campaign, consent, number

pytestmark = pytest.mark.postgres
NODE = TERMS.node


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path, Clock())


@pytest.fixture
def service(store: Store, journal: Journal) -> Stops:
    return Stops(store, journal, Clock(), NODE)


async def told(store: Store, n: int) -> PersonHistory:
    found = await person_history(store, number(n))
    assert found is not None
    return found


async def test_no_campaign_relies_on_a_consent_that_was_a_strangers(
    world: World, store: Store, service: Stops, journal: Journal
) -> None:
    """Every purpose, every campaign; on disk first. It is no stop: the number is not on the suppression list."""
    parcel = await world.running(campaign("parcel"), [1, 2])
    survey = replace(campaign("survey"), purpose=Purpose.SURVEY)
    await world.running(survey, [1, 2], consenting=[])
    await consents.import_consents(store, [consent(n, Purpose.SURVEY) for n in (1, 2)], "admin", LONG_AGO)
    await service.take(number(1), WRONG_NUMBER)
    assert [e.via for e in journal.unflushed(0)] == [WRONG_NUMBER]
    await service.flush()
    for asked in (parcel, survey):
        batch = await world.claim(asked)
        assert [c.number for c in batch.claims] == [number(2)], "whoever has their own number is called"
        await attempts.release(store, batch.claims[0].attempt_id, "for the next campaign")
    assert not await stops.is_suppressed(store, number(1))
    assert all(c.revoked_at is not None for c in (await told(store, 1)).consents)


async def test_a_consent_that_is_given_later_counts(world: World, store: Store, service: Stops) -> None:
    """Whoever has the number now may agree; the old consents, imported again, stay ended."""
    wanted = await world.running(campaign(), [1])
    await service.take(number(1), WRONG_NUMBER)
    await service.flush()
    await consents.import_consents(store, [consent(1)], "admin", await world.now())
    assert (await world.claim(wanted)).claims == ()
    later = replace(consent(1), given_at=await world.now())
    await consents.import_consents(store, [later], "admin", await world.now())
    assert len((await world.claim(wanted)).claims) == 1


async def test_the_persons_other_numbers_stay_as_they_are(world: World, store: Store, service: Stops) -> None:
    """Unlike a stop: the person has not refused anything, this number is just not theirs."""

    def of(n: int) -> Consent:
        return replace(consent(n), person_key="customer-7")

    wanted = await world.running(campaign(), [1, 2], consenting=[])
    await consents.import_consents(store, [of(1), of(2)], "admin", await world.now())
    await service.take(number(1), WRONG_NUMBER)
    await service.flush()
    looks = [await world.claim(wanted) for _ in range(2)]  # each looks at one number of a person
    assert [c.number for batch in looks for c in batch.claims] == [number(2)]


async def test_a_call_to_that_number_ends_and_one_to_another_number_goes_on(
    world: World, store: Store, service: Stops
) -> None:
    """Another campaign's claim cannot be marked; a call that goes on is told, and found when somebody was deaf."""
    wanted = await world.running(campaign(), [1])
    other = replace(consent(2), person_key="customer-7")
    await consents.import_consents(store, [replace(consent(1), person_key="customer-7"), other], "admin", LONG_AGO)
    claim = await world.claim_one(wanted)
    assert await one.mark(store, claim, NODE)
    await service.take(number(2), WRONG_NUMBER)
    await service.flush()
    assert await stops.live_check(store, [claim.attempt_id]) == {}, "this call is to the person's other number"
    heard = store.listen(STOP_CHANNEL)
    assert await anext(heard) == Listening()
    await service.take(number(1), WRONG_NUMBER)
    await service.flush()
    async with asyncio.timeout(20):
        assert isinstance(await anext(heard), Notification)
    await heard.aclose()  # type: ignore[attr-defined]
    assert await stops.live_check(store, [claim.attempt_id]) == {claim.attempt_id: "person_stopped"}


async def test_a_claim_of_that_number_is_never_dialled(world: World, store: Store, journal: Journal) -> None:
    """Given back where it is seen in time; the mark looks once more by itself."""
    wanted = await world.running(campaign(), [1])
    claim = await world.claim_one(wanted)
    journal.append(store.hash_number(number(1)), WRONG_NUMBER)
    assert await replay(store, list(journal.unflushed(0)), "a stop from the journal") == 1
    assert await one.mark(store, claim, NODE) is None


async def test_the_journal_may_be_read_again_and_again(
    world: World, store: Store, service: Stops, journal: Journal
) -> None:
    """Also by another process that knows the hash alone, and beside a stop of the same number."""
    await world.running(campaign(), [1])
    await service.take(number(1), WRONG_NUMBER)
    await service.take(number(1), "key")
    await service.flush()
    service.replay()
    await service.flush()
    assert await replay(store, list(journal.unflushed(0)), "again") == 0
    assert [r.via for r in (await told(store, 1)).revocations] == [WRONG_NUMBER, "key"]
    assert await stops.is_suppressed(store, number(1))


async def test_a_number_that_a_restored_database_does_not_know_is_not_called_either(
    world: World, store: Store, journal: Journal, tmp_path: Path
) -> None:
    """Its old consents may be imported again, and nobody would know: so the number goes onto the list."""
    journal.append(store.hash_number(number(1)), WRONG_NUMBER)
    await accept(store, journal, tmp_path, Clock())
    await replay(store, list(journal.unflushed(0)), "a stop from the journal")
    assert await stops.is_suppressed(store, number(1))


async def test_the_preview_and_the_story_say_it(world: World, store: Store, service: Stops) -> None:
    wanted = await world.running(campaign(), [1])
    await service.take(number(1), WRONG_NUMBER)
    await service.flush()
    async with open_waiting(store, wanted, dt.timedelta(0)) as waiting:
        assert waiting is not None
        classes = [found async for found in waiting.classes()]
    assert [(c.revoked_at is not None, c.wrong_number) for k in classes for c in k.facts.consents] == [(True, True)]
    assert (await world.claim(wanted)).refused == 1
    found = await told(store, 1)
    (refused,) = refusals(found)
    assert (refused.via, refused.calls_after) == (WRONG_NUMBER, 0)
    text = "\n".join(story(found, "en", await world.now()))
    assert "not the person who agreed" in text
    assert "not on the suppression list" in text
    assert "refused every call" not in text
    assert "said that this is a wrong number" in text
    assert "withdrawn" not in text
    chinese = "\n".join(story(found, "zh", await world.now()))
    assert "并非同意者本人" in chinese
    assert "表示号码有误" in chinese
    assert "撤回" not in chinese
