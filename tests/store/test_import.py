"""Importing contacts and consents, campaigns as rows, and what is shown of a person."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from agi_app.errors import InputError
from agi_app.model.campaign import CampaignState, Purpose
from agi_app.model.person import ContactRow
from agi_app.store.calling import campaigns, reports, tallies
from agi_app.store.database.pool import Store
from agi_app.store.people import caller_ids, consents, stops
from agi_app.store.people.contacts import ImportCount
from agi_app.store.people.history import person_history
from tests.store.world import CALLER_ID, LONG_AGO, World, campaign, consent, contact, import_contacts, number

pytestmark = pytest.mark.postgres


async def test_importing_again_updates_columns_and_forgets_nothing(world: World, store: Store) -> None:
    """A finished contact stays finished; only changed rows are touched."""
    wanted = await world.running(campaign(), [1, 2])
    await world.call((await world.claim(wanted, 1)).claims[0])
    now = await world.now()
    rows = [contact(1), contact(2, city="Shanghai"), contact(3)]
    assert await import_contacts(store, wanted.name, rows, now) == ImportCount(1, 1, 1)
    counts = await tallies.of_campaign(store, wanted.name)
    assert (counts.total, counts.contacts) == (3, {"pending": 2, "done": 1})
    assert await import_contacts(store, wanted.name, rows, now) == ImportCount(0, 0, 3)


async def test_the_last_of_two_rows_with_one_id_counts(world: World, store: Store) -> None:
    """As in a spreadsheet that was appended to."""
    wanted = await world.running(campaign(), [])
    rows = [contact(1), contact(1, name="New name")]
    assert await import_contacts(store, wanted.name, rows, await world.now()) == ImportCount(1, 0, 0)
    assert await world.value("SELECT fields ->> 'name' FROM contact") == "New name"


async def test_odd_texts_survive_the_import(world: World, store: Store) -> None:
    """Chinese, quotes, tabs, backslashes and line breaks are only text."""
    wanted = await world.running(campaign(), [])
    odd = "张伟\t'\"\\N\n{}%s\\"
    row = ContactRow(odd, number(1), "CN", ("Asia/Shanghai",), None, {odd: odd})
    await import_contacts(store, wanted.name, [row], await world.now())
    (status,) = await reports.contact_rows(store, wanted.name)
    assert status.external_id == odd
    assert await world.value("SELECT fields ->> %s FROM contact", odd) == odd


async def test_contacts_of_an_unknown_campaign_are_refused_whole(world: World, store: Store) -> None:
    """Nothing is half-written, and the message names the campaign."""
    with pytest.raises(InputError, match="no campaign march"):
        await import_contacts(store, "march", [contact(1)], await world.now())
    assert await world.value("SELECT count(*) FROM person") == 0


async def test_importing_contacts_never_makes_a_consent(world: World, store: Store) -> None:
    """Whatever columns the file has."""
    wanted = await world.running(campaign(), [], consenting=[])
    await import_contacts(store, wanted.name, [contact(1, consent="yes")], await world.now())
    assert await world.value("SELECT count(*) FROM consent") == 0
    assert (await world.claim(wanted)).refused == 1


async def test_20000_contacts_are_imported_within_seconds(world: World, store: Store) -> None:
    """Bulk goes by COPY; a statement a row would take minutes."""
    wanted = await world.running(campaign(), [])
    rows = [contact(n) for n in range(20_000)]
    begin = store.clock.monotonic()
    assert (await import_contacts(store, wanted.name, rows, await world.now())).added == 20_000
    assert store.clock.monotonic() - begin < 40
    assert len((await world.claim(wanted, 100)).claims) == 0  # nobody consented


async def test_the_same_consent_twice_is_one(world: World, store: Store) -> None:
    """Also when its times are written in another zone; another wording is another consent."""
    now = await world.now()
    assert (await consents.import_consents(store, [consent(1)] * 2, "admin", now)).added == 1
    shanghai = dt.timezone(dt.timedelta(hours=8))
    same = dataclasses.replace(consent(1), given_at=LONG_AGO.astimezone(shanghai))
    other = dataclasses.replace(consent(1), wording="I agree to anything.")
    counted = await consents.import_consents(store, [same, other], "admin", now)
    assert (counted.added, counted.already_there) == (1, 1)


async def test_the_history_of_a_number_is_whole(world: World, store: Store) -> None:
    """Consents with their wording, calls, contacts and the caller ID they saw."""
    wanted = await world.running(campaign(), [1])
    await world.call(await world.claim_one(wanted))
    history = await person_history(store, number(1))
    assert history is not None
    (given,) = history.consents
    assert (given.wording, given.purpose, given.revoked_at) == ("I agree to reminder calls.", "transactional", None)
    assert [(c.campaign, c.outcome) for c in history.calls] == [("checkup", "human")]
    assert [(c.external_id, c.state) for c in history.contacts] == [("row-1", "done")]
    assert (history.caller_id_seen, history.suppression, history.revocations) == (CALLER_ID, None, ())
    assert await person_history(store, number(2)) is None


async def test_a_campaign_comes_back_as_it_was_saved(store: Store) -> None:
    """Windows, retries, pace, purpose: all of it; saving again keeps the state."""
    wanted = campaign(purpose=Purpose.SURVEY)
    await campaigns.save_campaign(store, wanted, "flows/reminder.yaml", "flow: reminder\n")
    stored = await campaigns.load_campaign(store, "checkup")
    assert stored is not None
    assert (stored.campaign, stored.state, stored.flow_text) == (wanted, CampaignState.DRAFT, "flow: reminder\n")
    await campaigns.set_state(store, "checkup", CampaignState.PAUSED, "breaker", LONG_AGO)
    await campaigns.save_campaign(store, wanted, "flows/reminder.yaml", "flow: other\n")
    (again,) = await campaigns.load_campaigns(store, [CampaignState.PAUSED])
    assert (again.state_reason, again.flow_text) == ("breaker", "flow: other\n")
    assert await campaigns.load_campaigns(store, [CampaignState.RUNNING]) == []
    assert await campaigns.load_campaign(store, "unknown") is None


async def test_a_new_proof_wakes_those_who_waited_for_it(world: World, store: Store) -> None:
    """Contacts refused because the caller ID was not proved are due again."""
    wanted = await world.running(campaign(), [1])
    other = "+99986210000009"
    changed = campaign(caller_id=other)
    await campaigns.save_campaign(store, changed, "flows/reminder.yaml", "flow: reminder\n")
    assert (await world.claim(changed)).refused == 1
    now = await world.now()
    proof = caller_ids.CallerIdProof(other, "letter", "letter.pdf", "00", "admin", now, now + dt.timedelta(days=30))
    await caller_ids.add_proof(store, proof, now)
    assert proof in await caller_ids.proofs(store)
    assert [c.caller_id for c in (await world.claim(changed)).claims] == [other]
    assert wanted.name == changed.name


async def test_why_waiting_tells_slots_calls_and_times(world: World, store: Store) -> None:
    """Enough to answer why nobody is being dialled."""
    wanted = await world.running(campaign(), range(5), consenting=range(3))
    await world.claim(wanted, 5, trunk_limit=2)
    waiting = await reports.why_waiting(store, wanted, await world.now())
    assert (waiting.open_attempts, waiting.campaign_slots_used, waiting.trunk_slots_used) == (2, 2, 2)
    assert waiting.due_now == 3
    await world.claim(wanted)
    waiting = await reports.why_waiting(store, wanted, await world.now())
    assert (waiting.due_now, waiting.parked, waiting.by_rule) == (0, 2, {"consent_missing": 2})
    assert (await tallies.of_campaign(store, wanted.name)).refused == {"consent_missing": 2}


async def test_a_persons_number_stands_in_one_table_only(world: World, store: Store) -> None:
    """So that erasing a person is possible: decisions, attempts and all the rest hold ids."""
    wanted = await world.running(campaign(), [1, 2], consenting=[1])
    await world.call(await world.claim_one(wanted))
    await world.claim(wanted)
    await stops.revoke(store, number(1), None, await world.now(), reason="pressed 9", via="key")
    async with store.connection() as connection:
        tables = await (
            await connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ).fetchall()
        holding = set()
        for table in (row["tablename"] for row in tables):
            for row in await (await connection.execute(f"SELECT t::text AS text FROM {table} t")).fetchall():
                if number(1).lstrip("+") in row["text"] or number(2).lstrip("+") in row["text"]:
                    holding.add(table)
    assert holding == {"person"}
