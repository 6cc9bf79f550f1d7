"""Contacts beyond the number that a start was approved for: nobody calls them before a second person approves more."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from agi_app.campaigns.forecast import Limits
from agi_app.campaigns.preview import Terms, preview
from agi_app.contacts.importer import import_contacts_file
from agi_app.contacts.whole_list import Whole
from agi_app.model.campaign import Campaign, CampaignState, Due
from agi_app.model.contact_times import Times
from agi_app.operations.calling.approvals import standing
from agi_app.operations.calling.reports import status_of
from agi_app.reports.why_waiting import held_back
from agi_app.store.calling import attempts, campaigns
from agi_app.store.calling.campaigns import known_campaign, load_campaign, resume, set_state, unapproved
from agi_app.store.people import contacts
from tests.store import one
from tests.store.world import World, campaign, contact, import_contacts, number

pytestmark = pytest.mark.postgres
NAME = "checkup"
WAITS = "SELECT count(*) FROM contact WHERE unapproved"
BY_HAND = """
INSERT INTO contact (campaign, external_id, person_id, language, fields, due_at)
SELECT 'checkup', 'sql-' || n, (SELECT person_id FROM contact WHERE external_id = 'row-1'), 'en', '{}', now()
FROM generate_series(1, 5) AS n
"""


NEW_PERSON = """
INSERT INTO person (e164, number_hash, region, zones) VALUES (%s, 'x', 'CN', '{Asia/Shanghai}')
ON CONFLICT (e164) DO UPDATE SET region = excluded.region RETURNING person_id
"""


async def started(world: World, people: Sequence[int], most: int | None, due: Due | None = None) -> Campaign:
    """A campaign that runs by an approval of so many contacts; persons 1 to 60 consent."""
    wanted = await world.running(campaign(due=due), people, consenting=range(1, 61))
    await set_state(world.store, NAME, CampaignState.RUNNING, None, await world.now(), most)
    return wanted


async def brings(world: World, *people: int, **more: Any) -> None:
    await import_contacts(world.store, NAME, [replace(contact(n), **more) for n in people], await world.now())


async def called(world: World, wanted: Campaign) -> list[str]:
    """Who is called now; the claims are given up at once."""
    claims = (await world.claim(wanted, 100)).claims
    async with world.store.transaction() as connection:
        await attempts.give_back(connection, [claimed.attempt_id for claimed in claims], "looked", attempts.CLAIMED)
    return sorted(claimed.fields.get("name", claimed.number) for claimed in claims)


def persons(*people: int) -> list[str]:
    return sorted(f"Person {n}" for n in people)


async def approves(world: World, most: int | None) -> None:
    await set_state(world.store, NAME, CampaignState.RUNNING, None, await world.now(), most)


async def test_who_comes_beyond_the_number_waits_while_the_others_are_called(world: World) -> None:
    wanted = await started(world, [1, 2], 3)
    await brings(world, 3, 4, 5)
    stored = await known_campaign(world.store, NAME)
    assert (stored.state, await unapproved(world.store, NAME)) == (CampaignState.RUNNING, 2)
    assert await called(world, wanted) == persons(1, 2, 3)
    refused = "SELECT array_agg(DISTINCT refused_by::text) FROM contact WHERE unapproved"
    assert await world.value(refused) == ["{contact_not_approved}"]
    await approves(world, 5)
    assert await unapproved(world.store, NAME) == 0
    assert await called(world, wanted) == persons(1, 2, 3, 4, 5)


async def test_an_approval_lets_in_so_many_as_it_names_the_oldest_first(world: World) -> None:
    wanted = await started(world, [1], 1)
    await brings(world, 2, 3, 4, 5)
    await approves(world, 3)
    assert await called(world, wanted) == persons(1, 2, 3)
    await brings(world, 6)
    assert await called(world, wanted) == persons(1, 2, 3)


async def test_a_resume_lets_nobody_in(world: World) -> None:
    wanted = await started(world, [1], 1)
    await set_state(world.store, NAME, CampaignState.PAUSED, "lunch", await world.now())
    await brings(world, 2)
    await resume(world.store, NAME, "by command", await world.now())
    assert await called(world, wanted) == persons(1)


async def test_without_a_number_nobody_waits(world: World) -> None:
    """One person alone approves their own starts; and before its first start a campaign has no number."""
    wanted = await started(world, [1], None)
    await brings(world, 2, 3)
    assert await called(world, wanted) == persons(1, 2, 3)


@pytest.mark.attack("more contacts than were approved, each in its own way")
@pytest.mark.parametrize("way", ["list", "whole list", "sql", "copy", "upsert", "again", "cancelled"])
async def test_no_way_of_bringing_contacts_goes_past_the_number(world: World, tmp_path: Path, way: str) -> None:
    wanted = await started(world, [1, 2], 2)
    file = tmp_path / "list.csv"
    rows = [f"row-{n},{number(n)},Person {n}" for n in (1, 2, 30, 40)]
    file.write_text("\n".join(["external_id,number,name", *rows, ""]), "utf-8")
    match way:
        case "list" | "whole list":
            how = Whole.CONFIRMED if way == "whole list" else None
            done = await import_contacts_file(world.store, wanted, (), file, await world.now(), whole=how)
            assert (done.added, done.unapproved) == (2, 2)
            assert "2 contacts wait for a second person" in done.notes[-1]
        case "sql":
            await world.store.execute(BY_HAND)
        case "copy":
            person = await world.value(NEW_PERSON, number(50))
            async with world.store.transaction() as connection, connection.cursor() as cursor:
                copying = "COPY contact (campaign, external_id, person_id, fields, due_at, unapproved) FROM STDIN"
                async with cursor.copy(copying) as copy:
                    for n in range(4):
                        await copy.write_row((NAME, f"copy-{n}", person, "{}", "2020-01-01", "f"))
        case "upsert":
            await world.store.execute(f"{BY_HAND} ON CONFLICT (campaign, external_id) DO UPDATE SET due_at = now()")
        case "again":
            await brings(world, 3)
            await brings(world, 3, 4)
        case "cancelled":
            await brings(world, 3, 4, cancelled=True)
            await brings(world, 3, 4, cancelled=False)
    assert await called(world, wanted) == persons(1, 2)


@pytest.mark.attack("a contact that was approved becomes another person, again and again")
async def test_the_number_of_somebody_else_counts_as_another_contact(world: World) -> None:
    """By an import, by second numbers, and by hand; a column that changes counts as nothing."""
    wanted = await started(world, [1, 2], 3)
    await brings(world, 1, fields={"name": "Another name"})
    assert await called(world, wanted) == ["Another name", "Person 2"]
    await brings(world, 1, number=number(11))
    assert await unapproved(world.store, NAME) == 0, "there was room for one"
    await brings(world, 2, number=number(12), fields={"name": "Twelve"})
    assert await unapproved(world.store, NAME) == 1
    assert "Twelve" not in await called(world, wanted)
    whose = "(SELECT person_id FROM person WHERE e164 = %(e164)s)"
    by_hand = f"UPDATE contact SET person_id = {whose} WHERE external_id = 'row-1'"
    await world.store.execute(by_hand, {"e164": number(12)})
    assert await called(world, wanted) == []
    await approves(world, 3)
    assert len(await called(world, wanted)) == 1, "both have one number now, and one person gets one call"


async def test_a_contact_that_goes_on_to_its_second_number_is_no_other(world: World) -> None:
    wanted = await started(world, [1], 1)
    second = "UPDATE contact SET number_ids = ARRAY[person_id, %(more)s::bigint]"
    more = await world.value(NEW_PERSON, number(50))
    await world.store.execute(second, {"more": more})
    assert await unapproved(world.store, NAME) == 1, "the second number is one more"
    await approves(world, 1)
    await world.store.execute("UPDATE contact SET person_id = number_ids[2], number_place = 2")
    await world.store.execute("UPDATE contact SET person_id = number_ids[1], number_place = 1")
    await world.store.execute("UPDATE contact SET number_ids = NULL")
    assert await unapproved(world.store, NAME) == 0
    assert await called(world, wanted) == persons(1)


async def test_a_claim_of_before_is_not_marked_once_its_contact_waits(world: World) -> None:
    await started(world, [1], 1)
    claimed = await world.claim_one(campaign())
    await brings(world, 1, number=number(11))
    assert await one.mark(world.store, claimed, world.terms.node) is None


@pytest.mark.attack("imports at once, each of which sees room for all that it brings")
@pytest.mark.parametrize("isolation", ["read committed", "repeatable read"])
async def test_imports_at_once_let_in_exactly_the_number(world: World, isolation: str) -> None:
    wanted = await started(world, [1], 10)

    async def add(first: int) -> None:
        async with world.store.transaction() as connection:
            await connection.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
            await connection.execute("SELECT 1 FROM campaign_room")
            for n in range(first, first + 4):
                await connection.execute(
                    "INSERT INTO contact (campaign, external_id, person_id, fields, due_at, language)"
                    " SELECT %s, %s, person_id, '{}', now(), 'en' FROM person WHERE e164 = %s",
                    (NAME, f"row-{n}", number(n)),
                )
                await asyncio.sleep(0.01)

    done = await asyncio.gather(*(add(first) for first in range(2, 32, 4)), return_exceptions=True)
    stored = await world.value("SELECT count(*) FROM contact WHERE NOT unapproved")
    assert stored == (10 if isolation == "read committed" else 1 + 4 * sum(one is None for one in done))
    assert stored <= 10
    assert len(await called(world, wanted)) == stored


@pytest.mark.attack("an import that began before a start, and ends after it")
async def test_a_start_while_an_import_runs_is_good_for_its_number_alone(world: World) -> None:
    """The import saw a draft without a number; the start saw two contacts."""
    await world.running(campaign(), [1, 2], consenting=range(1, 61))
    await world.store.execute("UPDATE campaign SET state = 'draft'")
    async with world.store.transaction() as connection:
        await connection.execute(
            "INSERT INTO contact (campaign, external_id, person_id, fields, due_at, language)"
            " SELECT 'checkup', 'row-' || n, person_id, '{}', now(), 'en' FROM generate_series(3, 9) AS n, person"
            " WHERE e164 = %s",
            (number(3),),
        )
        starting = asyncio.create_task(approves(world, 4))
        await asyncio.sleep(0.3)
        assert not starting.done()
    await starting
    assert await world.value("SELECT count(*) FROM contact WHERE NOT unapproved") == 4
    let_in = "SELECT string_agg(external_id, ' ' ORDER BY contact_id) FROM contact WHERE NOT unapproved"
    assert await world.value(let_in) == "row-1 row-2 row-3 row-4"


@pytest.mark.attack("an approval and imports at once")
async def test_an_approval_while_imports_run_lets_in_no_more_than_its_number(world: World) -> None:
    wanted = await started(world, [1], 1)
    people = [[n, n + 1, n + 2] for n in range(2, 41, 3)]
    await asyncio.gather(*(brings(world, *some) for some in people), approves(world, 20), approves(world, 20))
    assert await world.value("SELECT count(*) FROM contact") == 40
    assert await world.value("SELECT count(*) FROM contact WHERE NOT unapproved") == 20
    assert len(await called(world, wanted)) == 20


async def test_who_waits_is_called_at_their_time_once_approved(world: World) -> None:
    """As if they had been there: at the point that is next, not at one that is over, and not after the appointment."""
    hour = dt.timedelta(hours=1)
    wanted = await started(world, [], 0, due=Due("appointment", (48 * hour, 3 * hour)))
    at = await world.now() + 10 * hour
    await brings(world, 1, times=Times(at))
    assert await called(world, wanted) == []
    world.terms = replace(world.terms, offset=8 * hour)
    await approves(world, 5)
    assert await called(world, wanted) == persons(1)
    world.terms = replace(world.terms, offset=11 * hour)
    assert await called(world, wanted) == []
    assert await world.value("SELECT state FROM contact") == "expired"


async def test_status_preview_and_report_say_who_waits_before_any_worker_looked(world: World) -> None:
    wanted = await started(world, [1], 1)
    await brings(world, 2, 3)
    _, view = await status_of(world.store, world.store.clock, NAME)
    told = {reason.by: reason.text for reason in held_back(view)}
    assert told["contact_not_approved"] == (
        "2 contacts wait for a second person: the campaign has more than its start was approved for; `agi-app campaign"
        " start` asks for an approval"
    )
    seen = await preview(world.store, world.store.clock, Terms(wanted, True, Limits(1, 1), world.rules))
    assert (seen.callable_now, seen.never, dict(seen.by_rule)) == (1, 2, {"contact_not_approved": 2})
    stored = await load_campaign(world.store, NAME)
    assert stored is not None
    assert (await standing(world.store, stored)).endswith("; 2 contacts wait for another approval")


FEED = """
INSERT INTO feed (name, kind, campaign, state, fingerprint, max_age, most_a_day, fresh_until)
VALUES ('clinic', 'contacts', 'checkup', 'started', '', '1 h', 2, 'infinity'),
       ('another', 'contacts', NULL, 'ended', '', '1 h', 9, 'infinity')
"""


async def feeds(world: World, *people: int, feed: str = "clinic", **more: Any) -> None:
    rows = [replace(contact(n), **more) for n in people]
    now, order = await world.now(), contacts.BatchOrder()
    await contacts.import_batch(world.store, NAME, rows, now, order, contacts.Mark(str(uuid.uuid4()), 0, feed))


async def test_of_a_feed_the_number_is_one_a_day(world: World) -> None:
    """Beside that of the start: neither uses up the other. Who is beyond it waits, also on the next day."""
    wanted = await started(world, [1], 2)
    await world.store.execute(FEED)
    await feeds(world, 2, 3, 4)
    assert await called(world, wanted) == persons(1, 2, 3)
    await feeds(world, 2, 3, 5)
    await brings(world, 6, 7)
    assert await called(world, wanted) == persons(1, 2, 3, 6)
    await world.store.execute("UPDATE feed_room SET day = day - 1")
    await feeds(world, 4, 5, 8)
    assert await called(world, wanted) == persons(1, 2, 3, 6, 8)
    await feeds(world, 8, number=number(9))
    assert await called(world, wanted) == persons(1, 2, 3, 6, 8)
    await feeds(world, 8, number=number(10))
    assert await called(world, wanted) == persons(1, 2, 3, 6), "the feed has used up its day"
    await feeds(world, 11, feed="another")
    assert await called(world, wanted) == persons(1, 2, 3, 6), (
        "it is not its campaign, and the start's number is used up"
    )
    await approves(world, None)
    assert await called(world, wanted) == persons(1, 2, 3, 4, 5, 6, 7, 8, 11)


@pytest.mark.attack("the service writes contacts, or lets them in")
@pytest.mark.parametrize(
    "query",
    [
        BY_HAND,
        "UPDATE contact SET unapproved = false",
        "UPDATE campaign SET most_contacts = 1000",
        "UPDATE campaign_room SET let_in = 0",
        "SELECT approve_contacts('checkup', 1000)",
        "SELECT let_in('checkup', NULL, -1000)",
        "SELECT feed_number('checkup', 'clinic')",
    ],
)
async def test_the_role_of_the_service_can_let_nobody_in(world: World, query: str) -> None:
    await started(world, [1], 1)
    async with world.store.connection() as connection, connection.transaction(force_rollback=True):
        await connection.execute("SET LOCAL ROLE agi_app_console")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute(query)


async def test_what_an_upgrade_finds_beyond_its_number_waits_and_the_campaign_goes_on(world: World) -> None:
    """An older version had paused it."""
    wanted = await started(world, [1, 2, 3], None)
    await world.store.execute("UPDATE campaign SET most_contacts = 2, state = 'paused'")
    await world.store.execute("DELETE FROM campaign_room")
    text = (Path(campaigns.__file__).parents[1] / "database/schema/0083_unapproved_contacts.sql").read_text("utf-8")
    await world.store.execute(text[text.index("DO $$") :])
    await resume(world.store, NAME, None, await world.now())
    assert await called(world, wanted) == persons(1, 2)
    assert await world.value(WAITS) == 1
