"""The life of a feed on a real database: asked for, approved by somebody else, changed, paused, ended."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from agi_app.clock import Clock
from agi_app.config.feed_definition import RunState
from agi_app.errors import ConfigError, Forbidden, InputError, NotThere, StoreError
from agi_app.model.actors import Role
from agi_app.model.campaign import CampaignState
from agi_app.operations.calling import feeds
from agi_app.operations.calling.feeds import ApprovalAsked
from agi_app.operations.project import project_files
from agi_app.store.calling.campaigns import load_campaign
from agi_app.store.database.pool import Store
from agi_app.store.feeds import feeds as table
from agi_app.store.feeds import runs
from agi_app.store.feeds.runs import ReadFeed, RunOutcome
from tests.store.feed_office import FEED, FeedOffice
from tests.store.world import World, campaign

pytestmark = pytest.mark.postgres
NOW = Clock().now()


@pytest.fixture
async def office(world: World, tmp_path: Path) -> FeedOffice:
    return await FeedOffice(world, tmp_path).open()


async def read(office: FeedOffice, content: bytes = b"id,number\n", **changes: Any) -> ReadFeed:
    fingerprint = (await office.feed()).fingerprint or bytes(32)
    given: dict[str, Any] = {"fingerprint": fingerprint, "as_of": Clock().now()}
    return ReadFeed(FEED, uuid.uuid4(), content=content, **(given | changes))


async def test_a_feed_runs_once_another_person_has_approved_it(office: FeedOffice, store: Store) -> None:
    asked = await office.ask()
    assert isinstance(asked, ApprovalAsked)
    assert (asked.definition.campaign, asked.definition.most_a_day) == ("checkup", 50)
    assert (await office.feed()).state == "new", "one person starts nothing"
    waits = (await office.status()).waits_for
    assert waits is not None
    assert waits.asked_by == "wang"
    assert await office.approve() == "done"
    stored = await office.feed()
    assert (stored.state, stored.fingerprint) == ("started", asked.definition.fingerprint)
    assert stored.is_late(NOW), "nothing was read yet"
    status = await office.status()
    assert (status.waits_for, status.approved_by, status.changed) == (None, "li", False)
    sealed = await office.world.value(
        "SELECT string_agg(kind, ' ' ORDER BY kind) FROM audit_queue WHERE kind LIKE 'feed%%'"
    )
    assert sealed == "feed_approval feed_request"
    there = await load_campaign(store, "checkup")
    assert there is not None
    assert there.state is CampaignState.DRAFT, "contacts can be brought, nobody is called"


@pytest.mark.attack("somebody approves their own feed")
async def test_nobody_approves_their_own_feed(office: FeedOffice) -> None:
    both = office.acting("li", *Role)
    await office.ask(both)
    with pytest.raises(InputError, match="li asked for this feed: another person approves it"):
        await office.approve(both)
    newest = await table.newest(office.store, FEED)
    assert newest is not None
    with pytest.raises(StoreError, match="check constraint"):
        await table.approve(office.store, newest.request_id, both.actor, "li", alone=False)
    assert (await office.feed()).state == "new"


async def test_a_wrong_secret_approves_nothing(office: FeedOffice) -> None:
    await office.ask()
    assert await office.approve(secret="correct horse batterz") == "this is not the secret of li"
    with pytest.raises(Forbidden):
        await office.approve(office.acting("wang", Role.OPERATOR))
    assert (await office.feed()).state == "new"


@pytest.mark.attack("a query is changed between the request and its approval, or after it")
async def test_another_definition_needs_another_approval(office: FeedOffice) -> None:
    await office.ask()
    office.write(more='columns = {external_id = "appt", number = "mobile"}')
    assert "have changed since it was asked for" in await office.approve()
    assert (await office.feed()).state == "new"
    await office.started()
    first = (await office.feed()).fingerprint
    office.write(more='columns = {external_id = "appt", number = "landline"}')
    assert (await office.status()).changed
    assert isinstance(await office.ask(), ApprovalAsked)
    assert (await office.feed()).fingerprint == first, "the approved one stands until then"
    assert await office.approve() == "done"
    now = await office.feed()
    assert now.fingerprint != first
    assert now.fresh_until is None


@pytest.mark.parametrize(
    "change",
    [
        'folder = "out"\nmost_a_day = 51',
        'folder = "in"',
        'folder = "out"\nmax_age = "2h"',
        'folder = "out"\ncolumns = {number = "tel"}',
        'database_url = "postgresql://reader@db/clinic"\nquery_file = "a.sql"',
    ],
)
async def test_all_that_matters_is_in_what_is_approved(office: FeedOffice, change: str) -> None:
    settings = '[trunks.carrier]\nendpoint = "PJSIP/{number}@carrier"\n[feeds.appointments]\ncampaign = "checkup"\n'
    (office.folder / "a.sql").write_text("SELECT 1")
    office.write(settings + 'folder = "out"\nmost_a_day = 50')
    await office.started()
    office.write(settings + change)
    assert (await office.status()).changed
    office.write(settings + 'folder = "out"\nmost_a_day = 50\nevery = "1min"')
    assert not (await office.status()).changed, "how often it is read needs nobody"


async def test_the_text_of_a_query_and_who_reads_are_in_it_and_no_password(office: FeedOffice) -> None:
    settings = (
        '[trunks.carrier]\nendpoint = "PJSIP/{number}@carrier"\n[feeds.appointments]\ncampaign = "checkup"\n'
        'database_url_file = "db"\nquery_file = "a.sql"\n'
    )
    (office.folder / "a.sql").write_text("SELECT 1")
    (office.folder / "db").write_text("postgresql://reader:geheim@db.example.com:5433/clinic\n")
    office.write(settings)
    asked = await office.ask()
    assert isinstance(asked, ApprovalAsked)
    assert asked.definition.source == "reader@db.example.com:5433/clinic"
    (office.folder / "db").write_text("postgresql://reader:other@db.example.com:5433/clinic\n")
    assert await office.approve() == "done", "another password is the same source"
    for text, file in (("SELECT 2", "a.sql"), ("postgresql://other:x@db.example.com:5433/clinic", "db")):
        before = (office.folder / file).read_text()
        (office.folder / file).write_text(text)
        assert (await office.status()).changed, file
        (office.folder / file).write_text(before)
    kept = await office.world.value("SELECT string_agg(definition::text, '') FROM feed_request")
    assert "geheim" not in str(kept)


async def test_who_works_alone_starts_a_feed_alone(office: FeedOffice) -> None:
    office.write(approval="alone")
    assert isinstance(await office.ask(), ApprovalAsked), "not while there are others"
    await office.store.execute("UPDATE account SET enabled = false WHERE name <> 'wang'")
    assert not isinstance(await office.ask(), ApprovalAsked)
    assert (await office.feed()).state == "started"
    newest = await table.newest(office.store, FEED)
    assert newest is not None
    assert newest.alone
    assert newest.approved_by == "wang"


async def test_a_paused_feed_goes_on_as_it_was_and_only_so(office: FeedOffice) -> None:
    await office.started()
    with pytest.raises(InputError, match="started already, exactly so"):
        await office.ask()
    await feeds.pause(office.wang, FEED)
    assert (await office.feed()).state == "paused"
    with pytest.raises(InputError, match="is paused: there is nothing to pause"):
        await feeds.pause(office.wang, FEED)
    assert not isinstance(await office.ask(), ApprovalAsked)
    assert (await office.feed()).state == "started"
    await feeds.pause(office.wang, FEED)
    office.write(more='columns = {number = "mobile"}')
    assert isinstance(await office.ask(), ApprovalAsked), "a pause is no way round the second person"
    assert (await office.feed()).state == "paused"


async def test_an_ended_feed_pauses_its_campaign_and_holds_it_no_longer(office: FeedOffice, world: World) -> None:
    await office.started()
    await world.running(campaign(), [1])
    assert await feeds.end(office.wang, FEED)
    there = await load_campaign(office.store, "checkup")
    assert there is not None
    assert there.state is CampaignState.PAUSED
    stored = await office.feed()
    assert (stored.state, stored.is_late(NOW)) == ("ended", False)
    assert isinstance(await office.ask(), ApprovalAsked), "to begin again is asked for again"


async def test_a_feed_needs_its_campaign_and_has_it_for_itself(office: FeedOffice) -> None:
    (office.folder / "campaigns" / "checkup.yaml").rename(office.folder / "other.yaml")
    with pytest.raises(InputError, match="for campaign checkup, and there is no such campaign"):
        await office.ask()
    (office.folder / "other.yaml").rename(office.folder / "campaigns" / "checkup.yaml")
    await office.started()
    with pytest.raises(InputError, match="there is no feed 'bookings'"):
        await feeds.start(office.wang, project_files.read(office.folder), "bookings")
    settings = (
        '[trunks.carrier]\nendpoint = "PJSIP/{number}@carrier"\n[feeds.bookings]\ncampaign = "checkup"\nfolder = "b"\n'
    )
    office.write(settings)
    with pytest.raises(InputError, match="campaign checkup has feed appointments"):
        await feeds.start(office.wang, project_files.read(office.folder), "bookings")


async def test_what_is_read_waits_once_and_in_its_order(office: FeedOffice) -> None:
    await office.started()
    one = await read(office)
    run = await runs.hand_over(office.store, one, "reader-1")
    assert run is not None
    assert await runs.hand_over(office.store, one, "reader-1") == run, "handed over again it is the same run"
    assert await runs.hand_over(office.store, await read(office), "reader-2") is None, "one waits already"
    assert await runs.waits(office.store, FEED)
    async with office.store.as_one():
        taken = await runs.take(office.store, run)
        assert taken is not None
        assert taken.content == one.content
        await runs.end(office.store, taken, RunOutcome(RunState.DONE, {"rows": 0}), "node-1")
    assert await office.world.value("SELECT count(*) FROM feed_content") == 0
    older = await read(office, as_of=one.as_of - dt.timedelta(seconds=1))
    assert await runs.hand_over(office.store, older, "reader-2") is None, "what was read before is not taken after"
    assert await runs.hand_over(office.store, await read(office), "reader-2") is not None


@pytest.mark.attack("a reader hands over by a definition that nobody approved")
async def test_what_was_read_otherwise_is_not_even_kept(office: FeedOffice) -> None:
    await office.ask()
    with pytest.raises(StoreError, match="not approved"):
        await runs.hand_over(office.store, await read(office), "reader")
    await office.approve()
    with pytest.raises(StoreError, match="not approved"):
        await runs.hand_over(office.store, await read(office, fingerprint=bytes(32)), "reader")
    await feeds.pause(office.wang, FEED)
    with pytest.raises(StoreError, match="not approved"):
        await runs.hand_over(office.store, await read(office), "reader")
    assert await office.world.value("SELECT count(*) FROM feed_content") == 0


async def test_what_waits_is_dropped_when_a_feed_is_paused_or_changed(office: FeedOffice) -> None:
    await office.started()
    run = await runs.hand_over(office.store, await read(office), "reader")
    assert run is not None
    await feeds.pause(office.wang, FEED)
    found = await feeds.came_of(office.wang, run)
    assert (found.state, feeds.result_of(found)) == ("refused", {"why": "dropped"})
    assert await office.world.value("SELECT count(*) FROM feed_content") == 0


async def test_the_same_failure_is_one_run_that_counts(office: FeedOffice) -> None:
    await office.started()
    fingerprint = (await office.feed()).fingerprint
    for text in ("it is away", "it is away", "it is away", "the password is wrong"):
        await runs.failed(office.store, FEED, fingerprint, {"why": "unreadable", "text": text}, "reader")
    found = await feeds.newest_runs(office.wang, FEED)
    assert [(one.state, one.times, json.loads(one.result or "")["text"]) for one in found] == [
        ("failed", 1, "the password is wrong"),
        ("failed", 3, "it is away"),
    ]


async def test_who_wants_a_run_now_needs_a_reader_and_a_started_feed(office: FeedOffice) -> None:
    with pytest.raises(NotThere, match="was never started"):
        await feeds.run(office.wang, FEED)
    await office.ask()
    with pytest.raises(InputError, match="feed appointments is not started"):
        await feeds.run(office.wang, FEED)
    with pytest.raises(ConfigError, match="no process reads feed appointments: start `agi-app exchange`"):
        await feeds.check(office.wang, FEED)
    await runs.looked(office.store, FEED, "host 1")
    number = await feeds.check(office.wang, FEED)
    assert [(one.run_id, one.what) for one in await runs.wanted(office.store, FEED)] == [(number, "check")]
    with pytest.raises(InputError, match="was asked for already"):
        await feeds.check(office.wang, FEED)
    await office.approve()
    assert await feeds.run(office.wang, FEED)


async def test_two_processes_never_read_one_feed_at_once(office: FeedOffice) -> None:
    first = await table.reader_lock(office.store, FEED)
    assert first is not None
    assert await table.reader_lock(office.store, FEED) is None
    other = await table.reader_lock(office.store, "others")
    assert other is not None
    await first.close()
    again = await table.reader_lock(office.store, FEED)
    assert again is not None
    for one in (again, other):
        await one.close()


async def test_runs_are_forgotten_when_they_are_old_but_for_the_newest(office: FeedOffice) -> None:
    await office.started()
    for day in (100, 95, 5):
        await office.store.execute(
            "INSERT INTO feed_run (feed, state, ended_at)"
            " VALUES (%(feed)s, 'done', now() - %(age)s * interval '1 day')",
            {"feed": FEED, "age": day},
        )
    await office.store.execute(
        "INSERT INTO feed_run (feed, state, read_at) VALUES ('appointments', 'waiting', now() - interval '2 days')"
    )
    await runs.expire(office.store)
    found = await feeds.newest_runs(office.wang, FEED)
    assert [one.state for one in found] == ["refused", "done"]
