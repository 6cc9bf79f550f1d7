"""Runs of a feed on a real database: from a folder to contacts, refused lists, old facts, and deaths in between."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from pathlib import Path
from unittest.mock import AsyncMock

import pytest

from agi_app.errors import InputError, StoreError
from agi_app.exchange.feed_reader import FeedReader
from agi_app.model.campaign import CampaignState
from agi_app.operations.calling import feeds, reports
from agi_app.operations.people import contact_changes, contacts
from agi_app.operations.project import project_files
from agi_app.store.calling.campaigns import set_state
from agi_app.store.calling.claims import Nobody
from agi_app.store.feeds import runs
from agi_app.store.feeds.runs import FeedRun, ReadFeed
from tests.store import one
from tests.store.feed_office import FEED, FeedOffice, result, row, running_office
from tests.store.world import World, campaign, number

pytestmark = pytest.mark.postgres
HOUR = dt.timedelta(hours=1)


@pytest.fixture
async def office(world: World, tmp_path: Path) -> FeedOffice:
    return await running_office(world, tmp_path)


async def claimed(office: FeedOffice, most: int = 50) -> int:
    return len((await office.world.claim(campaign(), most)).claims)


async def test_a_file_in_the_folder_becomes_contacts_that_are_called(office: FeedOffice) -> None:
    assert (await office.world.claim(campaign())).short is Nobody.BY_OLD_FACTS, "nothing was brought yet"
    run = await office.brings(row(1), row(2), row(3))
    assert (run.state, run.file) == ("done", "list.csv")
    assert {name: result(run)[name] for name in ("rows", "added", "cancelled")} == {
        "rows": 3,
        "added": 3,
        "cancelled": 0,
    }
    assert await office.states() == {"row-1": "pending", "row-2": "pending", "row-3": "pending"}
    assert await claimed(office) == 3
    out = office.folder / "out"
    assert sorted(p.name for p in (out / "done").iterdir()) == ["list.csv", "list.csv.result.json"]
    told = json.loads((out / "done" / "list.csv.result.json").read_text())
    assert (told["state"], told["added"], told["run"]) == ("done", 3, run.run_id)
    assert [p.name for p in out.iterdir() if p.is_file()] == []
    noted = await office.world.value("SELECT account || ' ' || name FROM import_file WHERE about = 'checkup'")
    assert noted == "feed appointments list.csv"
    assert await office.world.value("SELECT count(*) FROM consent") == 41, "a feed of contacts brings no consent"
    assert await office.world.value("SELECT count(*) FROM feed_content") == 0


async def test_who_is_missing_is_cancelled_and_comes_back(office: FeedOffice) -> None:
    await office.brings(*map(row, range(1, 21)))
    run = await office.brings(*map(row, range(3, 21)))
    assert (run.state, result(run)["cancelled"]) == ("done", 2)
    states = await office.states()
    assert (states["row-1"], states["row-2"], states["row-3"]) == ("cancelled", "cancelled", "pending")
    run = await office.brings(*map(row, range(2, 21)))
    assert (run.state, result(run)["updated"]) == ("done", 1)
    assert ((await office.states())["row-1"], (await office.states())["row-2"]) == ("cancelled", "pending")


@pytest.mark.attack("an empty or shrunken list cancels a campaign")
@pytest.mark.parametrize(
    ("rows", "why"),
    [((), "empty"), (tuple(map(row, range(1, 18))), "shrunk"), ((row(1), "x,y", *map(row, range(2, 18))), "shrunk")],
)
async def test_a_list_from_which_many_are_gone_cancels_nobody(
    office: FeedOffice, rows: tuple[str, ...], why: str
) -> None:
    await office.brings(*map(row, range(1, 21)))
    before = await office.feed()
    run = await office.brings(*rows, name="less.csv")
    assert (run.state, result(run)["why"]) == ("refused", why)
    assert set((await office.states()).values()) == {"pending"}
    assert (await office.feed()).fresh_until == before.fresh_until, "its facts are as old as before"
    refused = office.folder / "out" / "refused"
    assert json.loads((refused / "less.csv.result.json").read_text())["why"] == why
    told = await office.world.value("SELECT count(*) FROM feed_run WHERE state = 'refused'")
    assert told == 1


async def test_somebody_confirms_that_many_are_gone(office: FeedOffice) -> None:
    await office.brings(*map(row, range(1, 21)))
    run = await office.brings(row(1), row(2), name="less.csv")
    assert result(run)["text"].startswith("18 contacts of the 20 whom the feed has brought")
    assert "agi-app feed run appointments --yes" in result(run)["text"]
    reader = office.reader()
    await reader.once()
    number_of = await feeds.run(office.wang, FEED, confirmed=True)
    await reader.once()
    await office.runs().take_all()
    await reader.once()
    await reader.close()
    found = await feeds.came_of(office.wang, number_of)
    assert (found.state, found.file, result(found)["cancelled"]) == ("done", "less.csv", 18)
    assert (office.folder / "out" / "done" / "less.csv").exists()


@pytest.mark.attack("what somebody confirmed of one list cancels the contacts that another, broken one lacks")
async def test_a_confirmation_is_of_the_list_that_was_refused(office: FeedOffice) -> None:
    await office.brings(*map(row, range(1, 21)))
    with pytest.raises(InputError, match="there is nothing to confirm"):
        await feeds.run(office.wang, FEED, confirmed=True)
    run = await office.brings(*map(row, range(1, 18)), name="less.csv")
    assert (result(run)["why"], result(run)["missing"]) == ("shrunk", 3)
    office.put(row(1), row(2), name="broken.csv")
    run = await confirmed(office)
    assert (run.file, run.state, result(run)["missing"]) == ("broken.csv", "refused", 18), "3 were confirmed"
    office.put(name="empty.csv")
    run = await confirmed(office)
    assert (run.state, result(run)["why"], result(run)["missing"]) == ("refused", "empty", 20), "18 were confirmed"
    assert set((await office.states()).values()) == {"pending"}
    office.put(row(1), row(2), name="right.csv")
    run = await confirmed(office)
    assert (run.state, result(run)["cancelled"]) == ("done", 18), "fewer than the 20 that were confirmed"
    with pytest.raises(InputError, match="there is nothing to confirm"):
        await feeds.run(office.wang, FEED, confirmed=True)


async def confirmed(office: FeedOffice) -> FeedRun:
    """What came of a run that somebody confirmed, before any other looks at the folder."""
    number_of = await feeds.run(office.wang, FEED, confirmed=True)
    reader = office.reader()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(FeedReader, "_by_itself", AsyncMock())
        for _ in range(3):
            await reader.once()
    await office.runs().take_all()
    await reader.once()
    await reader.close()
    return await feeds.came_of(office.wang, number_of)


async def test_an_older_list_that_was_refused_is_not_confirmed_after_a_newer_one(office: FeedOffice) -> None:
    await office.brings(*map(row, range(1, 21)))
    await office.brings(row(1), name="less.csv")
    await office.brings(*map(row, range(1, 21)), name="right.csv")
    reader = office.reader()
    await reader.once()
    number_of = await feeds.run(office.wang, FEED)
    await reader.once()
    await reader.close()
    found = await feeds.came_of(office.wang, number_of)
    assert found.state == "failed", "it waits for no file of later"
    assert "less.csv is not imported: a newer one was read already" in result(found)["text"]


async def test_one_may_always_go_from_a_short_list(office: FeedOffice) -> None:
    await office.brings(row(1), row(2), row(3))
    run = await office.brings(row(1), row(2))
    assert (run.state, result(run)["cancelled"]) == ("done", 1)


async def test_a_whole_list_cancels_those_alone_that_the_feed_brought(office: FeedOffice, world: World) -> None:
    await office.store.execute("UPDATE feed SET state = 'ended'")
    await world.running(campaign(), [30], consenting=[])
    await office.store.execute("UPDATE feed SET state = 'started'")
    await office.brings(*map(row, range(1, 21)))
    await office.brings(*map(row, range(2, 21)))
    states = await office.states()
    assert (states["row-1"], states["row-30"]) == ("cancelled", "pending")


async def test_no_list_is_mixed_into_a_feeds_campaign(office: FeedOffice, tmp_path: Path) -> None:
    file = tmp_path / "more.csv"
    file.write_text(f"external_id,number\nrow-9,{number(9)}\n")
    wanted = contacts.campaign_of(project_files.read(office.folder), "checkup")
    with pytest.raises(InputError, match="come by feed appointments: enter them in the system that it reads"):
        await contacts.import_file(office.wang, wanted, file)
    assert await office.states() == {}


@pytest.mark.attack("a feed calls whom somebody has cancelled by hand")
async def test_whom_a_person_has_cancelled_no_feed_puts_back(office: FeedOffice) -> None:
    people = [row(n) for n in range(1, 21)]
    await office.brings(*people)
    await contact_changes.cancel(office.wang, "checkup", ["row-5"], "she called")
    await office.brings(*people, name="again.csv")
    await office.brings(*people, row(21), name="more.csv")
    assert (await office.states())["row-5"] == "cancelled"
    await office.brings(*people[1:], name="less.csv")
    await contact_changes.cancel(office.wang, "checkup", ["row-1"], "she called, too")
    await office.brings(*people, name="back.csv")
    assert (await office.states())["row-1"] == "cancelled", "also one that the feed had cancelled before"


async def test_a_status_cancels_and_puts_back(office: FeedOffice) -> None:
    header = "external_id,number,status"
    people = [row(n, "active") for n in range(1, 21)]
    await office.brings(*people, header=header)
    await office.brings(row(1, "cancelled"), *people[1:], header=header)
    assert (await office.states())["row-1"] == "cancelled"
    await office.brings(*people, header=header)
    assert (await office.states())["row-1"] == "pending"


@pytest.mark.attack("people are called on facts that are too old")
async def test_a_campaign_holds_when_its_facts_are_too_old_and_goes_on_by_itself(office: FeedOffice) -> None:
    await office.brings(row(1), row(2), row(3))
    (only,) = (await office.world.claim(campaign(), 1)).claims
    await office.later(HOUR - dt.timedelta(minutes=1))
    assert await claimed(office, 1) == 1
    await office.later(dt.timedelta(minutes=1))
    assert (await office.world.claim(campaign())).short is Nobody.BY_OLD_FACTS
    await office.store.execute("UPDATE feed SET fresh_until = now() - interval '1 s'")
    assert await one.mark(office.store, only, office.world.terms.node) is None, "also who was claimed before"
    view = await reports.figures(office.wang, "checkup")
    assert view.held_back[0].text.startswith("feed appointments had no good run for too long, so nobody is called")
    assert (await office.status()).is_late
    await office.brings(row(1), row(2), row(3), age=3)
    office.world.terms = type(office.world.terms)("node-1", dt.timedelta(minutes=5), 1000, dt.timedelta(0), "system")
    assert await claimed(office, 1) == 1
    assert not (await office.status()).is_late


async def test_columns_are_renamed_and_the_others_left_out(office: FeedOffice) -> None:
    office.write(
        more='[feeds.appointments.columns]\nexternal_id = "Appt No"\nnumber = "mobile"\ndoctor = "physician"\n'
    )
    await office.started()
    run = await office.brings(
        f"A1,{number(1)},Dr Wang,diabetes", header="appt no,mobile,physician,diagnosis", name="clinic.csv"
    )
    assert run.state == "done", run.result
    fields = await office.world.value("SELECT fields FROM contact WHERE external_id = 'A1'")
    assert fields == {"doctor": "Dr Wang"}, "nothing else of the other system is kept"
    run = await office.brings(f"A1,{number(1)}", header="appt no,mobile", name="lacks.csv")
    assert (run.state, result(run)["why"]) == ("refused", "unreadable")
    assert 'there is no column "physician", which is to be doctor' in result(run)["text"]


@pytest.mark.attack("a feed brings counted numbers in slices, over days, or as second numbers")
@pytest.mark.parametrize("how", ["at once", "in slices", "as second numbers", "under one id"])
async def test_counted_numbers_are_refused_however_they_come(office: FeedOffice, how: str) -> None:
    def counted(n: int) -> str:
        return f"+99986139{n:07d}"

    people = [row(n) for n in range(1, 21, 2)]
    last = None
    if how == "at once":
        last = await office.brings(*(f"c-{n},{counted(n)}" for n in range(22)))
    elif how == "as second numbers":
        listed = [f"c-{n},{number(n * 200)},{counted(n)}" for n in range(1, 23)]
        last = await office.brings(*listed, header="external_id,number,number_2")
    else:
        for n in range(1, 23):
            more = [
                f"c-{m if how == 'in slices' else 0},{counted(m)}" for m in (range(n) if how == "in slices" else [n])
            ]
            last = await office.brings(*people, *more, name=f"{n}.csv")
            if last.state == "refused":
                break
    assert last is not None
    assert (last.state, result(last)["why"]) == ("refused", "generated"), last.result
    assert "looks generated" in result(last)["text"]


@pytest.mark.attack("a mapping is changed, and the exchange reads by it before anybody has approved")
async def test_a_changed_definition_is_not_read_and_the_file_waits(office: FeedOffice) -> None:
    office.write(more='[feeds.appointments.columns]\nexternal_id = "id"\nnumber = "landline"\n')
    run = await office.brings(f"A1,{number(1)},{number(2)}", header="id,landline,mobile")
    assert (run.state, result(run)["why"]) == ("failed", "changed")
    assert "agi-app feed start appointments" in result(run)["text"]
    assert await office.states() == {}
    assert (office.folder / "out" / "list.csv").exists()
    await office.started()
    run = await office.pass_on()
    assert run.state == "done"
    assert await office.world.value("SELECT e164 FROM person JOIN contact USING (person_id)") == number(1)


@pytest.mark.attack("an exchange that was taken over hands over a list of its own making")
async def test_a_worker_compares_with_its_own_settings(office: FeedOffice) -> None:
    office.put(row(1))
    reader = office.reader()
    for _ in range(2):
        await reader.once()
    office.write(more='[feeds.appointments.columns]\nexternal_id = "id"\nnumber = "landline"\n')
    await office.runs().take_all()
    await reader.close()
    found = (await feeds.newest_runs(office.wang, FEED))[0]
    assert (found.state, result(found)["why"]) == ("refused", "changed")
    assert await office.states() == {}


async def test_a_check_says_what_a_run_would_do_and_stores_nothing(world: World, tmp_path: Path) -> None:
    office = await FeedOffice(world, tmp_path).open()
    office.put(row(1), row(2), "x,y", age=10)
    reader = office.reader()
    await reader.once()
    number_of = await feeds.check(office.wang, FEED)
    for _ in range(2):
        await reader.once()
    await office.runs().take_all()
    await reader.close()
    found = await feeds.came_of(office.wang, number_of)
    assert found.state == "done", found.result
    assert (result(found)["added"], result(found)["rejected"]) == (2, 1)
    assert await office.states() == {}
    assert await world.value("SELECT count(*) FROM campaign") == 0
    assert (office.folder / "out" / "list.csv").exists()
    assert (await office.feed()).fresh_until is None


@pytest.mark.attack("a check frees a campaign of its hold")
async def test_a_check_makes_no_facts_fresh(office: FeedOffice) -> None:
    await office.brings(row(1), row(2))
    await office.store.execute("UPDATE feed SET fresh_until = now() - interval '1 s'")
    before = await office.feed()
    office.put(row(1), row(2), name="newer.csv", age=3)
    reader = office.reader()
    await feeds.pause(office.wang, FEED)  # so that no run takes it
    for _ in range(2):
        await reader.once()
    number_of = await feeds.check(office.wang, FEED)
    await reader.once()
    await reader.once()
    await office.runs().take_all()
    await reader.close()
    assert (await feeds.came_of(office.wang, number_of)).state == "done"
    assert (await office.feed()).fresh_until == before.fresh_until
    assert (await office.world.claim(campaign())).short is Nobody.BY_OLD_FACTS


async def test_a_moved_appointment_is_never_called_on_old_facts(office: FeedOffice) -> None:
    header = "external_id,number,room"
    people = [row(n, "1") for n in range(1, 4)]
    await office.brings(*people, header=header)
    (only,) = (await office.world.claim(campaign(), 1)).claims
    await office.brings(*(one[:-1] + "2" for one in people), header=header)
    assert await one.mark(office.store, only, office.world.terms.node) is None


async def test_a_list_that_shrinks_in_small_steps_is_told(office: FeedOffice) -> None:
    people = [row(n) for n in range(1, 201, 2)]
    await office.brings(*people)
    told = [await office.brings(*people[: -5 * step], name=f"{step}.csv") for step in range(1, 4)]
    assert [run.state for run in told] == ["done"] * 3
    assert [bool(result(run).get("shrinking")) for run in told] == [False, False, True]
    assert "in 30 days 15 of 100 contacts were cancelled" in result(told[-1])["notes"][-1]


async def test_the_same_list_again_is_no_new_import_in_the_record(office: FeedOffice) -> None:
    await office.brings(row(1), row(2))
    run = await office.brings(row(1), row(2), name="again.csv")
    assert (run.state, result(run)["unchanged"]) == ("done", 2)
    assert await office.world.value("SELECT count(*) FROM import_file") == 1


async def test_an_ended_feed_holds_nothing_and_lists_come_again(office: FeedOffice, tmp_path: Path) -> None:
    await office.brings(row(1))
    await feeds.end(office.wang, FEED)
    await set_state(office.store, "checkup", CampaignState.RUNNING, None, await office.world.now())
    await office.later(10 * HOUR)
    assert await claimed(office) == 1
    file = tmp_path / "more.csv"
    file.write_text(f"external_id,number\nrow-9,{number(9)}\n")
    wanted = contacts.campaign_of(project_files.read(office.folder), "checkup")
    assert (await contacts.import_file(office.wang, wanted, file)).added == 1


@pytest.mark.attack("a feed brings more people in a day than anybody approved")
async def test_more_than_the_days_number_waits_for_a_second_person(office: FeedOffice) -> None:
    """The number is 50; whom the campaign's start covered does not use it up, and others do not lift it."""
    await office.store.execute("UPDATE campaign SET most_contacts = 500 WHERE name = 'checkup'")
    people = [row(n) for n in range(1, 61)]
    await office.brings(*people[:30])
    assert await office.world.value("SELECT count(*) FROM contact WHERE unapproved") == 0
    await office.brings(*people, name="more.csv")
    held = await office.world.value("SELECT array_agg(external_id ORDER BY external_id) FROM contact WHERE unapproved")
    assert held == [f"row-{n}" for n in range(51, 61)]
    called = (await office.world.claim(campaign(), 100)).claims
    assert len(called) == 41, "all who consented, but none of those who wait"
    await office.brings(*people, row(61), name="again.csv")
    assert await office.world.value("SELECT count(*) FROM contact WHERE unapproved") == 11, (
        "each day has its number once"
    )
    await office.store.execute("UPDATE feed_room SET day = day - 1")
    await office.brings(*people, row(61), row(62), name="next.csv")
    waits = await office.world.value("SELECT unapproved FROM contact WHERE external_id = 'row-62'")
    assert waits is False, "the next day has its own"
    other = ",".join(("row-1", number(500)))
    await office.store.execute("UPDATE feed_room SET let_in = 50")
    await office.brings(other, *people[1:], row(61), row(62), name="exchanged.csv")
    assert await office.world.value("SELECT unapproved FROM contact WHERE external_id = 'row-1'") is True, (
        "somebody else"
    )


@pytest.mark.attack("an exchange that was taken over hands over a time that is still to come")
async def test_nothing_of_the_future_is_taken(office: FeedOffice) -> None:
    fingerprint = (await office.feed()).fingerprint or b""
    for as_of in (office.clock.now() + dt.timedelta(minutes=6), "infinity"):
        read = ReadFeed(FEED, uuid.uuid4(), fingerprint, as_of, b"x")  # type: ignore[arg-type]
        with pytest.raises(StoreError, match="clock of who reads is ahead"):
            await runs.hand_over(office.store, read, "exchange")
    now = office.clock.now()
    for timeless, source_at in (("-infinity", None), (None, None), (now, "infinity"), (now, "-infinity")):
        read = ReadFeed(FEED, uuid.uuid4(), fingerprint, timeless, b"x", source_at=source_at)  # type: ignore[arg-type]
        with pytest.raises(StoreError, match="no time, or one that cannot be"):
            await runs.hand_over(office.store, read, "exchange")
    assert (await office.brings(row(1))).state == "done"


async def test_what_is_no_longer_approved_is_not_imported(office: FeedOffice) -> None:
    for statement in ("UPDATE feed SET fingerprint = '\\x00'", "UPDATE feed SET state = 'paused'"):
        office.put(row(1), name="late.csv")
        reader = office.reader()
        for _ in range(3):
            await reader.once()
        await office.store.execute(statement)
        await office.runs().take_all()
        await reader.close()
        run = (await feeds.newest_runs(office.wang, FEED))[0]
        assert (run.state, result(run)["why"]) == ("refused", "changed")
        as_before = (
            "UPDATE feed SET state = 'started', fingerprint = (SELECT r.fingerprint FROM feed_request r LIMIT 1)"
        )
        await office.store.execute(as_before)
    assert await office.states() == {}
