"""A feed as its processes are: the exchange with its own role, what doctor and the command line say, and events."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from agi_app.cli.calling import feed as cli
from agi_app.clock import SandboxClock
from agi_app.errors import StoreError
from agi_app.exchange import feed_doctor
from agi_app.exchange.feed_reader import FeedReader
from agi_app.messages import speaking
from agi_app.operations.calling import feeds
from agi_app.operations.project import project_files
from agi_app.store.database import checks, service_rights
from agi_app.store.database.pool import Store
from agi_app.store.feeds import fed_contacts, runs
from agi_app.store.people.erasure import Why, erase_person
from agi_app.store.webhooks import notices
from tests.store.conftest import Cluster, open_store
from tests.store.feed_office import CAMPAIGN, FEED, FeedOffice, row, running_office
from tests.store.world import World, number

pytestmark = pytest.mark.postgres


@pytest.fixture
async def office(world: World, tmp_path: Path) -> FeedOffice:
    return await running_office(world, tmp_path)


@pytest.fixture
async def outside(cluster: Cluster, database_url: str, store: Store) -> AsyncIterator[Store]:
    """The database as `agi-app exchange` has it."""
    async with store.transaction() as connection:
        await service_rights.grant(connection, service_rights.EXCHANGE)
    cluster.run("ALTER ROLE agi_app_exchange LOGIN")
    opened = await open_store(psycopg.conninfo.make_conninfo(database_url, user=service_rights.EXCHANGE.name))
    yield opened
    await opened.close()
    cluster.run("ALTER ROLE agi_app_exchange NOLOGIN")


async def test_the_exchange_reads_with_its_own_role(office: FeedOffice, outside: Store) -> None:
    office.put(row(1), row(2))
    reader = FeedReader(office.folder, outside, office.clock, FEED, "exchange")
    for _ in range(3):
        await reader.once()
    await office.runs().take_all()
    await reader.once()
    await reader.close()
    assert (await feeds.newest_runs(office.wang, FEED))[0].state == "done"
    assert (office.folder / "out" / "done" / "list.csv").exists()


@pytest.mark.attack("an exchange that was taken over reads people, or frees a campaign of its hold")
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT content FROM feed_content",
        "SELECT person_id FROM feed_person",
        "SELECT * FROM contact",
        "UPDATE feed SET fresh_until = 'infinity'",
        "UPDATE feed SET fingerprint = '\\x00'",
        "INSERT INTO feed_run (feed, state) VALUES ('appointments', 'done')",
        "INSERT INTO feed_request (feed, definition, fingerprint, asked_by, alone) VALUES ('a', '{}', '', 'x', true)",
        "INSERT INTO feed_approval (request_id, asked_by, approved_by, roles, alone) VALUES (1, 'x', 'y', '{}', true)",
    ],
)
async def test_its_role_can_hand_over_and_nothing_else(office: FeedOffice, outside: Store, statement: str) -> None:
    assert (await office.feed()).state == "started"
    with pytest.raises(StoreError, match="permission denied"):
        await outside.execute(statement)


async def test_doctor_says_what_a_feed_wants(office: FeedOffice) -> None:
    async def said() -> tuple[str, str]:
        (found,) = await feed_doctor.look(office.store, office.wang.settings, office.clock)
        return found.text, found.fix

    assert (await said())[0] == "had no good run for too long: campaign checkup calls nobody"
    await office.brings(*map(row, range(1, 21)))
    assert await said() == ("is started", "")
    await office.brings(row(1), name="less.csv")
    text, mend = await said()
    assert text.startswith("the last run: 19 contacts of the 20 whom the feed has brought")
    assert mend == "agi-app feed status appointments"
    await office.store.execute("UPDATE feed_reader SET seen_at = now() - interval '1 min'")
    assert await said() == ("no process reads it", "start `agi-app exchange`")
    await feeds.end(office.wang, FEED)
    assert await feed_doctor.look(office.store, office.wang.settings, office.clock) == []


async def test_doctor_notes_a_feed_of_the_settings_that_was_never_started(office: FeedOffice) -> None:
    """A note, so that doctor still ends well: somebody may write a feed today and start it tomorrow."""
    (office.folder / "campaigns" / "recall.yaml").write_text(CAMPAIGN.replace("checkup", "recall"))
    office.write(more='[feeds.another]\ncampaign = "recall"\nfolder = "another"\nmost_a_day = 50\n')
    _, note = await feed_doctor.look(office.store, office.wang.settings, office.clock)
    told = "note: it was never started, so it brings nothing: `agi-app feed start another`"
    assert (note.check, note.text, note.well) == ("feed another", told, True)
    await feeds.start(office.wang, project_files.read(office.folder), "another")
    _, note = await feed_doctor.look(office.store, office.wang.settings, office.clock)
    assert note.text == "note: it brings nothing until a second person approves it: `agi-app feed approve another`"


async def test_events_are_told_of_what_goes_wrong(office: FeedOffice) -> None:
    await office.store.execute(
        "INSERT INTO webhook_endpoint (url, types, created_by)"
        " VALUES ('https://x.example', '{feed.refused,feed.late}', 'a')"
    )
    await office.brings(*map(row, range(1, 21)))
    for _ in range(2):
        await office.brings(row(1), name="less.csv")
        await notices.look(office.store, office.clock.now(), ("feed_late",))
    await office.store.execute("UPDATE feed SET fresh_until = now() - interval '1 s'")
    for _ in range(2):
        await notices.look(office.store, office.clock.now(), ("feed_late",))
    found = await office.store.records("SELECT type, data FROM webhook_event ORDER BY event_id")
    assert [one["type"] for one in found] == ["feed.refused", "feed.refused", "feed.late"]
    assert (found[0]["data"]["why"], found[0]["data"]["campaign"]) == ("shrunk", "checkup")
    assert set(found[2]["data"]) == {"feed", "campaign", "since"}


async def test_what_the_command_line_shows(office: FeedOffice) -> None:
    office.write(more='[feeds.appointments.columns]\nexternal_id = "id"\nnumber = "mobile"\n')
    await office.ask()
    waits = (await office.status()).waits_for
    assert waits is not None
    shown = list(cli.described(waits.definition))
    assert shown[0] == "contacts of campaign checkup, mode whole"
    assert "column number = mobile" in shown
    office.write()
    await office.brings(*map(row, range(1, 21)))
    status = await office.status()
    lines = list(cli.status_lines(status))
    assert lines[0] == "feed appointments is started"
    assert any(line.startswith("without another good run its campaign calls nobody from") for line in lines)
    assert lines[-1].endswith("20 rows: 20 added, 0 updated, 0 unchanged, 0 cancelled, 0 rejected")
    json.dumps(cli.status_record(status), default=str)
    with speaking("zh"):
        assert next(iter(cli.status_lines(status))) == "数据源 appointments 已启动"
    await office.brings(row(1), name="less.csv")
    refused = (await feeds.newest_runs(office.wang, FEED))[0]
    with speaking("zh"):
        assert cli.told(refused).startswith("数据源带来的 20 个待呼叫联系人中，有 19")


async def test_whose_numbers_came_is_forgotten_after_a_month(office: FeedOffice) -> None:
    await office.brings(row(1), row(2))
    assert len(await fed_contacts.numbers(office.store, FEED, office.clock.now())) == 2
    await office.store.execute(
        "UPDATE feed_person SET at = at - interval '33 days' WHERE person_id = (SELECT min(person_id) FROM feed_person)"
    )
    assert len(await fed_contacts.numbers(office.store, FEED, office.clock.now())) == 1
    await fed_contacts.forget(office.store, office.clock.now())
    assert await office.world.value("SELECT count(*) FROM feed_person") == 1
    assert await runs.late(office.store, office.clock.now()) == []


@pytest.mark.attack("what a feed has read outlives an erasure")
async def test_an_erasure_reaches_what_feeds_hold(office: FeedOffice, outside: Store) -> None:
    await office.brings(*map(row, range(1, 21)), "Li Na,not a number", name="first.csv")
    office.put(*map(row, range(1, 22)), name="second.csv")
    reader = FeedReader(office.folder, outside, office.clock, FEED, "exchange")
    for _ in range(3):
        await reader.once()
    assert await office.world.value("SELECT count(*) FROM feed_content") == 1
    assert [path.name for path in (office.folder / "out" / "done").iterdir()] != []
    why = Why(office.clock.real_now(), "a letter", "anna")
    assert await erase_person(office.store, number(37), why, lambda _: b"signed") is not None
    assert await office.world.value("SELECT count(*) FROM feed_content") == 0
    assert "Li Na" not in str(await office.store.records("SELECT result FROM feed_run"))
    left = "SELECT count(*) FROM feed_person JOIN person USING (person_id) WHERE e164 NOT LIKE '+%%'"
    assert await office.store.value(int, left) == 0
    await reader.close()
    after = FeedReader(office.folder, outside, office.clock, FEED, "another")
    await after.once()
    await after.close()
    assert [path.name for path in (office.folder / "out" / "done").iterdir()] == []


async def test_all_times_of_a_sandbox_are_by_its_clock(office: FeedOffice) -> None:
    start = dt.datetime(2026, 3, 3, 1, 30, tzinfo=dt.UTC)
    office.clock = SandboxClock(await checks.sandbox_offset(office.store, start))
    await office.store.execute("UPDATE feed SET started_at = NULL")  # it was by another clock
    await office.brings(*map(row, range(1, 21)))
    await runs.failed(office.store, FEED, None, {"why": "unreachable", "text": "it is away"}, "exchange")
    await office.store.execute("UPDATE feed SET fingerprint = '\\x00'")
    await office.ask()
    status = await office.status()
    said = "\n".join([*cli.status_lines(status), json.dumps(cli.status_record(status), default=str)])
    for found in await feeds.newest_runs(office.wang, FEED):
        said += json.dumps(cli.run_record(found), default=str)
    years = re.findall(r"\b(20\d\d-\d\d-\d\d)", said)
    assert len(years) >= 8
    assert set(years) == {"2026-03-03"}
